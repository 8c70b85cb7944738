// kill -9 of the delivering process at every moment that matters: no message leaves twice, none is
// forgotten. The process is this program, started again as the test DeliveryChild.

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/delivery_loop.h"
#include "services/channels/common/testing/delivery_world.h"
#include "services/platform/kafka/consumer.h"
#include "services/platform/kafka/transactional_producer.h"
#include "services/platform/net/io_threads.h"

namespace trama::channels {
namespace {

using ::testing::Each;
using ::testing::Pair;
using ::testing::SizeIs;

std::string Env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int EnvInt(const char* name) {
  int value = 0;
  return absl::SimpleAtoi(Env(name), &value) ? value : 0;
}

// How often the vendor was called for each message: one line of the journal per call, written in
// one piece, so that it survives any death.
std::map<std::string, int> ReadJournal(const std::string& path) {
  std::map<std::string, int> calls;
  std::ifstream journal(path);
  for (std::string line; std::getline(journal, line);) ++calls[line];
  return calls;
}

// Moments of a call, behind those of the loop.
constexpr int kCallBegins = static_cast<int>(DeliveryMoment::kPositionCommitted) + 1;
constexpr int kVendorHasIt = kCallBegins + 1;  // No answer yet.
constexpr int kVendorIsAsked = kVendorHasIt + 1;
constexpr int kMoments = kVendorIsAsked + 1;

// A vendor that has what stands in the journal. Of every four messages one finds it busy at first,
// and of two the first answer is lost: once with the message, once without.
class JournalSender : public Sender {
 public:
  JournalSender(std::string path, std::function<void(int)> at)
      : path_(std::move(path)), at_(std::move(at)) {}

  platform::Awaitable<SendOutcome> Send(OutboundPtr message, Attempt attempt) override {
    at_(kCallBegins);
    const std::string& id = message->message_id();
    const int trouble = attempt.number == 1 ? id.back() % 4 : 3;
    SendOutcome outcome;
    outcome.kind = SendOutcome::Kind::kRetry;
    if (trouble == 0) co_return outcome;
    outcome.kind = SendOutcome::Kind::kAmbiguous;
    if (trouble == 1) co_return outcome;
    const std::string line = id + "\n";
    const int file = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0600);
    EXPECT_EQ(write(file, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    close(file);
    at_(kVendorHasIt);
    if (trouble == 2) co_return outcome;
    outcome.kind = SendOutcome::Kind::kSent;
    outcome.vendor_message_id = "SM-" + id;
    co_return outcome;
  }

  platform::Awaitable<FindOutcome> Find(OutboundPtr message, Attempt,
                                        std::shared_ptr<const std::set<std::string>>) override {
    at_(kVendorIsAsked);
    FindOutcome outcome;
    const bool has = ReadJournal(path_).contains(message->message_id());
    outcome.kind = has ? FindOutcome::Kind::kFound : FindOutcome::Kind::kNotFound;
    outcome.sent.vendor_message_id = "SM-" + message->message_id();
    co_return outcome;
  }

 private:
  const std::string path_;
  const std::function<void(int)> at_;
};

class DeliveryCrashTest : public testing::DeliveryWorld {
 protected:
  void SetUp() override {
    DeliveryWorld::SetUp();
    journal_ = absl::StrCat(::testing::TempDir(), "journal-", getpid(), "-", rand());
  }
  void TearDown() override {
    unlink(journal_.c_str());
    DeliveryWorld::TearDown();
  }

  // Delivers until it dies at the n-th time of `moment`; with n = 0 it does not die by itself.
  pid_t StartChild(int moment, int nth, bool foreign_transaction = false) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    setenv("TRAMA_CHILD_FOREIGN", foreign_transaction ? "1" : "0", 1);
    setenv("TRAMA_CHILD_OUTBOUND", outbound_.c_str(), 1);
    setenv("TRAMA_CHILD_DELIVERIES", deliveries_.c_str(), 1);
    setenv("TRAMA_CHILD_DEADLETTER", dead_letters_.c_str(), 1);
    setenv("TRAMA_CHILD_GROUP", Options().group.c_str(), 1);
    setenv("TRAMA_CHILD_JOURNAL", journal_.c_str(), 1);
    setenv("TRAMA_CHILD_MOMENT", std::to_string(moment).c_str(), 1);
    setenv("TRAMA_CHILD_NTH", std::to_string(nth).c_str(), 1);
    execl("/proc/self/exe", "delivery-child", "--gtest_filter=DeliveryChild.DISABLED_Deliver",
          "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr);
    _exit(127);
  }

  // True when the child died of its own kill -9; one that is still alive once everything has ended
  // did not come to the moment so often.
  bool DiesByItself(pid_t pid, size_t messages) {
    int status = 0;
    bool dead = false;
    EXPECT_TRUE(Eventually([&] {
      dead = waitpid(pid, &status, WNOHANG) == pid;
      return dead || Ended(messages);
    }));
    if (!dead) Kill(pid);
    return dead && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

  void Kill(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }

  void DeliverTheRest(size_t messages) {
    const pid_t pid = StartChild(0, 0);
    EXPECT_TRUE(Eventually([&] { return Ended(messages); }));
    Kill(pid);
  }

  void DieAndRecover(DeliveryMoment moment, int nth = 1) {
    DieAndRecover(static_cast<int>(moment), nth);
  }
  void DieAndRecover(int moment, int nth) {
    WriteMessages(0, 6);
    EXPECT_TRUE(DiesByItself(StartChild(moment, nth), 6)) << "not reached";
    DeliverTheRest(6);
    ExpectEachLeftOnce(6);
  }

  void ExpectEachLeftOnce(size_t messages) {
    const std::map<std::string, int> calls = ReadJournal(journal_);
    EXPECT_THAT(calls, SizeIs(messages));
    EXPECT_THAT(calls, Each(Pair(::testing::_, 1)));
    for (const auto& [message, story] : Stories()) {
      EXPECT_THAT(story, ::testing::HasSubstr("sent#")) << message;
      EXPECT_THAT(story, ::testing::Not(::testing::HasSubstr("failed"))) << message;
    }
  }

  std::string journal_;
};

TEST_F(DeliveryCrashTest, DeathRightAfterTheTakeover) { DieAndRecover(DeliveryMoment::kTakenOver); }

TEST_F(DeliveryCrashTest, DeathWithTheAttemptInAnOpenTransaction) {
  DieAndRecover(DeliveryMoment::kAttemptNotCommitted);
}

TEST_F(DeliveryCrashTest, DeathBetweenTheAttemptAndTheCall) {
  DieAndRecover(DeliveryMoment::kAttemptCommitted);
}

TEST_F(DeliveryCrashTest, DeathBeforeTheFirstByte) { DieAndRecover(kCallBegins, 1); }

TEST_F(DeliveryCrashTest, DeathWhileTheVendorHasItAndHasNotAnswered) {
  DieAndRecover(kVendorHasIt, 1);
}

TEST_F(DeliveryCrashTest, DeathWhileTheVendorIsAskedAboutALostAnswer) {
  DieAndRecover(kVendorIsAsked, 1);
}

TEST_F(DeliveryCrashTest, DeathInTheSecondAttempt) { DieAndRecover(kCallBegins, 7); }

// The first answer is that of a busy vendor, which has nothing.
TEST_F(DeliveryCrashTest, DeathBetweenTheCallAndItsOutcome) {
  DieAndRecover(DeliveryMoment::kVendorAnswered, 2);
}

TEST_F(DeliveryCrashTest, DeathBetweenALaterCallAndItsOutcome) {
  DieAndRecover(DeliveryMoment::kVendorAnswered, 4);
}

TEST_F(DeliveryCrashTest, DeathWithTheOutcomeInAnOpenTransaction) {
  DieAndRecover(DeliveryMoment::kOutcomeNotCommitted);
}

TEST_F(DeliveryCrashTest, DeathRightAfterTheOutcome) {
  DieAndRecover(DeliveryMoment::kOutcomeCommitted);
}

TEST_F(DeliveryCrashTest, DeathRightAfterThePosition) {
  DieAndRecover(DeliveryMoment::kPositionCommitted);
}

// What the dead owner wrote stands behind a transaction of another channel that is still open: a
// reader of committed records sees it only after that one has ended.
TEST_F(DeliveryCrashTest, DeathWhileATransactionOfAnotherChannelIsOpen) {
  WriteMessages(0, 6);
  const int moment = static_cast<int>(DeliveryMoment::kVendorAnswered);
  const pid_t pid = StartChild(moment, 2, /*foreign_transaction=*/true);
  // Not by looking at the deliveries: that would wait for the transaction, too.
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status));
  DeliverTheRest(6);
  ExpectEachLeftOnce(6);
}

TEST_F(DeliveryCrashTest, ManyDeathsInARowChangeNothing) {
  constexpr int kMessages = 60;
  WriteMessages(0, kMessages);
  for (int death = 0; death < kMoments; ++death) {
    // Deaths at all moments, ever later.
    if (!DiesByItself(StartChild(death, 1 + death / 3), kMessages)) break;
  }
  DeliverTheRest(kMessages);
  ExpectEachLeftOnce(kMessages);
}

class DeliveryChild : public platform::testing::BrokerTest {
 protected:
  // Opens a transaction on the deliveries, as another channel does, and waits until it is there.
  std::unique_ptr<platform::TransactionalProducer> OpenForeignTransaction(
      const std::string& deliveries) {
    platform::TransactionalOptions options;
    options.transactional_id = deliveries + "-foreign";
    auto producer = *platform::TransactionalProducer::Create(config(), options);
    EXPECT_TRUE(producer->Init(absl::Seconds(30)).ok());
    EXPECT_TRUE(producer->Begin().ok());
    platform::Record record;
    record.topic = deliveries;
    record.partition = 0;
    record.value = delivery::v1::Delivery().SerializeAsString();
    EXPECT_TRUE(producer->Produce(record).ok());
    auto consumer = *platform::Consumer::Create(config());
    EXPECT_TRUE(Eventually([&] {
      const auto ends = consumer->QueryWatermarks({deliveries, 0}, absl::Seconds(5));
      return ends.ok() && ends->high > 0;
    }));
    return producer;
  }
};

TEST_F(DeliveryChild, DISABLED_Deliver) {
  DeliveryLoopOptions options;
  options.rules.channel = "sms";
  options.rules.receipt_wait = absl::Milliseconds(300);
  options.rules.backoff_base = absl::Milliseconds(50);
  // Several rounds, so that moments come more than once.
  options.rules.in_flight_max = 3;
  options.outbound_topic = Env("TRAMA_CHILD_OUTBOUND");
  options.deliveries_topic = Env("TRAMA_CHILD_DELIVERIES");
  options.dead_letter_topic = Env("TRAMA_CHILD_DEADLETTER");
  options.group = Env("TRAMA_CHILD_GROUP");
  options.instance_id = "sms-0";
  const int moment = EnvInt("TRAMA_CHILD_MOMENT");
  std::atomic<int> left = EnvInt("TRAMA_CHILD_NTH");
  std::unique_ptr<platform::TransactionalProducer> foreign;
  const auto at = [&](int reached) {
    if (reached == moment && --left == 0) kill(getpid(), SIGKILL);
  };
  options.on_moment = [&](DeliveryMoment reached) {
    if (reached == DeliveryMoment::kTakenOver && EnvInt("TRAMA_CHILD_FOREIGN") == 1) {
      foreign = OpenForeignTransaction(options.deliveries_topic);
    }
    at(static_cast<int>(reached));
  };

  platform::SystemClock clock;
  platform::Metrics metrics;
  platform::Health health(clock);
  platform::IoThreads io(2);
  JournalSender sender(Env("TRAMA_CHILD_JOURNAL"), at);
  const auto loop = DeliveryLoop::Start(config(), options, sender, testing::AccountsOfWorld,
                                        io.context(), clock, metrics, health);
  ASSERT_TRUE(loop.ok()) << loop.status();
  while (getppid() != 1) pause();
}

}  // namespace
}  // namespace trama::channels
