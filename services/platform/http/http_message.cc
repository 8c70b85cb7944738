#include "services/platform/http/http_message.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "boost/beast/http/status.hpp"
#include "services/kernel/moment.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr size_t kHeadersUsual = 8;
constexpr absl::Duration kRetryAfterMax = absl::Hours(24);

bool SameName(std::string_view a, std::string_view b) {
  // Mostly both are written alike, which is told at once.
  return a == b || (a.size() == b.size() && absl::EqualsIgnoreCase(ToAbsl(a), ToAbsl(b)));
}

bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

HttpResponse WithBody(int status, std::string_view type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.Set("Content-Type", type);
  response.body = std::move(body);
  return response;
}

}  // namespace

std::optional<std::string_view> HttpHeaders::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (SameName(field.first, name)) return field.second;
  }
  return std::nullopt;
}

std::string_view HttpHeaders::Get(std::string_view name) const {
  return Find(name).value_or(std::string_view());
}

std::vector<std::string_view> HttpHeaders::GetAll(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : fields_) {
    if (SameName(field.first, name)) values.push_back(field.second);
  }
  return values;
}

size_t HttpHeaders::Count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(fields_.begin(), fields_.end(), [&](const Field& field) {
    return SameName(field.first, name);
  }));
}

void HttpHeaders::Add(std::string_view name, std::string_view value) {
  // Requests and answers have several: one allocation instead of four.
  if (fields_.capacity() == 0) fields_.reserve(kHeadersUsual);
  fields_.emplace_back(name, value);
}

void HttpHeaders::Set(std::string_view name, std::string_view value) {
  Field field(name, value);  // First: `value` may be a view of a field that goes.
  Remove(name);
  fields_.push_back(std::move(field));
}

void HttpHeaders::Remove(std::string_view name) {
  const std::string wanted(name);
  std::erase_if(fields_, [&](const Field& field) { return SameName(field.first, wanted); });
}

HttpResponse HttpResponse::Empty(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

HttpResponse HttpResponse::Text(int status, std::string_view text) {
  return WithBody(status, "text/plain; charset=utf-8", std::string(text));
}

HttpResponse HttpResponse::Json(int status, std::string json) {
  return WithBody(status, "application/json", std::move(json));
}

HttpResponse HttpResponse::Xml(int status, std::string xml) {
  return WithBody(status, "text/xml; charset=utf-8", std::move(xml));
}

std::string_view HttpStatusPhrase(int status) {
  namespace http = boost::beast::http;
  const http::status known = http::int_to_status(static_cast<unsigned>(status));
  if (known == http::status::unknown) return "Unknown";
  const auto phrase = http::obsolete_reason(known);
  return {phrase.data(), phrase.size()};
}

bool IsValidHeaderField(std::string_view name, std::string_view value) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsTokenChar) &&
         std::all_of(value.begin(), value.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return c == '\t' || (byte >= 0x20 && byte != 0x7f);
         });
}

std::optional<absl::Duration> RetryAfter(const HttpHeaders& headers, absl::Time now) {
  const std::string_view value = headers.Get("Retry-After");
  const auto bounded = [](absl::Duration wait) {
    return std::clamp(wait, absl::ZeroDuration(), kRetryAfterMax);
  };
  const bool digits = !value.empty() && value.find_first_not_of("0123456789") == value.npos;
  if (digits) {
    int64_t seconds = 0;
    // Digits that do not fit are a wait beyond every limit.
    const bool fits = absl::SimpleAtoi(ToAbsl(value), &seconds);
    return fits ? bounded(absl::Seconds(seconds)) : kRetryAfterMax;
  }
  absl::Time at;
  if (!ParseMoment("%a, %d %b %Y %H:%M:%S GMT", value, &at)) return std::nullopt;
  return bounded(at - now);
}

}  // namespace trama::platform
