#include "services/routing/intake.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/config/fixed_config.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "services/platform/grpc/unary.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/routing/testing/interactions.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::routing {
namespace {

using platform::Record;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Lt;
using testing::Sms;

constexpr absl::Duration kWait = absl::Seconds(30);

// ProfileService/Resolve that knows everybody, or says nothing until it is told to end.
class Profile final : public profile::v1::ProfileService::CallbackService {
 public:
  explicit Profile(platform::CallGate& gate) : gate_(gate) {}

  grpc::ServerUnaryReactor* Resolve(grpc::CallbackServerContext* context,
                                    const profile::v1::ResolveRequest* request,
                                    profile::v1::ResolveResponse* response) override {
    return platform::RunUnaryAsync(
        gate_, context, request, response,
        {.workspace = request->workspace(), .roles = {"service"}},
        [this](platform::UnaryReply<profile::v1::ResolveResponse> reply,
               const profile::v1::ResolveRequest& wanted) {
          ++asked;
          if (is_silent) {
            const std::lock_guard lock(mutex_);
            unanswered_.push_back(std::move(reply));
            return;
          }
          profile::v1::ResolveResponse known;
          for (const types::v1::Identifier& identifier : wanted.identifiers()) {
            known.add_resolutions()->set_customer_id("customer of " + identifier.value());
          }
          reply.Finish(std::move(known));
        });
  }

  // Before the server is shut down.
  void LetGo() {
    const std::lock_guard lock(mutex_);
    unanswered_.clear();
  }

  std::atomic<bool> is_silent = false;
  std::atomic<int> asked = 0;

 private:
  platform::CallGate& gate_;
  std::mutex mutex_;
  std::vector<platform::UnaryReply<profile::v1::ResolveResponse>> unanswered_;
};

// One process with an intake.
class Replica {
 public:
  Replica(IntakeOptions options, platform::FixedConfig& config, bool profile_is_silent)
      : secrets_(config, clock_,
                 [](std::string_view) -> absl::StatusOr<std::string> { return testing::kSecret; }) {
    profile_.is_silent = profile_is_silent;
    grpc_.Serve(profile_);
    auto intake = Intake::Start(
        std::move(options),
        {config, secrets_, grpc_.Client("desk"), grpc_.health(), grpc_.metrics(), clock_},
        [this](const absl::Status& why) { ended_.set_value(why); });
    EXPECT_TRUE(intake.ok()) << intake.status();
    if (intake.ok()) intake_ = *std::move(intake);
  }
  ~Replica() {
    intake_.reset();
    profile_.LetGo();
    grpc_.server().Shutdown(absl::ZeroDuration());
  }

  void Stop() { intake_->Stop(); }
  Profile& profile() { return profile_; }
  // Why it has ended; DEADLINE_EXCEEDED when it has not.
  absl::Status Ended() {
    std::future<absl::Status> ended = ended_.get_future();
    if (ended.wait_for(absl::ToChronoSeconds(2 * kWait)) != std::future_status::ready) {
      return absl::DeadlineExceededError("it has not ended");
    }
    return ended.get();
  }

 private:
  platform::SystemClock clock_;
  platform::GrpcFixture grpc_;
  Profile profile_{grpc_.gate()};
  platform::IdentitySecrets secrets_;
  std::promise<absl::Status> ended_;
  std::unique_ptr<Intake> intake_;
};

class IntakeTest : public platform::testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    options_.kafka = config();
    options_.group = Unique("intake");
    options_.channels = {"sms"};
    options_.topics.interactions = NewTopic("interactions", 2);
    options_.topics.dead_letters = NewTopic("deadletter", 1);
    options_.topics.work = NewTopic("work", 3, {{"max.message.bytes", "20000"}});
  }
  // Before the topics are deleted.
  void TearDown() override {
    replicas_.clear();
    BrokerTest::TearDown();
  }

  Replica& AddReplica(bool profile_is_silent = false) {
    replicas_.push_back(std::make_unique<Replica>(options_, config_, profile_is_silent));
    return *replicas_.back();
  }

  std::vector<v1::Work> WorkOf(int32_t number) {
    std::vector<v1::Work> works;
    for (const Record& record : ReadAll(options_.topics.work, number)) {
      EXPECT_TRUE(works.emplace_back().ParseFromString(*record.value));
    }
    return works;
  }
  bool HasWork(int32_t number, size_t count) {
    return Eventually([&] { return WorkOf(number).size() >= count; });
  }
  // The group's position in a partition of `interactions`; 0 when there is none.
  int64_t Committed(int32_t partition) {
    const auto consumer = *platform::Consumer::Create(config(), {.group = options_.group});
    const auto committed = consumer->Committed({{options_.topics.interactions, partition}}, kWait);
    return committed.ok() ? std::max<int64_t>(0, (*committed)[0].offset) : -1;
  }

  IntakeOptions options_;
  platform::FixedConfig config_{testing::TwoWorkspaces()};
  std::vector<std::unique_ptr<Replica>> replicas_;
};

std::vector<int64_t> OffsetsIn(const std::vector<v1::Work>& works) {
  std::vector<int64_t> offsets;
  for (const v1::Work& work : works) offsets.push_back(work.source().offset());
  return offsets;
}

// No compression makes it small.
std::string Noise(size_t bytes) {
  absl::BitGen random;
  std::string noise(bytes, ' ');
  for (char& each : noise) each = static_cast<char>(absl::Uniform(random, 'a', 'z'));
  return noise;
}

TEST_F(IntakeTest, WhatProfileKnowsComesWithTheWork) {
  Write(options_.topics.interactions, 0, {Sms("i1", 1).SerializeAsString()});
  AddReplica();
  ASSERT_TRUE(HasWork(1, 1));
  EXPECT_EQ(WorkOf(1)[0].facts().customer_id(), "customer of +14155551001");
  EXPECT_TRUE(Eventually([&] { return Committed(0) == 1; }));
}

TEST_F(IntakeTest, SilenceOfProfileHoldsUpNobodyAndFactsArePending) {
  Write(options_.topics.interactions, 0,
        {Sms("i1", 1).SerializeAsString(), Sms("i2", 2, "other").SerializeAsString()});
  AddReplica(/*profile_is_silent=*/true);
  ASSERT_TRUE(HasWork(1, 1));
  ASSERT_TRUE(HasWork(2, 1));
  for (const int32_t number : {1, 2}) {
    const v1::Work work = WorkOf(number)[0];
    EXPECT_TRUE(work.facts().pending());
    EXPECT_EQ(work.facts().customer_id(), work.keys().sender());
  }
}

TEST_F(IntakeTest, ASilentProfileIsSparedAndAskedAgainWhenItAnswers) {
  constexpr int kMessages = 20;
  Replica& replica = AddReplica(/*profile_is_silent=*/true);
  int sent = 0;
  const auto take_in = [&] {
    Write(options_.topics.interactions, 0,
          {Sms("i" + std::to_string(sent), 1).SerializeAsString()});
    ++sent;
    ASSERT_TRUE(HasWork(1, static_cast<size_t>(sent)));
  };
  while (sent < kMessages) ASSERT_NO_FATAL_FAILURE(take_in());
  EXPECT_THAT(replica.profile().asked.load(), AllOf(Ge(3), Lt(kMessages)));
  EXPECT_TRUE(WorkOf(1).back().facts().pending());

  replica.profile().is_silent = false;
  EXPECT_TRUE(Eventually([&] {
    take_in();
    return !WorkOf(1).back().facts().pending();
  }));
}

TEST_F(IntakeTest, TheFirstMessageOfANewWorkspaceIsNoDeadLetter) {
  platform::FixedConfig late;
  late.SetUnread(testing::TwoWorkspaces());
  Write(options_.topics.interactions, 0, {Sms("i1", 1).SerializeAsString()});
  replicas_.push_back(std::make_unique<Replica>(options_, late, /*profile_is_silent=*/false));
  EXPECT_TRUE(HasWork(1, 1));
  EXPECT_THAT(ReadAll(options_.topics.dead_letters, 0), IsEmpty());
  replicas_.clear();
}

TEST_F(IntakeTest, AnUndecodableRecordGoesWholeToTheDeadLettersAndTheOthersPass) {
  const std::string torn("\xff\x01torn", 6);
  Write(options_.topics.interactions, 1, {torn, Sms("i1").SerializeAsString()});
  AddReplica();
  ASSERT_TRUE(HasWork(1, 1));
  ASSERT_TRUE(Eventually([&] { return ReadAll(options_.topics.dead_letters, 0).size() == 1; }));
  deadletter::v1::DeadLetter letter;
  ASSERT_TRUE(letter.ParseFromString(*ReadAll(options_.topics.dead_letters, 0)[0].value));
  EXPECT_EQ(letter.value(), torn);
  EXPECT_EQ(letter.source_partition(), 1);
  EXPECT_EQ(letter.source_offset(), 0);
}

TEST_F(IntakeTest, AWriteThatFailsEndsItBeforeTheCommitAndNothingIsMissingAfterwards) {
  constexpr int kMessages = 300;
  constexpr int kTooLarge = 150;
  std::vector<std::string> values;
  std::vector<int64_t> all;
  for (int i = 0; i < kMessages; ++i) {
    interaction::v1::Interaction message = Sms("i" + std::to_string(i), i);
    if (i == kTooLarge) message.mutable_parts(0)->mutable_text()->set_body(Noise(100'000));
    values.push_back(message.SerializeAsString());
    all.push_back(i);
  }
  Write(options_.topics.interactions, 0, values);

  Replica& first = AddReplica();
  const absl::Status ended = first.Ended();
  EXPECT_FALSE(ended.ok());
  EXPECT_NE(ended.code(), absl::StatusCode::kDeadlineExceeded) << ended;
  // Nothing behind the hole, and the position stays before it.
  EXPECT_THAT(OffsetsIn(WorkOf(1)), Each(Lt(kTooLarge)));
  EXPECT_LE(Committed(0), kTooLarge);
  replicas_.clear();

  // Where it can be written, the next one brings what was missing. Positions may come again, but
  // none for the first time after a higher one: the engine drops what it has passed.
  std::vector<int64_t> offsets = OffsetsIn(WorkOf(1));
  options_.topics.work = NewTopic("wider", 3);
  AddReplica();
  ASSERT_TRUE(Eventually([&] { return Committed(0) == kMessages; }));
  const std::vector<int64_t> rest = OffsetsIn(WorkOf(1));
  offsets.insert(offsets.end(), rest.begin(), rest.end());
  std::vector<int64_t> first_times;
  for (const int64_t offset : offsets) {
    if (first_times.empty() || offset > first_times.back()) first_times.push_back(offset);
  }
  EXPECT_EQ(first_times, all);
}

TEST_F(IntakeTest, AStoppedOneHasCommittedWhatItWrote) {
  Write(options_.topics.interactions, 0, {Sms("i1").SerializeAsString()});
  Replica& first = AddReplica();
  ASSERT_TRUE(HasWork(1, 1));
  first.Stop();
  EXPECT_EQ(Committed(0), 1);
  Write(options_.topics.interactions, 0, {Sms("i2").SerializeAsString()});
  AddReplica();
  ASSERT_TRUE(HasWork(1, 2));
  EXPECT_THAT(OffsetsIn(WorkOf(1)), ElementsAre(0, 1));
}

}  // namespace
}  // namespace trama::routing
