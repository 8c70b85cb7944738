#include "services/channels/common/raw_request.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::channels {

namespace {

bool IsSecret(const std::string& name) {
  return absl::EqualsIgnoreCase(name, "Authorization") || absl::EqualsIgnoreCase(name, "Cookie") ||
         absl::StrContains(absl::AsciiStrToLower(name), "signature");
}

}  // namespace

std::string RawRequest(const platform::HttpRequest& request) {
  return RawRequest(request, request.body);
}

std::string RawRequest(const platform::HttpRequest& request, std::string_view body) {
  std::string raw = absl::StrCat(request.method, " ", request.target, " HTTP/1.1\r\n");
  for (const auto& [name, value] : request.headers.fields()) {
    if (!IsSecret(name)) absl::StrAppend(&raw, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&raw, "\r\n", ToAbsl(body));
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
