#include "services/platform/http/http_client.h"

#include <atomic>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/http/testing/client_fixture.h"
#include "services/platform/http/testing/header_in_reads.h"
#include "services/platform/net/testing/scripted_peer.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpClientTest : public ClientFixture {};

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(HttpClientTest, SendsAndReceives) {
  Start();
  Make();
  HttpClientRequest request = Request("POST", server_->port(), "/echo", "body");
  request.url.query = "a=b";
  request.headers.Add("X-Request-Id", "r-1");
  const HttpOutcome outcome = client_->SendBlocking(request);
  ASSERT_EQ(Named(outcome), "response 200") << outcome.error;
  EXPECT_EQ(outcome.response.body, "body");
  EXPECT_EQ(outcome.response.headers.Get("x-target"), "/echo?a=b");
  EXPECT_EQ(outcome.response.headers.Get("x-request-id"), "r-1");
}

TEST_F(HttpClientTest, ReadsEveryKindOfAnswer) {
  std::vector<std::string> answers = {
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc",
      "HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
      "HTTP/1.0 201 C\r\n\r\nabc",
  };
  ScriptedPeer peer([&](TestSocket& socket, int round) {
    socket.ReadUntil("\r\n\r\n");
    socket.Send(answers[static_cast<size_t>(round)]);
  });
  Make({.post_reuse_idle_max = absl::ZeroDuration()});  // The peer closes without a word.
  for (size_t i = 0; i < answers.size(); ++i) {
    const HttpOutcome outcome = client_->SendBlocking(Request("POST", peer.port()));
    ASSERT_EQ(Named(outcome), "response 201") << answers[i] << outcome.error;
    EXPECT_EQ(outcome.response.body, "abc");
  }
}

TEST_F(HttpClientTest, HeadAnswersHaveNoBody) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    socket.ReadUntil("\r\n\r\n");
    socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
    socket.ReadAll();
  });
  Make();
  EXPECT_EQ(Named(client_->SendBlocking(Request("HEAD", peer.port()))), "response 200");
  client_.reset();
}

TEST_F(HttpClientTest, ConnectionsAreReused) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    while (!socket.ReadUntil("\r\n\r\n").empty()) socket.Send(kOk);
  });
  Make();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Named(client_->SendBlocking(Request("GET", peer.port()))), "response 200");
  }
  EXPECT_EQ(peer.connections(), 1);
  client_.reset();
}

TEST_F(HttpClientTest, PostReusesAConnectionThatWasIdleForAShortTimeOnly) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    while (!socket.ReadUntil("\r\n\r\n").empty()) socket.Send(kOk);
  });
  Make({.post_reuse_idle_max = absl::Minutes(1)});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Named(client_->SendBlocking(Request("POST", peer.port()))), "response 200");
  }
  EXPECT_EQ(peer.connections(), 1);

  Make({.post_reuse_idle_max = absl::Nanoseconds(1)});
  EXPECT_EQ(Named(client_->SendBlocking(Request("POST", peer.port()))), "response 200");
  EXPECT_EQ(Named(client_->SendBlocking(Request("POST", peer.port()))), "response 200");
  EXPECT_EQ(peer.connections(), 3);
  // What is too old for a POST still serves a GET.
  EXPECT_EQ(Named(client_->SendBlocking(Request("GET", peer.port()))), "response 200");
  EXPECT_EQ(peer.connections(), 3);
  client_.reset();
}

// The server takes the second request from a kept connection and dies: it may have acted on it.
void AnswerOnceThenDie(TestSocket& socket, int round) {
  socket.ReadUntil("\r\n\r\n");
  socket.Send(kOk);
  if (round > 0) return;
  socket.ReadUntil("\r\n\r\n");
  socket.Reset();
}

TEST_F(HttpClientTest, AReusedConnectionThatDiesIsAmbiguousForPost) {
  ScriptedPeer peer(AnswerOnceThenDie);
  Make();
  EXPECT_EQ(Named(client_->SendBlocking(Request("POST", peer.port()))), "response 200");
  EXPECT_EQ(Named(client_->SendBlocking(Request("POST", peer.port()))), "ambiguous 0");
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(HttpClientTest, AReusedConnectionThatDiesIsTriedAfreshForGet) {
  ScriptedPeer peer(AnswerOnceThenDie);
  Make();
  EXPECT_EQ(Named(client_->SendBlocking(Request("GET", peer.port()))), "response 200");
  EXPECT_EQ(Named(client_->SendBlocking(Request("GET", peer.port()))), "response 200");
  EXPECT_EQ(peer.connections(), 2);
}

TEST_F(HttpClientTest, AFreshConnectionThatDiesIsNotTriedAgain) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    socket.ReadUntil("\r\n\r\n");
    socket.Reset();
  });
  Make();
  EXPECT_EQ(Named(client_->SendBlocking(Request("GET", peer.port()))), "ambiguous 0");
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(HttpClientTest, AStatusBelowAHundredIsNoAnswer) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    socket.ReadUntil("\r\n\r\n");
    socket.Send("HTTP/1.1 002 Found\r\n\r\n");
  });
  Make();
  const HttpOutcome outcome = client_->SendBlocking(Request("POST", peer.port()));
  EXPECT_EQ(outcome.kind, HttpOutcomeKind::kAmbiguous);
  EXPECT_EQ(outcome.error.code(), absl::StatusCode::kUnavailable) << "at once, not in 30 s";
}

TEST_F(HttpClientTest, NobodyListeningIsNotSent) {
  const BoundSocket nobody = BindFreePort();  // Bound, but it does not listen.
  Make();
  const HttpOutcome outcome = client_->SendBlocking(Request("POST", nobody.port, "/secret"));
  EXPECT_EQ(Named(outcome), "not_sent 0");
  EXPECT_EQ(outcome.error.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(outcome.error.message()), Not(HasSubstr("secret")));
  TestSocket closes_it(nobody.descriptor);
}

TEST_F(HttpClientTest, AnUnknownNameIsNotSent) {
  Make();
  HttpClientRequest request = Request("POST", 80);
  request.url.host = "no-such-host.invalid";
  EXPECT_EQ(Named(client_->SendBlocking(request)), "not_sent 0");
}

TEST_F(HttpClientTest, SilenceAfterTheRequestIsAmbiguous) {
  ScriptedPeer peer([](TestSocket& socket, int) { socket.ReadAll(); });
  Make();
  HttpClientRequest request = Request("POST", peer.port());
  request.timeout = absl::Milliseconds(200);
  const HttpOutcome outcome = client_->SendBlocking(request);
  EXPECT_EQ(Named(outcome), "ambiguous 0");
  EXPECT_EQ(outcome.error.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(HttpClientTest, BrokenAnswersAreAmbiguous) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "ambiguous 0"},
      {"HTTP/1.1 2", "ambiguous 0"},
      {"nonsense\r\n\r\n", "ambiguous 0"},
      {"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nabc", "ambiguous 201"},
      {"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz", "ambiguous 201"},
      {"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", "ambiguous 201"},
      {"HTTP/1.1 100 Continue\r\n\r\n", "ambiguous 0"},
  };
  ScriptedPeer peer([&](TestSocket& socket, int round) {
    socket.ReadUntil("\r\n\r\n");
    socket.Send(cases[static_cast<size_t>(round)].first);
  });
  Make();
  for (const auto& [answer, expected] : cases) {
    EXPECT_EQ(Named(client_->SendBlocking(Request("POST", peer.port()))), expected) << answer;
  }
}

TEST_F(HttpClientTest, OversizedAnswersAreCut) {
  ScriptedPeer peer([](TestSocket& socket, int round) {
    socket.ReadUntil("\r\n\r\n");
    if (round == 0) socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n");
    if (round == 1) socket.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n");
    if (round == 2) socket.Send("HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'));
    if (round == 3) socket.Send("HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x'));
    socket.ReadAll();
  });
  Make({.header_bytes_max = 1000, .body_bytes_max = 100});
  for (int i = 0; i < 4; ++i) {
    const HttpOutcome outcome = client_->SendBlocking(Request("POST", peer.port()));
    EXPECT_EQ(outcome.kind, HttpOutcomeKind::kAmbiguous) << i;
    EXPECT_EQ(outcome.error.code(), absl::StatusCode::kResourceExhausted) << i;
  }
}

TEST_F(HttpClientTest, AHeaderInSmallPiecesHasTheSameLimit) {
  ScriptedPeer peer([](TestSocket& socket, int round) {
    socket.ReadUntil("\r\n\r\n");
    socket.Send(
        HeaderInReads("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", static_cast<size_t>(round) + 2));
    socket.ReadAll();
  });
  Make({.header_bytes_max = kReadBytesMax + 1000});
  // Of two, the last ends the header.
  for (size_t reads = 2; reads < 6; ++reads) {
    const HttpOutcome outcome = client_->SendBlocking(Request("POST", peer.port()));
    EXPECT_EQ(outcome.error.code(), absl::StatusCode::kResourceExhausted) << reads;
  }
}

// It answers without reading the body and closes; the answer counts nevertheless.
TEST_F(HttpClientTest, AnEarlyAnswerToALargeBodyIsHeard) {
  Start();
  Make();
  const HttpOutcome outcome =
      client_->SendBlocking(Request("POST", server_->port(), "/small", std::string(100'000, 'x')));
  EXPECT_EQ(Named(outcome), "response 413") << outcome.error;
}

TEST_F(HttpClientTest, UnusableRequestsAreNotSent) {
  Make();
  HttpClientRequest request = Request("POST", 1);
  request.headers.Add("X-A", "a\r\nX-B: b");
  EXPECT_EQ(client_->SendBlocking(request).error.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(client_->SendBlocking(Request("GE T", 1)).error.code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(client_->SendBlocking(Request("GET", 1, "/a b")).error.code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(HttpClientTest, ConnectionsPerHostAreBounded) {
  Start();
  Make({.connections_per_host_max = 1, .waiting_per_host_max = 1});
  std::thread first([&] {
    EXPECT_EQ(Named(client_->SendBlocking(Request("GET", server_->port(), "/slow"))),
              "response 200");
  });
  WaitForSlow(1);
  HttpClientRequest impatient = Request("GET", server_->port(), "/hello");
  impatient.timeout = absl::Milliseconds(50);
  const HttpOutcome late = client_->SendBlocking(impatient);
  EXPECT_EQ(Named(late), "not_sent 0");
  EXPECT_EQ(late.error.code(), absl::StatusCode::kDeadlineExceeded);
  Release();
  first.join();
  EXPECT_EQ(Named(client_->SendBlocking(Request("GET", server_->port(), "/hello"))),
            "response 200");
}

TEST_F(HttpClientTest, ManyThreadsShareFewConnections) {
  Start();
  Make({.connections_per_host_max = 3});
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        const std::string body = absl::StrCat(thread, "/", i);
        const char* method = i % 2 == 0 ? "POST" : "PUT";
        const HttpOutcome outcome =
            client_->SendBlocking(Request(method, server_->port(), "/echo", body));
        if (outcome.response.body == body) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

TEST_F(HttpClientTest, EveryRequestIsObserved) {
  Start();
  std::atomic<int> status = 0;
  Make({.observer = [&](const HttpClientObservation& seen) {
    EXPECT_EQ(seen.host, "127.0.0.1");
    status = seen.status;
  }});
  client_->SendBlocking(Request("GET", server_->port(), "/nowhere"));
  EXPECT_EQ(status, 404);
}

TEST_F(HttpClientTest, RedirectsAreFollowedWithinTheLimitOnly) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    while (true) {
      const std::string request = socket.ReadUntil("\r\n\r\n");
      if (request.empty()) return;
      const bool last = request.substr(0, 7) == "GET /3 ";
      const std::string next = std::to_string(std::atoi(request.c_str() + 5) + 1);
      socket.Send(last ? std::string(kOk)
                       : "HTTP/1.1 302 Found\r\nLocation: /" + next +
                             "\r\nContent-Length: 0\r\n\r\n");
    }
  });
  Make();
  const auto follow = [&](int redirects_max) {
    const HttpClientRequest request = Request("GET", peer.port(), "/0");
    std::promise<HttpOutcome> done;
    boost::asio::co_spawn(
        io_.context(), client_->Follow(request, redirects_max),
        [&](std::exception_ptr, HttpOutcome outcome) { done.set_value(std::move(outcome)); });
    return Named(done.get_future().get());
  };
  EXPECT_EQ(follow(3), "response 200");
  EXPECT_EQ(follow(2), "response 302");
  client_.reset();
}

TEST_F(HttpClientTest, CredentialsStayWithTheirOrigin) {
  std::string seen_at_second;
  ScriptedPeer second([&](TestSocket& socket, int) {
    seen_at_second = socket.ReadUntil("\r\n\r\n");
    socket.Send(kOk);
  });
  ScriptedPeer first([&](TestSocket& socket, int) {
    EXPECT_THAT(socket.ReadUntil("\r\n\r\n"), HasSubstr("Authorization: Basic"));
    socket.Send(absl::StrCat("HTTP/1.1 307 T\r\nLocation: http://127.0.0.1:", second.port(),
                             "/x\r\nContent-Length: 0\r\n\r\n"));
  });
  Make();
  HttpClientRequest request = Request("GET", first.port());
  request.headers.Add("Authorization", BasicAuthorization("a", "b"));
  request.headers.Add("X-Api-Key", "c");
  request.headers.Add("Accept", "image/png");
  std::promise<HttpOutcome> done;
  boost::asio::co_spawn(
      io_.context(), client_->Follow(request, 3),
      [&](std::exception_ptr, HttpOutcome outcome) { done.set_value(std::move(outcome)); });
  EXPECT_EQ(Named(done.get_future().get()), "response 200");
  EXPECT_THAT(seen_at_second, StartsWith("GET /x HTTP/1.1\r\n"));
  EXPECT_THAT(seen_at_second, HasSubstr("Accept: image/png"));
  EXPECT_THAT(seen_at_second, Not(HasSubstr("Authorization")));
  EXPECT_THAT(seen_at_second, Not(HasSubstr("X-Api-Key")));
}

TEST_F(HttpClientTest, TheAddressPolicyIsAskedBeforeConnecting) {
  Start();
  Make({.address_policy = [](const std::string& host, const boost::asio::ip::address&) {
    return absl::PermissionDeniedError(host);
  }});
  HttpClientRequest request = Request("GET", server_->port(), "/hello");
  request.url.host = "localhost";
  const HttpOutcome outcome = client_->SendBlocking(request);
  EXPECT_EQ(Named(outcome), "not_sent 0");
  EXPECT_EQ(outcome.error.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(server_->Drain(absl::Seconds(20)));
}

}  // namespace
}  // namespace trama::platform
