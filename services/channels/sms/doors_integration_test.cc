// What comes in, on a real broker and a real Redis.

#include <algorithm>
#include <future>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/media_link.h"
#include "services/channels/common/raw_original.h"
#include "services/channels/sms/testing/sms_world.h"
#include "services/platform/kafka/cloud_event.h"

namespace trama::sms {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kCustomer;
using testing::kNumber;
using testing::kPublicUrl;
using testing::kToken;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kDoor[] = "/sms/demo/main";
constexpr char kStatusDoor[] = "/sms/demo/main/status?m=m1&c=c1&p=1";

class DoorsTest : public testing::SmsWorld {};

TEST_F(DoorsTest, SignedMessageBecomesAnInteraction) {
  const platform::HttpResponse answer = Post(kDoor, Message("SM1", "Hi & thanks"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(std::string(answer.headers.Get("Content-Type")), HasSubstr("text/xml"));
  EXPECT_THAT(answer.body, HasSubstr("<Response/>"));

  const auto records = InteractionRecords();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].key, absl::StrCat("demo/phone:", kCustomer));
  const auto attributes = platform::ParseEventHeaders(records[0]);
  ASSERT_TRUE(attributes.ok()) << attributes.status();
  EXPECT_EQ(attributes->source, "/trama/sms");
  EXPECT_EQ(attributes->type, "trama.interaction.v1.Interaction");
  EXPECT_THAT(attributes->traceparent, HasSubstr("0123456789abcdef0123456789abcdef"));
  const auto message = Interactions()[0];
  EXPECT_EQ(attributes->id, message.interaction_id());
  EXPECT_EQ(message.parts(0).text().body(), "Hi & thanks");
}

TEST_F(DoorsTest, OriginalIsKeptWholeWithoutItsSignature) {
  Post(kDoor, Message("SM1", "hello"));
  const interaction::v1::Interaction message = Interactions().at(0);
  EXPECT_THAT(message.raw_original(), HasSubstr("POST /sms/demo/main HTTP/1.1\r\n"));
  EXPECT_THAT(message.raw_original(), HasSubstr("Body=hello"));
  EXPECT_THAT(message.raw_original(), Not(HasSubstr("X-Twilio-Signature")));
  EXPECT_EQ(message.raw_content_type(), "message/http");
  EXPECT_THAT(message.raw_blob(), IsEmpty());
  EXPECT_EQ(blobs_.size(), 0u);
}

TEST_F(DoorsTest, LargeOriginalLiesInTheBlobStore) {
  const std::string text(channels::kHeldOriginalBytesMax, 'x');
  EXPECT_EQ(Post(kDoor, Message("SM1", text)).status, 200);
  const interaction::v1::Interaction message = Interactions().at(0);
  const auto blob = blobs_.Get(message.raw_blob(), 100'000);
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_THAT(blob->bytes, HasSubstr("Body=" + text));
  EXPECT_THAT(blob->bytes, Not(HasSubstr("X-Twilio-Signature")));
  EXPECT_THAT(message.raw_blob(), Not(HasSubstr("4155550123")));
  EXPECT_THAT(message.raw_original(), IsEmpty());
}

TEST_F(DoorsTest, WhatTheVendorDidNotSignIsRefusedWithoutAWord) {
  const platform::HttpResponse answer = Post(kDoor, Message("SM1", "x"), "bm90IGl0IGF0IGFsbA==");
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, IsEmpty());
  EXPECT_EQ(Post("/sms/demo/nobody", Message("SM1", "x")).status, 404);
  EXPECT_EQ(Post("/sms/demo", Message("SM1", "x")).status, 404);
  EXPECT_EQ(Post("/sms/demo/main/other", Message("SM1", "x")).status, 404);
  EXPECT_THAT(InteractionRecords(), IsEmpty());
  EXPECT_EQ(blobs_.size(), 0u);
}

TEST_F(DoorsTest, BeforeTheConfigurationIsReadTheVendorIsToComeAgain) {
  config_source_.Set(std::make_shared<platform::ConfigView>());
  const channels::MediaLink link{"demo", "main", "demo/ab/cd", absl::Now() + absl::Hours(1)};
  for (const platform::HttpResponse& answer :
       {Post(kDoor, Message("SM1", "early")), Post(kStatusDoor, Message("SM1", "")),
        Get(absl::StrCat("/sms/media/", channels::MakeMediaToken("sms", link, kToken)))}) {
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(std::string(answer.headers.Get("Retry-After")), Not(IsEmpty()));
  }
  EXPECT_THAT(InteractionRecords(), IsEmpty());

  SetAccountState(config::v1::ChannelAccountSpec::ON);
  EXPECT_EQ(Post(kDoor, Message("SM1", "early")).status, 200);
  EXPECT_EQ(Interactions().at(0).parts(0).text().body(), "early");
}

TEST_F(DoorsTest, GetWebhooksAreTakenToo) {
  const std::string query = EncodeForm(Message("SM1", "by get"));
  EXPECT_EQ(Get(absl::StrCat(kDoor, "?", query)).status, 200);
  EXPECT_EQ(Interactions().at(0).parts(0).text().body(), "by get");
}

// 50 messages, each delivered 20 times, shuffled, over 8 connections.
TEST_F(DoorsTest, ThousandShuffledRedeliveriesGiveEachMessageOneId) {
  std::vector<std::string> sids;
  for (int i = 0; i < 1000; ++i) sids.push_back(absl::StrCat("SM", i % 50));
  std::shuffle(sids.begin(), sids.end(), std::mt19937(7));
  std::atomic<size_t> next = 0;
  std::atomic<int> accepted = 0;
  std::vector<std::thread> connections;
  for (int c = 0; c < 8; ++c) {
    connections.emplace_back([&] {
      for (size_t i = next++; i < sids.size(); i = next++) {
        if (Post(kDoor, Message(sids[i], "text of " + sids[i])).status == 200) ++accepted;
      }
    });
  }
  for (std::thread& connection : connections) connection.join();
  EXPECT_EQ(accepted, 1000);

  std::map<std::string, std::set<std::string>> ids;  // By message.
  const auto interactions = Interactions();
  for (const auto& interaction : interactions) {
    ids[interaction.vendor_message_id()].insert(interaction.interaction_id());
  }
  EXPECT_THAT(ids, SizeIs(50));
  for (const auto& [sid, distinct] : ids) EXPECT_THAT(distinct, SizeIs(1)) << sid;
  // Two at once may both be written; a redelivery after the first was acknowledged is not.
  EXPECT_LE(interactions.size(), 50u * 8);
}

TEST_F(DoorsTest, RedeliveryIsAcknowledgedAndWritesNothing) {
  EXPECT_EQ(Post(kDoor, Message("SM1", "x")).status, 200);
  EXPECT_EQ(Post(kDoor, Message("SM1", "x")).status, 200);
  EXPECT_THAT(InteractionRecords(), SizeIs(1));
}

TEST_F(DoorsTest, OfManyThatAreLookedUpTogetherEachIsToldItsOwn) {
  const auto look_up = [&](const std::vector<std::vector<std::string>>& events) {
    std::vector<std::vector<std::string>> keys;
    for (const auto& ids : events) keys.push_back(seen_->KeysOf("demo", "main", ids));
    std::promise<std::vector<bool>> told;
    seen_->LookUp(std::move(keys), [&](const std::vector<bool>& all) { told.set_value(all); });
    return told.get_future().get();
  };
  EXPECT_THAT(look_up({{"SM1"}, {"SM2"}}), ElementsAre(false, false));

  seen_->Mark(seen_->KeysOf("demo", "main", {"SM1", "SM3"}));

  EXPECT_THAT(look_up({{"SM1"}}), ElementsAre(true));
  EXPECT_THAT(look_up({{"SM1"}, {"SM2"}, {}, {"SM1", "SM3"}, {"SM3", "SM4"}}),
              ElementsAre(true, false, false, true, false));
  EXPECT_THAT(look_up({{}, {}}), ElementsAre(false, false));

  redis_process_->Kill();
  EXPECT_THAT(look_up({{"SM1"}, {"SM2"}}), ElementsAre(false, false));
}

TEST_F(DoorsTest, WithoutRedisMessagesStillComeIn) {
  redis_process_->Kill();
  ASSERT_TRUE(Eventually([&] { return !redis_->connected(); }));
  EXPECT_EQ(Post(kDoor, Message("SM1", "x")).status, 200);
  EXPECT_THAT(InteractionRecords(), SizeIs(1));
}

TEST_F(DoorsTest, WithoutTheBlobStoreOnlyLargeOriginalsMustComeAgain) {
  const std::string text(channels::kHeldOriginalBytesMax, 'x');
  blobs_.FailWith(absl::UnavailableError("disk gone"));
  const platform::HttpResponse answer = Post(kDoor, Message("SM1", text));
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(answer.headers.Get("Retry-After").empty());
  EXPECT_THAT(InteractionRecords(), IsEmpty());
  EXPECT_EQ(Post(kDoor, Message("SM2", "x")).status, 200);

  blobs_.FailWith(absl::OkStatus());
  EXPECT_EQ(Post(kDoor, Message("SM1", text)).status, 200);
  EXPECT_THAT(InteractionRecords(), SizeIs(2));
}

// Nobody behind the door could tell whose the message is.
TEST_F(DoorsTest, WithoutTheIdentitySecretTheVendorMustComeAgain) {
  identity_secret_ = "env:MISSING";
  SetAccountState(config::v1::ChannelAccountSpec::ON);
  EXPECT_EQ(Post(kDoor, Message("SM1", "x")).status, 503);
  EXPECT_THAT(InteractionRecords(), IsEmpty());

  identity_secret_ = "env:IDENTITY";
  SetAccountState(config::v1::ChannelAccountSpec::ON);
  EXPECT_EQ(Post(kDoor, Message("SM1", "x")).status, 200);
  EXPECT_THAT(InteractionRecords(), SizeIs(1));
}

TEST_F(DoorsTest, WithoutKafkaTheVendorMustComeAgainAndTheIdIsNotMarked) {
  platform::KafkaConfig nowhere = config();
  nowhere.brokers = "127.0.0.1:1";
  nowhere.logger = [](const platform::KafkaLogLine&) {};
  ServeDoors(nowhere);
  EXPECT_EQ(Post(kDoor, Message("SM1", "x")).status, 503);
  ServeDoors(config());
  EXPECT_EQ(Post(kDoor, Message("SM1", "x")).status, 200);
  EXPECT_THAT(InteractionRecords(), SizeIs(1));
}

TEST_F(DoorsTest, GenuineRequestThatCannotBeReadGoesWholeToTheDeadLetters) {
  Params form = Message("SM1", "who wrote this?");
  form[0].first = "NotAMessageSid";
  EXPECT_EQ(Post(kDoor, form).status, 200);
  EXPECT_THAT(InteractionRecords(), IsEmpty());
  const auto letters = DeadLetters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].source(), "webhook:sms:demo/main");
  EXPECT_EQ(letters[0].workspace(), "demo");
  EXPECT_THAT(letters[0].reason(), HasSubstr("MessageSid"));
  EXPECT_THAT(letters[0].value(), HasSubstr("who%20wrote%20this"));
}

TEST_F(DoorsTest, MalformedRequestsGetAClearRefusal) {
  platform::HttpClientRequest request = Webhook(kDoor, Message("SM1", "x"));
  request.body = "Body=%zz";
  EXPECT_EQ(http_->SendBlocking(request).response.status, 400);
  request.body = std::string(200'000, 'a');
  EXPECT_EQ(http_->SendBlocking(request).response.status, 413);
  request = Webhook(kDoor, Message("SM1", "x"));
  request.method = "DELETE";
  EXPECT_EQ(http_->SendBlocking(request).response.status, 405);
  EXPECT_THAT(InteractionRecords(), IsEmpty());
}

TEST_F(DoorsTest, AccountThatIsOffTakesNothingAndADrainingOneNothingNew) {
  SetAccountState(config::v1::ChannelAccountSpec::OFF);
  EXPECT_EQ(Post(kDoor, Message("SM1", "x")).status, 404);
  SetAccountState(config::v1::ChannelAccountSpec::DRAINING);
  EXPECT_EQ(Post(kDoor, Message("SM1", "x")).status, 503);
  EXPECT_THAT(InteractionRecords(), IsEmpty());
  EXPECT_EQ(Post(kStatusDoor, {{"MessageSid", "SM9"}, {"MessageStatus", "sent"}}).status, 200);
  EXPECT_THAT(Deliveries(), SizeIs(1));
}

TEST_F(DoorsTest, StatusCallbackGoesToThePartitionThatTheMessageCarried) {
  const Params delivered = {{"MessageSid", "SM9"}, {"MessageStatus", "delivered"}};
  EXPECT_EQ(Post(kStatusDoor, delivered).status, 200);
  EXPECT_EQ(Post(kStatusDoor, delivered).status, 200);
  const auto receipts = Deliveries();
  ASSERT_THAT(receipts, SizeIs(1));
  EXPECT_EQ(receipts[0].message_id(), "m1");
  EXPECT_EQ(receipts[0].conversation_id(), "c1");
  EXPECT_EQ(receipts[0].status(), delivery::v1::STATUS_DELIVERED);
  EXPECT_THAT(InteractionRecords(), IsEmpty());
}

TEST_F(DoorsTest, UnknownStatusIsKeptAndAcknowledged) {
  EXPECT_EQ(Post(kStatusDoor, {{"MessageSid", "SM9"}, {"MessageStatus", "teleported"}}).status,
            200);
  EXPECT_THAT(DeadLetters(), SizeIs(1));
  EXPECT_THAT(Deliveries(), IsEmpty());
}

TEST_F(DoorsTest, OptOutIsAConsentEventAndStopsTheNextSendBeforeTheVendor) {
  EXPECT_EQ(Post(kDoor, Message("SM1", "stop")).status, 200);
  const auto interactions = Interactions();
  ASSERT_THAT(interactions, SizeIs(2));
  EXPECT_EQ(interactions[1].consent().action(), interaction::v1::Consent::ACTION_OPT_OUT);

  StartDelivery();
  WriteOutbound(Outbound("m1", "hello"));
  ASSERT_TRUE(Eventually([&] { return Story("m1") == "attempting#1 failed#1"; }));
  EXPECT_EQ(Deliveries().back().failure().reason(), delivery::v1::Failure::REASON_OPTED_OUT);
  EXPECT_THAT(vendor_.requests(), IsEmpty());

  EXPECT_EQ(Post(kDoor, Message("SM2", "START")).status, 200);
  WriteOutbound(Outbound("m2", "welcome back"));
  EXPECT_TRUE(Eventually([&] { return Story("m2") == "attempting#1 sent#1"; }));
}

}  // namespace
}  // namespace trama::sms
