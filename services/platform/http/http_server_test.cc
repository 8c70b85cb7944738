#include "services/platform/http/http_server.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/http/testing/server_fixture.h"

namespace trama::platform {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class HttpServerTest : public ServerFixture {};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  Start();
  TestSocket socket = Connect();
  for (int i = 0; i < 3; ++i) {
    socket.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = socket.ReadMessage();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: keep-alive\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nhello"));
  }
}

TEST_F(HttpServerTest, HandlersGetTheRequestAsItWasSent) {
  Start();
  const std::string answer = Exchange(
      "POST /echo?a=%20b&c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
      "X-Request-Id: abc-1\r\n"
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\nx\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\nX-Target: /echo?a=%20b&c\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Path: /echo\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Query: a=%20b&c\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Peer: 127.0.0.1\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Request-Id: abc-1\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Trace: 00-0af7651916cd43dd8448eb211c80319c-"
                                "b7ad6b7169203331-01\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nx\r\n"));
}

TEST_F(HttpServerTest, HarmfulRequestIdsAndTracesAreReplaced) {
  Start();
  const std::string answer = Exchange(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
      "X-Request-Id: <script>\r\ntraceparent: nonsense\r\n\r\n");
  EXPECT_THAT(answer, Not(HasSubstr("<script>")));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Request-Id: "));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Trace: 00-"));
}

TEST_F(HttpServerTest, AbsoluteTargetsOfProxiesAreUnderstood) {
  Start();
  const std::string answer =
      Exchange("POST http://a:80/echo?q HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\nX-Path: /echo\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Target: http://a:80/echo?q\r\n"));
}

TEST_F(HttpServerTest, ChunkedBodiesArriveWhole) {
  Start();
  const std::string answer = Exchange(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;ext=1\r\nWiki\r\n5\r\npedia\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nWikipedia"));
}

TEST_F(HttpServerTest, ATrailerIsNoHeader) {
  Start();
  const std::string answer = Exchange(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\nWiki\r\n0\r\nX-Request-Id: late\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, Not(HasSubstr("X-Request-Id: late")));
}

TEST_F(HttpServerTest, ARequestMayArriveByteByByte) {
  Start();
  TestSocket socket = Connect();
  const std::string request =
      "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (const char byte : request) ASSERT_TRUE(socket.Send(std::string_view(&byte, 1)));
  EXPECT_THAT(socket.ReadMessage(), EndsWith("\r\n\r\nabcde"));
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  Start();
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&requests, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ",
                    absl::StrCat("n", i).size(), "\r\n\r\nn", i);
  }
  TestSocket socket = Connect();
  socket.Send(requests);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(socket.ReadMessage(), EndsWith(absl::StrCat("\r\n\r\nn", i)));
  }
}

TEST_F(HttpServerTest, HeadGetsTheHeaderOnly) {
  Start();
  const std::string answer = Exchange("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, Http10ClosesUnlessAskedNotTo) {
  Start();
  const std::string once = Exchange("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_THAT(once, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(once, EndsWith("hello"));
  const std::string kept = Exchange("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(kept, HasSubstr("\r\nConnection: keep-alive\r\n"));
}

TEST_F(HttpServerTest, ConnectionCloseIsHonoured) {
  Start();
  TestSocket socket = Connect();
  socket.Send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(socket.ReadAll(), HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(HttpServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  Start();
  TestSocket socket = Connect();
  socket.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(socket.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.Send("body");
  EXPECT_THAT(socket.ReadMessage(), EndsWith("\r\n\r\nbody"));
}

TEST_F(HttpServerTest, UnknownPathsAndMethods) {
  Start();
  EXPECT_THAT(Exchange("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  const std::string answer = Exchange("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST_F(HttpServerTest, ABodyThatNobodyReadsIsNotTakenForTheNextRequest) {
  Start();
  const std::string answers = Exchange(
      "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n....");
  EXPECT_THAT(answers, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answers, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answers, Not(HasSubstr("hello")));
}

TEST_F(HttpServerTest, AHandlerThatThrowsIs500AndTheServerLives) {
  Start();
  EXPECT_THAT(Exchange("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(Exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, AHandlersHeaderWithALineBreakIs500) {
  Start();
  const std::string answer = Exchange("GET /bad-header HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
}

TEST_F(HttpServerTest, EveryAnswerIsObservedWithBoundedLabels) {
  Start();
  Exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  Exchange("BREW /pot/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  Exchange("nonsense\r\n\r\n");
  const std::vector<Seen> seen = WaitForSeen(3);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(absl::StrCat(seen[0].method, " ", seen[0].route, " ", seen[0].status),
            "GET /hello 200");
  EXPECT_EQ(absl::StrCat(seen[1].method, " ", seen[1].route, " ", seen[1].status),
            "OTHER (none) 404");
  EXPECT_EQ(absl::StrCat(seen[2].method, " ", seen[2].route, " ", seen[2].status),
            "OTHER (none) 400");
}

TEST_F(HttpServerTest, UnusableOptionsAreNamed) {
  const auto start = [this](HttpServerOptions options) {
    return HttpServer::Start(io_.context(), std::move(options), HttpRouter()).status();
  };
  EXPECT_EQ(start({.listen = "nonsense"}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(start({.connections_max = 0}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(start({.idle_timeout = absl::InfiniteDuration()}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(start({.tls = TlsServerOptions{"/nowhere.pem", "/nowhere.key", ""}}).code(),
            absl::StatusCode::kInvalidArgument);
  Start();
  EXPECT_EQ(start({.listen = absl::StrCat("127.0.0.1:", server_->port())}).code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace trama::platform
