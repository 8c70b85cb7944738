#include "services/platform/http/http_router.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"

namespace trama::platform {

HttpHandler SyncHandler(std::function<HttpResponse(const HttpRequest&)> answer) {
  return [answer = std::move(answer)](HttpRequest request) -> Awaitable<HttpResponse> {
    co_return answer(request);
  };
}

void HttpRouter::Exact(std::string_view method, std::string_view path, HttpHandler handler,
                       HttpRouteLimits limits) {
  TRAMA_CHECK(!path.empty() && path.front() == '/');
  HttpRoute route{std::string(method), std::string(path), limits, std::move(handler)};
  const bool added = exact_[route.path].emplace(route.method, route).second;
  TRAMA_CHECK(added);
}

void HttpRouter::Prefix(std::string_view method, std::string_view path, HttpHandler handler,
                        HttpRouteLimits limits) {
  TRAMA_CHECK(!path.empty() && path.front() == '/' && path.back() == '/');
  HttpRoute route{std::string(method), std::string(path), limits, std::move(handler)};
  const bool added = prefixes_[route.path].emplace(route.method, route).second;
  TRAMA_CHECK(added);
}

HttpRouter::Match HttpRouter::FindMethod(const Methods& methods, std::string_view method) {
  auto found = methods.find(method);
  if (found == methods.end() && method == "HEAD") found = methods.find("GET");
  if (found != methods.end()) return {.route = &found->second, .allow = {}};
  Match match;
  for (const auto& [allowed, route] : methods) {
    absl::StrAppend(&match.allow, match.allow.empty() ? "" : ", ", allowed);
    if (allowed == "GET" && methods.count("HEAD") == 0) absl::StrAppend(&match.allow, ", HEAD");
  }
  return match;
}

HttpRouter::Match HttpRouter::Find(std::string_view method, std::string_view path) const {
  const auto exact = exact_.find(path);
  if (exact != exact_.end()) return FindMethod(exact->second, method);
  // Every prefix ends with '/', so only the path's own slashes can end one; longest first.
  for (size_t slash = path.rfind('/'); slash != std::string_view::npos;) {
    const auto prefix = prefixes_.find(path.substr(0, slash + 1));
    if (prefix != prefixes_.end()) return FindMethod(prefix->second, method);
    if (slash == 0) break;
    slash = path.rfind('/', slash - 1);
  }
  return {};
}

}  // namespace trama::platform
