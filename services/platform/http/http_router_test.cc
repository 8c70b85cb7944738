#include "services/platform/http/http_router.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

HttpHandler AnyHandler() {
  return SyncHandler([](const HttpRequest&) { return HttpResponse::Empty(204); });
}

HttpRouter ExampleRouter() {
  HttpRouter router;
  router.Exact("GET", "/livez", AnyHandler());
  router.Exact("POST", "/sms/special", AnyHandler());
  router.Prefix("POST", "/sms/", AnyHandler());
  router.Prefix("POST", "/sms/status/", AnyHandler());
  router.Prefix("PUT", "/sms/status/", AnyHandler());
  return router;
}

std::string RouteOf(const HttpRouter& router, const char* method, const char* path) {
  const HttpRouter::Match match = router.Find(method, path);
  return match.route == nullptr ? "allow:" + match.allow : match.route->path;
}

TEST(HttpRouter, ExactPathsGoBeforePrefixesAndLongPrefixesBeforeShort) {
  const HttpRouter router = ExampleRouter();
  EXPECT_EQ(RouteOf(router, "POST", "/sms/special"), "/sms/special");
  EXPECT_EQ(RouteOf(router, "POST", "/sms/demo/1"), "/sms/");
  EXPECT_EQ(RouteOf(router, "POST", "/sms/"), "/sms/");
  EXPECT_EQ(RouteOf(router, "POST", "/sms/status/9"), "/sms/status/");
}

TEST(HttpRouter, UnknownPathsHaveNoRoute) {
  const HttpRouter router = ExampleRouter();
  for (const char* path : {"/", "/sms", "/smsx", "/livez/", "*", "", "/x/sms/"}) {
    EXPECT_EQ(RouteOf(router, "POST", path), "allow:") << path;
  }
}

TEST(HttpRouter, AWrongMethodNamesTheRightOnes) {
  const HttpRouter router = ExampleRouter();
  EXPECT_EQ(RouteOf(router, "POST", "/livez"), "allow:GET, HEAD");
  EXPECT_EQ(RouteOf(router, "GET", "/sms/status/1"), "allow:POST, PUT");
}

TEST(HttpRouter, GetAnswersHead) {
  EXPECT_EQ(RouteOf(ExampleRouter(), "HEAD", "/livez"), "/livez");
}

}  // namespace
}  // namespace trama::platform
