#include "services/platform/service/service_main.h"

#include <signal.h>

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/kernel/errors.h"
#include "services/platform/base/server_address.h"
#include "services/platform/base/testing/temp_folder.h"
#include "services/platform/base/testing/wait_until.h"
#include "services/platform/base/tokens.h"
#include "services/platform/grpc/client.h"
#include "services/platform/net/testing/test_socket.h"
#include "services/platform/service/testing/child_process.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::platform {
namespace {

using profile::v1::GetCustomerRequest;
using profile::v1::GetCustomerResponse;
using profile::v1::ProfileService;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

class ServiceMainTest : public ::testing::Test {
 protected:
  ServiceMainTest() { WriteTokens("t-ana"); }

  void WriteTokens(const std::string& token) {
    tokens_file_ = folder_.Write(
        "tokens.json",
        absl::StrCat(R"([{"token_sha256": ")", TokenSha256(token),
                     R"(", "subject": "ana", "workspace": "demo", "roles": ["agent"]}])"));
    token_file_ = folder_.Write("token", token);
  }

  void Run(const std::string& mode, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--tokens_file=" + tokens_file_, "--test_mode=" + mode});
    process_ = std::make_unique<ChildProcess>("trama-test", std::move(more));
  }
  void RunUntilServing(std::vector<std::string> more = {}, const std::string& mode = "serve") {
    Run(mode, std::move(more));
    const std::optional<std::string> line = process_->WaitForLine("\"event\":\"serving\"");
    ASSERT_TRUE(line.has_value());
    admin_address_ = Json::parse(*line)["admin_address"];
    grpc_address_ = Json::parse(*line)["grpc_address"];
  }

  // Status line and body of an HTTP answer.
  std::string Http(const std::string& path) {
    TestSocket socket = TestSocket::Connect(ParseServerAddress(admin_address_)->port);
    socket.Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    return socket.ReadAll();
  }

  std::shared_ptr<Peer> Client() {
    client_token_ = *ServiceToken::Open(token_file_);
    return *Peer::Make({.addresses = grpc_address_, .token = client_token_.get()});
  }
  absl::Status GetCustomer(const Peer& peer, int milliseconds) {
    const auto stub = ProfileService::NewStub(peer.channel());
    GetCustomerRequest request;
    request.set_workspace("demo");
    request.set_customer_id(absl::StrCat(milliseconds));
    return CallBlocking<GetCustomerResponse>(
               peer, request, {.timeout = absl::Seconds(30)},
               [&](auto* c, const auto& q, auto* a) { return stub->GetCustomer(c, q, a); })
        .status();
  }

  // What the program did, in order.
  std::vector<std::string> Steps() {
    std::vector<std::string> steps;
    for (const std::string& line : process_->lines()) {
      const Json json = Json::parse(line, nullptr, false);
      if (!json.is_object()) continue;
      const std::string event = json.value("event", "");
      if (absl::StartsWith(event, "step: ")) steps.push_back(event.substr(6));
    }
    return steps;
  }
  bool Logged(const std::string& text) { return process_->WaitForLine(text).has_value(); }

  TempFolder folder_;
  std::string tokens_file_;
  std::string token_file_;
  std::unique_ptr<ServiceToken> client_token_;
  std::unique_ptr<ChildProcess> process_;
  std::string admin_address_;
  std::string grpc_address_;
};

TEST_F(ServiceMainTest, MistakesAreAllPrintedAndEndWithTwo) {
  process_ = std::make_unique<ChildProcess>(
      "trama-test", std::vector<std::string>{"--test_even=3", "--nonsense=1"},
      std::vector<std::string>{"TRAMA_WORKER_THREADS=none"});
  EXPECT_EQ(process_->WaitForExit(), 2);
  EXPECT_THAT(process_->lines(), ElementsAre(HasSubstr("TRAMA_WORKER_THREADS cannot be read"),
                                             HasSubstr("--nonsense is not a setting"),
                                             HasSubstr("--tokens_file is needed"),
                                             HasSubstr("--test_even is 3 but must be even")));
}

TEST_F(ServiceMainTest, CheckEndsWithZeroWithoutStarting) {
  Run("setup_fails", {"--check"});
  EXPECT_EQ(process_->WaitForExit(), 0);
  EXPECT_TRUE(process_->lines().empty());
}

TEST_F(ServiceMainTest, UnusableCredentialsAreMistakes) {
  tokens_file_ = "/nonexistent/tokens.json";
  Run("serve", {"--service_token_file=" + folder_.Write("empty", ""),
                "--tls_cert_file=" + tokens_file_, "--tls_key_file=" + tokens_file_});
  EXPECT_EQ(process_->WaitForExit(), 2);
  EXPECT_THAT(process_->lines(),
              ElementsAre(HasSubstr("--tokens_file: file /nonexistent/tokens.json cannot be read"),
                          HasSubstr("--service_token_file: token file"),
                          HasSubstr("--tls_cert_file: file /nonexistent/tokens.json")));
}

TEST_F(ServiceMainTest, AnswersProbesScrapesAndCalls) {
  RunUntilServing();
  // It serves, so that it can be asked, a moment before it is ready.
  ASSERT_TRUE(Logged("\"event\":\"ready\""));
  EXPECT_THAT(Http("/livez"), AllOf(StartsWith("HTTP/1."), HasSubstr(" 200 ")));
  EXPECT_THAT(Http("/readyz"), HasSubstr(" 200 "));
  EXPECT_TRUE(GetCustomer(*Client(), 0).ok());
  EXPECT_THAT(Http("/metrics"),
              AllOf(HasSubstr("trama_grpc_server_calls_total{code=\"OK\""),
                    HasSubstr("\ntrama_ready 1\n"), HasSubstr("trama_process_resident_bytes"),
                    HasSubstr("trama_build_info{service=\"test\"")));
  EXPECT_THAT(Http("/else"), HasSubstr(" 404 "));
}

TEST_F(ServiceMainTest, TermEndsInOrderWithZero) {
  RunUntilServing();
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->WaitForExit(), 0);
  EXPECT_THAT(Steps(), ElementsAre("setup", "started at " + grpc_address_, "stop b", "stop a",
                                   "close b", "close a", "second destroyed", "first destroyed"));
}

TEST_F(ServiceMainTest, InterruptEndsInOrderToo) {
  RunUntilServing();
  process_->Signal(SIGINT);
  EXPECT_EQ(process_->WaitForExit(), 0);
  EXPECT_THAT(Steps(), ::testing::Contains("close a"));
}

TEST_F(ServiceMainTest, TermUnderLoadLosesNoCallThatWasTakenIn) {
  RunUntilServing();
  const std::shared_ptr<Peer> peer = Client();
  std::atomic<int> answered = 0;
  std::atomic<int> sent_away = 0;
  std::atomic<int> lost = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (true) {
        const absl::Status status = GetCustomer(*peer, 20);
        if (status.ok()) {
          ++answered;
        } else {
          // Either said by the replica itself or nobody listens any more.
          const bool refused =
              ErrorReason(status) == "DRAINING" || absl::StrContains(status.message(), "onnect");
          ++(refused ? sent_away : lost);
          if (!refused) ADD_FAILURE() << status;
          return;
        }
      }
    });
  }
  ASSERT_TRUE(WaitUntil([&] { return answered >= 20; }));
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->WaitForExit(), 0);
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(sent_away, 4);
}

TEST_F(ServiceMainTest, NotReadyButServingDuringTheDrainDelay) {
  RunUntilServing({"--drain_delay=10s"});
  process_->Signal(SIGTERM);
  ASSERT_TRUE(Logged("\"event\":\"not ready\",\"missing\":\"draining"));
  EXPECT_THAT(Http("/readyz"), AllOf(HasSubstr(" 503 "), HasSubstr("draining")));
  EXPECT_THAT(Http("/livez"), HasSubstr(" 200 "));
  EXPECT_TRUE(GetCustomer(*Client(), 0).ok());
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->WaitForExit(), 1);
}

TEST_F(ServiceMainTest, TermDuringAHangingSetupEndsPromptly) {
  Run("setup_hangs", {"--drain_timeout=50s"});
  ASSERT_TRUE(Logged("step: setup"));
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->WaitForExit(), 0);
  EXPECT_TRUE(Logged("did not end in time"));
}

TEST_F(ServiceMainTest, SetupThatNoticesTheStopEndsInOrder) {
  Run("setup_waits");
  ASSERT_TRUE(Logged("step: setup"));
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->WaitForExit(), 0);
  EXPECT_THAT(Steps(), ElementsAre("setup", "stop b", "stop a", "close b", "close a",
                                   "second destroyed", "first destroyed"));
}

TEST_F(ServiceMainTest, FailedSetupUnwindsAndEndsWithOne) {
  Run("setup_fails");
  EXPECT_EQ(process_->WaitForExit(), 1);
  EXPECT_TRUE(Logged("NOT_FOUND: nothing there"));
  EXPECT_THAT(Steps(), ::testing::Contains("close a"));
}

TEST_F(ServiceMainTest, FailedStartUnwindsAndEndsWithOne) {
  Run("start_fails");
  EXPECT_EQ(process_->WaitForExit(), 1);
  EXPECT_TRUE(Logged("UNAVAILABLE: start went wrong"));
  EXPECT_THAT(Steps(), ::testing::Contains("close a"));
}

TEST_F(ServiceMainTest, FatalPartEndsInOrderWithOne) {
  Run("fatal");
  EXPECT_EQ(process_->WaitForExit(), 1);
  EXPECT_TRUE(Logged("ABORTED: loop died"));
  EXPECT_THAT(Steps(), ::testing::Contains("close a"));
}

TEST_F(ServiceMainTest, DrainThatTakesTooLongIsCutAndNamed) {
  RunUntilServing({"--drain_timeout=200ms"}, "closer_hangs");
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->WaitForExit(), 1);
  EXPECT_TRUE(Logged("\"doing\":\"closer stuck loop\""));
}

TEST_F(ServiceMainTest, SecondSignalEndsAtOnce) {
  RunUntilServing({"--drain_timeout=50s"}, "closer_hangs");
  process_->Signal(SIGTERM);
  ASSERT_TRUE(Logged("\"event\":\"draining\""));
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->WaitForExit(), 1);
  EXPECT_TRUE(Logged("second signal"));
}

TEST_F(ServiceMainTest, ChangedTokensFileIsTakenUp) {
  RunUntilServing();
  EXPECT_TRUE(GetCustomer(*Client(), 0).ok());
  WriteTokens("t-rotated");
  EXPECT_TRUE(WaitUntil([&] { return GetCustomer(*Client(), 0).ok(); }));
}

TEST_F(ServiceMainTest, TakenPortEndsWithOneAndSaysWhich) {
  RunUntilServing();
  auto first = std::move(process_);
  Run("serve", {"--grpc_listen=" + grpc_address_});
  EXPECT_EQ(process_->WaitForExit(), 1);
  EXPECT_TRUE(Logged("gRPC cannot listen on " + grpc_address_));
}

}  // namespace
}  // namespace trama::platform
