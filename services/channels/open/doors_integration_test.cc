// What comes in, on a real broker and a real Redis.

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/raw_original.h"
#include "services/channels/open/signature.h"
#include "services/channels/open/testing/open_world.h"
#include "services/platform/kafka/cloud_event.h"

namespace trama::open_channel {
namespace {

using config::v1::ChannelAccountSpec;
using testing::Batch;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::EventOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Json;
using testing::kDoor;
using testing::kNextSecret;
using testing::kPresentSecret;
using testing::MessageEvent;
using ::testing::Not;
using ::testing::SizeIs;
using testing::StatusEvent;

class DoorsTest : public testing::OpenWorld {
 protected:
  void SetState(ChannelAccountSpec::State state) {
    Configure([state](ChannelAccountSpec& spec) { spec.set_state(state); });
  }
};

TEST_F(DoorsTest, BatchBecomesInteractionsInItsOrder) {
  const platform::HttpResponse answer =
      Post({MessageEvent("m1", "first"), MessageEvent("m2", "second"), EventOf("typing", "t1")});
  EXPECT_EQ(answer.headers.Get("Content-Type"), "application/json");
  EXPECT_THAT(Results(answer), ElementsAre("accepted", "accepted", "accepted"));

  const auto records = InteractionRecords();
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[0].key, "demo/channel:open/shop:u1");
  const auto attributes = platform::ParseEventHeaders(records[0]);
  ASSERT_TRUE(attributes.ok()) << attributes.status();
  EXPECT_EQ(attributes->source, "/trama/open");
  EXPECT_THAT(attributes->traceparent, HasSubstr("0123456789abcdef0123456789abcdef"));
  EXPECT_EQ(attributes->id, Interactions()[0].interaction_id());
  EXPECT_EQ(Interactions()[0].parts(0).text().body(), "first");
  EXPECT_EQ(Interactions()[1].parts(0).text().body(), "second");
}

TEST_F(DoorsTest, SignaturesAreCheckedByTheWallClock) {
  // The machine's time was an hour behind when the process began, and has been set since.
  const platform::FakeClock behind(absl::Now() - absl::Hours(1));
  process_clock_ = &behind;
  ServeDoors(config());
  EXPECT_THAT(Results(Post({MessageEvent("m1", "hello")})), ElementsAre("accepted"));
  EXPECT_EQ(Interactions().at(0).received_at().seconds(), absl::ToUnixSeconds(behind.Now()));
}

TEST_F(DoorsTest, OriginalIsKeptUnderItsUser) {
  Json event = MessageEvent("m1", "hello");
  event["loyalty"] = "gold";
  Post({event});
  event["loyalty"] = std::string(channels::kHeldOriginalBytesMax, 'g');
  event["message"]["id"] = "m2";
  Post({event});
  const interaction::v1::Interaction small = Interactions().at(0);
  EXPECT_THAT(small.raw_original(), HasSubstr("\"gold\""));
  EXPECT_EQ(small.raw_content_type(), "application/json");
  EXPECT_THAT(small.raw_blob(), IsEmpty());
  const interaction::v1::Interaction large = Interactions().at(1);
  const auto blob = blobs_.Get(large.raw_blob(), 100'000);
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_EQ(blob->bytes, event.dump());
  EXPECT_EQ(blob->content_type, "application/json");
  EXPECT_THAT(large.raw_original(), IsEmpty());
}

TEST_F(DoorsTest, RepeatsAreDuplicatesAndWriteNothing) {
  EXPECT_THAT(Results(Post({MessageEvent("m1", "x")})), ElementsAre("accepted"));
  EXPECT_THAT(Results(Post({MessageEvent("m1", "x"), MessageEvent("m2", "x")})),
              ElementsAre("duplicate", "accepted"));
  EXPECT_THAT(Interactions(), SizeIs(2));
}

TEST_F(DoorsTest, RefusedEventHindersNoOther) {
  Json wrong = MessageEvent("m2", "x");
  wrong["user"].erase("id");
  const platform::HttpResponse answer = Post({MessageEvent("m1", "x"), wrong});
  EXPECT_THAT(Results(answer), ElementsAre("accepted", "rejected"));
  const Json result = Json::parse(answer.body)["results"][1];
  EXPECT_EQ(result["field"], "events[1].user.id");
  EXPECT_EQ(result["reason"], "is missing");
  EXPECT_THAT(Interactions(), SizeIs(1));
  EXPECT_THAT(DeadLetters(), IsEmpty());
}

TEST_F(DoorsTest, WithoutTheSecretNothingComesInAndNothingIsLearned) {
  const std::string body = Batch({MessageEvent("m1", "x")});
  platform::HttpClientRequest request = Request(body, "not the secret at all");
  const platform::HttpResponse forged = Ask(request);
  EXPECT_EQ(forged.status, 401);
  request.headers.Remove("X-Trama-Signature");
  EXPECT_EQ(Ask(request).body, forged.body);
  request = Request(body);
  request.headers.Set("X-Trama-Timestamp", "1700000000");
  EXPECT_EQ(Ask(request).body, forged.body);
  EXPECT_EQ(Ask(Request(body, kPresentSecret, "/open/v1/demo/nobody/events")).status, 404);
  EXPECT_EQ(Ask(Request(body, kPresentSecret, "/open/v1/demo/shop")).status, 404);
  EXPECT_THAT(InteractionRecords(), IsEmpty());
  EXPECT_EQ(blobs_.size(), 0u);
}

TEST_F(DoorsTest, OverheardRequestCannotBePlayedBackLater) {
  const std::string body = Batch({MessageEvent("m1", "x")});
  platform::HttpClientRequest request = Request(body);
  for (const auto& [name, value] :
       SignRequest("r1", body, {kPresentSecret}, absl::Now() - kClockSkewMax - absl::Seconds(5))) {
    request.headers.Set(name, value);
  }
  EXPECT_EQ(Ask(request).status, 401);
}

TEST_F(DoorsTest, NextSecretIsTakenBesideThePresentOne) {
  const std::string body = Batch({MessageEvent("m1", "x")});
  EXPECT_EQ(Ask(Request(body, kNextSecret)).status, 401);
  Configure([](ChannelAccountSpec& spec) { spec.mutable_open()->add_secrets("env:NEXT"); });
  EXPECT_EQ(Ask(Request(body, kNextSecret)).status, 202);
  EXPECT_EQ(Ask(Request(body, kPresentSecret)).status, 202);
}

TEST_F(DoorsTest, SecretThatCannotBeUsedIsOurFault) {
  for (const char* reference : {"env:GONE", "env:SHORT"}) {
    Configure([&](ChannelAccountSpec& spec) { spec.mutable_open()->set_secrets(0, reference); });
    const platform::HttpResponse answer = Post({MessageEvent("m1", "x")});
    EXPECT_EQ(answer.status, 503) << reference;
    EXPECT_THAT(answer.body, Not(HasSubstr(reference)));
  }
}

TEST_F(DoorsTest, MalformedRequestsAreToldWhatIsWrong) {
  const auto refused = [this](const std::string& body) {
    const platform::HttpResponse answer = Ask(Request(body));
    return absl::StrCat(answer.status, " ", answer.body);
  };
  EXPECT_THAT(refused("events"), HasSubstr(R"(400 {"error":{"code":"malformed")"));
  EXPECT_THAT(refused(Batch({})), HasSubstr("400 "));
  EXPECT_THAT(refused(Batch(std::vector<Json>(101, MessageEvent("m1", "x")))),
              HasSubstr(R"(413 {"error":{"code":"too_many_events")"));
  EXPECT_THAT(refused(std::string(2'000'000, 'x')), HasSubstr("413 "));
  platform::HttpClientRequest request = Request("");
  request.method = "DELETE";
  EXPECT_EQ(Ask(request).status, 405);
  EXPECT_THAT(InteractionRecords(), IsEmpty());
}

TEST_F(DoorsTest, TooManyEventsAtOnceMustWait) {
  Configure([](ChannelAccountSpec& spec) { spec.mutable_open()->set_events_per_second_max(1); });
  std::vector<Json> events;
  for (int i = 0; i < 100; ++i) events.push_back(MessageEvent(absl::StrCat("m", i), "x"));
  EXPECT_THAT(Results(Post(events)), Each("accepted"));
  const platform::HttpResponse answer = Post(events);
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"rate_limited")"));
  EXPECT_FALSE(answer.headers.Get("Retry-After").empty());
}

TEST_F(DoorsTest, ReceiptGoesToThePartitionOfTheWorkspace) {
  const Json delivered = StatusEvent("s1", "m1", "c1", "delivered");
  EXPECT_THAT(Results(Post({delivered})), ElementsAre("accepted"));
  EXPECT_THAT(Results(Post({delivered})), ElementsAre("duplicate"));
  const auto receipts = Deliveries();
  ASSERT_THAT(receipts, SizeIs(1));
  EXPECT_EQ(receipts[0].message_id(), "m1");
  EXPECT_EQ(receipts[0].conversation_id(), "c1");
  EXPECT_EQ(receipts[0].status(), delivery::v1::STATUS_DELIVERED);
  EXPECT_THAT(InteractionRecords(), IsEmpty());
}

TEST_F(DoorsTest, AccountThatIsOffTakesNothingAndADrainingOneNothingNew) {
  SetState(ChannelAccountSpec::OFF);
  EXPECT_EQ(Post({MessageEvent("m1", "x")}).status, 404);
  SetState(ChannelAccountSpec::DRAINING);
  const platform::HttpResponse answer = Post({MessageEvent("m1", "x")});
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(answer.headers.Get("Retry-After").empty());
  EXPECT_THAT(InteractionRecords(), IsEmpty());
  EXPECT_THAT(Results(Post({StatusEvent("s1", "m1", "c1", "read")})), ElementsAre("accepted"));
}

TEST_F(DoorsTest, BeforeTheConfigurationIsReadTheIntegratorIsToComeAgain) {
  config_source_.Set(std::make_shared<platform::ConfigView>());
  const platform::HttpResponse answer = Post({MessageEvent("m1", "early")});
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(answer.headers.Get("Retry-After").empty());
}

TEST_F(DoorsTest, WithoutRedisEventsStillComeIn) {
  redis_process_->Kill();
  ASSERT_TRUE(Eventually([&] { return !redis_->connected(); }));
  EXPECT_THAT(Results(Post({MessageEvent("m1", "x")})), ElementsAre("accepted"));
  EXPECT_THAT(InteractionRecords(), SizeIs(1));
}

TEST_F(DoorsTest, WithoutTheBlobStoreTheWholeRequestMustComeAgain) {
  Json large = MessageEvent("m2", "x");
  large["loyalty"] = std::string(channels::kHeldOriginalBytesMax, 'g');
  const std::vector<Json> events = {MessageEvent("m1", "x"), large};
  blobs_.FailWith(absl::UnavailableError("disk gone"));
  const platform::HttpResponse answer = Post(events);
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(answer.headers.Get("Retry-After").empty());
  EXPECT_THAT(answer.body, Not(HasSubstr("disk")));
  EXPECT_THAT(InteractionRecords(), IsEmpty());
  blobs_.FailWith(absl::OkStatus());
  EXPECT_THAT(Results(Post(events)), ElementsAre("accepted", "accepted"));
}

TEST_F(DoorsTest, WithoutKafkaNothingIsMarkedAsSeen) {
  platform::KafkaConfig nowhere = config();
  nowhere.brokers = "127.0.0.1:1";
  nowhere.logger = [](const platform::KafkaLogLine&) {};
  ServeDoors(nowhere);
  EXPECT_EQ(Post({MessageEvent("m1", "x")}).status, 503);
  ServeDoors(config());
  EXPECT_THAT(Results(Post({MessageEvent("m1", "x")})), ElementsAre("accepted"));
}

}  // namespace
}  // namespace trama::open_channel
