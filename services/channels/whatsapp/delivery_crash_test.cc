// kill -9 of the process that delivers to WhatsApp: the vendor gets no message twice. It cannot be
// asked about an attempt, so its statuses settle what the dead process did not live to write, and
// an attempt without one fails visibly instead of being made again. The process is this program,
// started again as the test DeliveryChild.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/whatsapp/graph_account.h"
#include "services/channels/whatsapp/json_fields.h"
#include "services/channels/whatsapp/testing/payloads.h"
#include "services/channels/whatsapp/testing/whatsapp_world.h"

namespace trama::whatsapp {
namespace {

using channels::DeliveryMoment;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr int kMessages = 6;

std::string Env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int EnvInt(const char* name) {
  int value = 0;
  return absl::SimpleAtoi(Env(name), &value) ? value : 0;
}

class DeliveryCrashTest : public testing::WhatsAppWorld {
 protected:
  // Delivers until it dies at the n-th time of `moment`; with n = 0 it does not die by itself.
  pid_t StartChild(DeliveryMoment moment, int nth) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("TRAMA_CHILD_API", vendor_.url().c_str(), 1);
    setenv("TRAMA_CHILD_OUTBOUND", outbound_.c_str(), 1);
    setenv("TRAMA_CHILD_DELIVERIES", deliveries_.c_str(), 1);
    setenv("TRAMA_CHILD_DEADLETTER", dead_letters_.c_str(), 1);
    setenv("TRAMA_CHILD_MOMENT", std::to_string(static_cast<int>(moment)).c_str(), 1);
    setenv("TRAMA_CHILD_NTH", std::to_string(nth).c_str(), 1);
    execl("/proc/self/exe", "delivery-child", "--gtest_filter=DeliveryChild.DISABLED_Deliver",
          "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr);
    _exit(127);
  }

  void ExpectToDie(pid_t pid) {
    int status = 0;
    ASSERT_TRUE(Eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; }));
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the moment did not come";
  }

  // How often the vendor got each message, by our id.
  std::map<std::string, int> Calls() {
    std::map<std::string, int> calls;
    for (const std::string& body : vendor_.sends()) {
      const auto json = ParseJson(body);
      ++calls[json.has_value() ? TextOf(*json, "biz_opaque_callback_data") : "unreadable"];
    }
    return calls;
  }

  // What the vendor says about everything that it has got so far.
  void ReportAll() {
    int number = 0;
    for (const auto& [ours, count] : Calls()) {
      EXPECT_EQ(Post(testing::Statuses(testing::Status(
                         absl::StrCat("wamid.report-", ++number), "sent",
                         absl::StrCat(R"(,"biz_opaque_callback_data":")", ours, R"(")"))))
                    .status,
                200);
    }
  }

  bool AllEnded() {
    for (int i = 0; i < kMessages; ++i) {
      const std::string story = Story(absl::StrCat("m", i));
      if (story.find("sent#") == std::string::npos && story.find("failed#") == std::string::npos) {
        return false;
      }
    }
    return true;
  }

  void DieAndRecover(DeliveryMoment moment, int nth) {
    for (int i = 0; i < kMessages; ++i) WriteOutbound(Outbound(absl::StrCat("m", i), "hello"));
    ExpectToDie(StartChild(moment, nth));
    ReportAll();
    const pid_t pid = StartChild(moment, 0);
    EXPECT_TRUE(Eventually([&] { return AllEnded(); }));
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    EXPECT_THAT(Calls(), Each(Pair(::testing::_, 1)));
  }
};

TEST_F(DeliveryCrashTest, DeathAfterTheVendorsAnswerIsSettledByItsStatus) {
  DieAndRecover(DeliveryMoment::kVendorAnswered, 2);
  EXPECT_THAT(Calls(), SizeIs(kMessages));
  for (int i = 0; i < kMessages; ++i) {
    EXPECT_THAT(Story(absl::StrCat("m", i)), Not(HasSubstr("failed"))) << i;
  }
}

TEST_F(DeliveryCrashTest, DeathWithTheOutcomeInAnOpenTransaction) {
  DieAndRecover(DeliveryMoment::kOutcomeNotCommitted, 1);
  EXPECT_THAT(Calls(), SizeIs(kMessages));
}

TEST_F(DeliveryCrashTest, AttemptOfWhichNobodyKnowsIsNotMadeAgain) {
  DieAndRecover(DeliveryMoment::kAttemptCommitted, 1);
  for (int i = 0; i < kMessages; ++i) {
    const std::string id = absl::StrCat("m", i);
    const bool at_the_vendor = Calls().contains(absl::StrCat("trama1:1:conv-", id, ":", id));
    EXPECT_EQ(Story(id).find("failed") == std::string::npos, at_the_vendor) << Story(id);
  }
}

class DeliveryChild : public platform::testing::BrokerTest {};

TEST_F(DeliveryChild, DISABLED_Deliver) {
  channels::DeliveryLoopOptions options;
  options.rules.channel = kChannel;
  // One after the other, so that it is known which of them a death leaves in doubt.
  options.rules.in_flight_max = 1;
  options.outbound_topic = Env("TRAMA_CHILD_OUTBOUND");
  options.deliveries_topic = Env("TRAMA_CHILD_DELIVERIES");
  options.dead_letter_topic = Env("TRAMA_CHILD_DEADLETTER");
  options.group = options.outbound_topic + "-group";
  options.instance_id = "whatsapp-0";
  const auto moment = static_cast<DeliveryMoment>(EnvInt("TRAMA_CHILD_MOMENT"));
  std::atomic<int> left = EnvInt("TRAMA_CHILD_NTH");
  options.on_moment = [&](DeliveryMoment reached) {
    if (reached == moment && --left == 0) kill(getpid(), SIGKILL);
  };

  platform::SystemClock clock;
  platform::Metrics metrics;
  platform::Health health(clock);
  platform::IoThreads io(2);
  platform::WorkerPool workers("test", 1, 100);
  platform::MemoryBlobStore blobs;
  platform::FixedConfig config_source;
  config_source.Set(testing::ConfigurationOfWorld(Env("TRAMA_CHILD_API")));
  channels::AccountDirectory accounts(kChannel, config_source, clock, testing::SecretOfWorld);
  channels::RawArchive archive(blobs, workers, accounts, clock, metrics);
  auto http = platform::HttpClient::Create(io.context(), {});
  ASSERT_TRUE(http.ok()) << http.status();
  GraphSender sender(accounts, archive, **http, clock);
  const auto loop = channels::DeliveryLoop::Start(
      config(), options, sender, [&] { return accounts.ForDelivery(AmbiguityWait); }, io.context(),
      clock, metrics, health);
  ASSERT_TRUE(loop.ok()) << loop.status();
  while (true) pause();
}

}  // namespace
}  // namespace trama::whatsapp
