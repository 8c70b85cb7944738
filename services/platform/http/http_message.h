#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace trama::platform {

// Header fields in their order, with repeats; names compare without case.
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;

  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<Field> fields) : fields_(fields) {}

  // The first value of that name; empty when there is none.
  std::string_view Get(std::string_view name) const;
  std::optional<std::string_view> Find(std::string_view name) const;
  std::vector<std::string_view> GetAll(std::string_view name) const;
  size_t Count(std::string_view name) const;
  bool Has(std::string_view name) const { return Find(name).has_value(); }

  void Add(std::string_view name, std::string_view value);
  // Replaces every field of that name.
  void Set(std::string_view name, std::string_view value);
  void Remove(std::string_view name);

  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// A request as a server's handler gets it.
struct HttpRequest {
  std::string method;  // As sent: "GET", "POST", ...
  std::string target;  // As sent, for signatures over the URL: "/sms/in?x=%20".
  std::string path;    // Part of the target before '?', not decoded: "/sms/in".
  std::string query;   // Part after the first '?', not decoded: "x=%20".
  HttpHeaders headers;
  std::string body;  // The bytes as sent, only the chunked framing removed.

  std::string peer;  // The caller's IP address; behind a proxy that of the proxy.
  // When the answer is due; afterwards the server answers 503 on its own.
  absl::Time deadline;
  // Caller's X-Request-Id if it is harmless (at most 64 of [A-Za-z0-9._-]), else made here.
  std::string request_id;
  // The caller's W3C traceparent if it is well formed, else the root of a new trace.
  std::string traceparent;
};

// An answer: from a handler to be sent, or from a server as received. Content-Length, Date,
// Connection and X-Request-Id are added when it is sent.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;

  static HttpResponse Empty(int status);
  static HttpResponse Text(int status, std::string_view text);
  static HttpResponse Json(int status, std::string json);
  static HttpResponse Xml(int status, std::string xml);
};

// "Not Found" for 404; "Unknown" for numbers without a standard phrase.
std::string_view HttpStatusPhrase(int status);

// True if name and value can stand in a header: no line break or NUL can smuggle in a second one.
bool IsValidHeaderField(std::string_view name, std::string_view value);

// Value of a Retry-After header (seconds or an HTTP date) as a wait from `now`; none when absent or
// not understood. Never negative, at most a day.
std::optional<absl::Duration> RetryAfter(const HttpHeaders& headers, absl::Time now);

}  // namespace trama::platform
