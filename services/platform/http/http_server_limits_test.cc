#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/http/testing/header_in_reads.h"
#include "services/platform/http/testing/server_fixture.h"

// What the server says to requests that are malformed, too large, too slow or too many.
namespace trama::platform {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HttpServerLimitsTest : public ServerFixture {
 protected:
  int StatusOf(std::string_view request) {
    const std::string answer = Exchange(request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 ")) << request.substr(0, 200);
    return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
  }
  bool Lives() { return StatusOf("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n") == 200; }
};

TEST_F(HttpServerLimitsTest, MalformedRequestsAre400) {
  Start();
  for (const char* request : {
           "nonsense\r\n\r\n",
           "GET\r\n\r\n",
           "GET /hello\r\n\r\n",
           "GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET /hello HTTP/9.9\r\nHost: a\r\n\r\n",
           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           "GET /hello HTTP/1.1\r\n\r\n",                        // No Host.
           "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",  // Two.
           "GET hello HTTP/1.1\r\nHost: a\r\n\r\n",              // No slash.
           "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
           "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n",  // Space before the colon.
           "GET /hello HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
           "GET /hel\x01lo HTTP/1.1\r\nHost: a\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nxx",
           "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
           "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls hello",
       }) {
    EXPECT_EQ(StatusOf(request), 400) << request;
  }
  EXPECT_TRUE(Lives());
}

// Both forms of framing in one request are how a second one is smuggled past a proxy.
TEST_F(HttpServerLimitsTest, AmbiguousFramingIsRefused) {
  Start();
  EXPECT_EQ(StatusOf("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            400);
  EXPECT_EQ(StatusOf("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                     "Content-Length: 5\r\n\r\n0\r\n\r\n"),
            400);
  EXPECT_EQ(StatusOf("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            400);
  EXPECT_EQ(StatusOf("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                     "Content-Length: 2\r\n\r\nab"),
            400);
  for (const char* coding : {"gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked"}) {
    EXPECT_EQ(StatusOf(absl::StrCat("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ", coding,
                                    "\r\n\r\n0\r\n\r\n")),
              501)
        << coding;
  }
}

TEST_F(HttpServerLimitsTest, BadChunksAre400) {
  Start();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* body :
       {"x\r\n", "\r\n\r\n", "-1\r\nab\r\n", "3\r\nabcdef\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFFFF\r\nab",
        "2;=\r\nab\r\n0\r\n\r\n", "2\r\nab\r\n0\r\nbad trailer\r\n\r\n",
        "2\r\nab\r\n0\r\nContent-Length: 5\r\n\r\n"}) {
    EXPECT_EQ(StatusOf(head + body), 400) << body;
  }
  EXPECT_TRUE(Lives());
}

TEST_F(HttpServerLimitsTest, ABodyWithoutALengthIs411) {
  Start();
  EXPECT_EQ(StatusOf("POST /echo HTTP/1.1\r\nHost: a\r\n\r\nbody"), 411);
}

TEST_F(HttpServerLimitsTest, UnknownExpectationsAre417) {
  Start();
  EXPECT_EQ(StatusOf("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 200-ok\r\n"
                     "\r\nx"),
            417);
}

TEST_F(HttpServerLimitsTest, OversizedTargetsAre414) {
  Start({.target_bytes_max = 100, .header_bytes_max = 1000});
  const auto with_target = [](size_t bytes) {
    return absl::StrCat("GET /", std::string(bytes - 1, 'x'), " HTTP/1.1\r\nHost: a\r\n\r\n");
  };
  EXPECT_EQ(StatusOf(with_target(100)), 404);
  EXPECT_EQ(StatusOf(with_target(101)), 414);
  EXPECT_EQ(StatusOf(with_target(50'000)), 414);
}

TEST_F(HttpServerLimitsTest, OversizedHeadersAre431) {
  Start({.target_bytes_max = 100, .header_bytes_max = 1000});
  EXPECT_EQ(StatusOf(absl::StrCat("GET /hello HTTP/1.1\r\nHost: a\r\nX: ", std::string(1000, 'x'),
                                  "\r\n\r\n")),
            431);
  std::string endless = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 10'000; ++i) absl::StrAppend(&endless, "X-", i, ": y\r\n");
  EXPECT_EQ(StatusOf(endless), 431);
}

TEST_F(HttpServerLimitsTest, AHeaderThatComesInSmallPiecesHasTheSameLimit) {
  Start({.target_bytes_max = 100, .header_bytes_max = kReadBytesMax + 1000});
  for (size_t reads = 2; reads < 6; ++reads) {
    EXPECT_EQ(StatusOf(HeaderInReads("GET /hello HTTP/1.1\r\nHost: a\r\n", reads)), 431) << reads;
  }
}

TEST_F(HttpServerLimitsTest, TooManyHeaderFieldsAre431) {
  Start();
  std::string request = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 300; ++i) absl::StrAppend(&request, "X: y\r\n");
  EXPECT_EQ(StatusOf(request + "\r\n"), 431);
}

TEST_F(HttpServerLimitsTest, OversizedChunkHeadersAndTrailersAre431) {
  Start({.header_bytes_max = 1000});
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(StatusOf(head + "2;" + std::string(50'000, 'x')), 431);
  EXPECT_EQ(StatusOf(head + "0\r\nX: " + std::string(50'000, 'x')), 431);
}

TEST_F(HttpServerLimitsTest, OversizedBodiesAre413) {
  Start({.body_bytes_max = 20});
  EXPECT_EQ(StatusOf("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789"),
            200);
  EXPECT_EQ(StatusOf("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890"),
            413);
  EXPECT_EQ(StatusOf("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890"),
            200);
  EXPECT_EQ(StatusOf("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n"),
            413);
}

// The client is still sending: the answer must reach it nevertheless.
TEST_F(HttpServerLimitsTest, ARefusalArrivesAlthoughTheClientGoesOnSending) {
  Start();
  TestSocket socket = Connect();
  socket.Send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
  socket.Send(std::string(200'000, 'x'));
  EXPECT_THAT(socket.ReadMessage(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerLimitsTest, ASlowHeaderIs408) {
  Start({.header_timeout = absl::Milliseconds(100)});
  TestSocket socket = Connect();
  socket.Send("GET /hello HTTP/1.1\r\nHos");
  EXPECT_THAT(socket.ReadAll(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerLimitsTest, ASlowBodyIs408) {
  Start({.body_timeout = absl::Milliseconds(100)});
  TestSocket socket = Connect();
  socket.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_THAT(socket.ReadAll(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerLimitsTest, AnIdleConnectionIsClosedWithoutAWord) {
  Start({.idle_timeout = absl::Milliseconds(100)});
  TestSocket socket = Connect();
  EXPECT_EQ(socket.ReadAll(), "");
}

TEST_F(HttpServerLimitsTest, TruncatedRequestsEndSilently) {
  Start();
  const std::string request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
  for (size_t bytes = 0; bytes < request.size(); ++bytes) {
    EXPECT_EQ(Exchange(std::string_view(request).substr(0, bytes)), "") << bytes;
  }
  EXPECT_TRUE(Lives());
}

TEST_F(HttpServerLimitsTest, RandomBytesNeverEndTheServer) {
  Start();
  std::mt19937 random(20240501);
  const std::string valid =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\nTrailer: x\r\n\r\n";
  for (int round = 0; round < 500; ++round) {
    std::string bytes = valid;
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
      const size_t at = random() % bytes.size();
      if (random() % 3 == 0) {
        bytes.erase(at, 1 + random() % 8);
      } else {
        bytes[at] = static_cast<char>(random() % 256);
      }
    }
    Exchange(bytes);
  }
  EXPECT_TRUE(Lives());
}

TEST_F(HttpServerLimitsTest, KeepAliveEndsAfterTheConfiguredRequests) {
  Start({.keep_alive_requests_max = 2});
  TestSocket socket = Connect();
  for (int i = 0; i < 3; ++i) socket.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(socket.ReadMessage(), HasSubstr("Connection: keep-alive"));
  EXPECT_THAT(socket.ReadMessage(), HasSubstr("Connection: close"));
  EXPECT_EQ(socket.ReadAll(), "");
}

TEST_F(HttpServerLimitsTest, TooManyConnectionsAre503WithRetryAfter) {
  Start({.connections_max = 1});
  TestSocket first = Connect();
  first.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  WaitForSlow(1);
  const std::string answer = Exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: "));
  Release();
  EXPECT_THAT(first.ReadMessage(), EndsWith("at last"));
}

TEST_F(HttpServerLimitsTest, TooManyRequestsInFlightAre503WithRetryAfter) {
  Start({.requests_in_flight_max = 1});
  TestSocket first = Connect();
  first.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  WaitForSlow(1);
  const std::string answer = Exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: "));
  Release();
  EXPECT_THAT(first.ReadMessage(), EndsWith("at last"));
  EXPECT_TRUE(Lives());
}

TEST_F(HttpServerLimitsTest, AHandlerThatTakesTooLongIs503) {
  Start({.handler_timeout = absl::Milliseconds(100)});
  const std::string answer = Exchange("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: "));
}

TEST_F(HttpServerLimitsTest, WhatALateHandlerSaysNobodyHears) {
  Start({.handler_timeout = absl::Hours(1)});
  TestSocket client = Connect();
  client.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.ReadMessage(), EndsWith("hello"));
  // The same connection, whose last request had an hour.
  client.Send("GET /hasty HTTP/1.1\r\nHost: a\r\n\r\n");
  WaitForSlow(1);
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  Release();
  EXPECT_TRUE(server_->Drain(absl::Seconds(20)));  // The handler has ended, and its connection.
  EXPECT_EQ(WaitForSeen(2).size(), 2u);
}

TEST_F(HttpServerLimitsTest, AClientThatDoesNotReadItsAnswerIsCut) {
  // More than the buffers of the sockets take.
  constexpr size_t kBytes = 48 << 20;
  Start({.body_bytes_max = kBytes, .write_timeout = absl::Milliseconds(200)});
  TestSocket lazy = Connect();
  ASSERT_TRUE(lazy.Send(
      absl::StrCat("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ", kBytes, "\r\n\r\n")));
  ASSERT_TRUE(lazy.Send(std::string(kBytes, 'x')));
  WaitForSeen(1);
  EXPECT_LT(lazy.ReadAll().size(), kBytes);
  EXPECT_TRUE(Lives());
}

}  // namespace
}  // namespace trama::platform
