#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/profile/testing_story.h"

// The service on a Redis that fails over to its replica; real redis-server processes.
namespace trama::profile {
namespace {

using testing::Email;
using testing::kAna;
using testing::kWorkspace;
using testing::Message;
using Stub = v1::ProfileService::Stub;

constexpr int kBefore = 5;  // Messages that the replica got, and that it did not get.
constexpr int kAfter = 5;

class ProfileFailoverTest : public testing::ProfileTest {
 protected:
  // A Redis with a replica, and one process of the service that knows both.
  void SetUp() override {
    ProfileTest::SetUp();
    if (HasFatalFailure()) return;
    auto standby = platform::RedisProcess::Start(
        {.arguments = {"--replicaof", absl::StrCat("127.0.0.1 ", world_.redis->port())}});
    ASSERT_TRUE(standby.ok()) << standby.status();
    world_.standby = *std::move(standby);
    replicas_.clear();
    AddReplica();
  }

  void SendMessages(const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i) Send(Message(absl::StrCat(prefix, i), kAna, i));
    WaitAllRead();
  }

  absl::StatusOr<v1::ListTimelineResponse> Timeline() {
    v1::ListTimelineRequest request;
    request.set_workspace(kWorkspace);
    *request.mutable_identifier() = kAna;
    request.set_page_size(100);
    return replica().Call("ana", request, &Stub::ListTimeline);
  }

  int64_t Keys(platform::RedisProcess& redis) { return std::stoll(redis.Tell("DBSIZE").substr(1)); }
};

TEST_F(ProfileFailoverTest, AFailoverThatLosesTheLastWritesLosesNoRow) {
  SendMessages("a", kBefore);
  ASSERT_EQ(replica().redis().CallBlocking({"WAIT", "1", "20000"}, absl::Seconds(30))->integer, 1);
  // From here on nothing reaches the replica any more.
  ASSERT_EQ(world_.standby->Tell("REPLICAOF 127.0.0.1 1"), "+OK");
  SendMessages("b", kAfter);
  const auto before = Timeline();
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_EQ(before->entries_size(), kBefore + kAfter);
  ASSERT_LT(Keys(*world_.standby), Keys(*world_.redis));

  world_.redis->Kill();
  EXPECT_EQ(Timeline().status().code(), absl::StatusCode::kUnavailable);
  ASSERT_EQ(world_.standby->Tell("REPLICAOF NO ONE"), "+OK");
  // No answer in between is wrong: it is whole, or there is none.
  absl::StatusOr<v1::ListTimelineResponse> after;
  ASSERT_TRUE(Eventually([&] { return (after = Timeline()).ok(); })) << after.status();
  EXPECT_EQ(after->SerializeAsString(), before->SerializeAsString());
  EXPECT_EQ(replica().redis().server().address, world_.standby->address());
  ASSERT_TRUE(Eventually([&] { return replica().ready(); }));
}

// The first server comes back as it was, without what was written to the other one.
TEST_F(ProfileFailoverTest, AServerThatWasLeftIsFilledBeforeItIsAskedAgain) {
  SendMessages("a", kBefore);
  ASSERT_EQ(replica().redis().CallBlocking({"WAIT", "1", "20000"}, absl::Seconds(30))->integer, 1);
  ASSERT_EQ(world_.standby->Tell("REPLICAOF NO ONE"), "+OK");
  world_.redis->Pause();
  ASSERT_TRUE(Eventually([&] {
    return replica().redis().server().address == world_.standby->address() && Timeline().ok();
  }));
  SendMessages("b", kAfter);
  world_.standby->Kill();
  world_.redis->Resume();
  absl::StatusOr<v1::ListTimelineResponse> after;
  ASSERT_TRUE(Eventually([&] {
    after = Timeline();
    return after.ok() && after->entries_size() == kBefore + kAfter;
  })) << after.status();
  EXPECT_EQ(replica().redis().server().address, world_.redis->address());
}

}  // namespace
}  // namespace trama::profile
