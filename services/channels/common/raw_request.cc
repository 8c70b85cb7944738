#include "services/channels/common/raw_request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::channels {

namespace {

bool IsSecret(const std::string& name) {
  constexpr std::string_view kSignature = "signature";
  return absl::EqualsIgnoreCase(name, "Authorization") || absl::EqualsIgnoreCase(name, "Cookie") ||
         std::search(name.begin(), name.end(), kSignature.begin(), kSignature.end(),
                     [](unsigned char a, char b) { return absl::ascii_tolower(a) == b; }) !=
             name.end();
}

}  // namespace

std::string RawRequest(const platform::HttpRequest& request) {
  return RawRequest(request, request.body);
}

std::string RawRequest(const platform::HttpRequest& request, std::string_view body) {
  constexpr size_t kFramingBytes = 4;  // ": " and "\r\n"
  constexpr size_t kLineBytes = 16;    // What of the first line is neither method nor target.
  size_t bytes = request.method.size() + request.target.size() + kLineBytes + body.size();
  for (const auto& [name, value] : request.headers.fields()) {
    bytes += name.size() + value.size() + kFramingBytes;
  }
  std::string raw;
  raw.reserve(bytes);
  absl::StrAppend(&raw, request.method, " ", request.target, " HTTP/1.1\r\n");
  for (const auto& [name, value] : request.headers.fields()) {
    if (IsSecret(name)) continue;
    for (const std::string_view part : {std::string_view(name), std::string_view(": "),
                                        std::string_view(value), std::string_view("\r\n")}) {
      raw.append(part);
    }
  }
  raw.append("\r\n");
  raw.append(body);
  return raw;
}

Unreadable UnreadableRequest(const std::string& channel, const std::string& workspace,
                             const std::string& account, const platform::HttpRequest& request,
                             std::string reason) {
  Unreadable unreadable;
  unreadable.door = absl::StrCat("webhook:", channel, ":", workspace, "/", account);
  unreadable.id = HexSha256(absl::StrCat(request.target, "\n", request.body));
  unreadable.workspace = workspace;
  unreadable.content_type = "message/http";
  unreadable.body = RawRequest(request);
  unreadable.reason = std::move(reason);
  return unreadable;
}

}  // namespace trama::channels
