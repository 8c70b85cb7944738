// What comes in, on a real broker and a real Redis.

#include <algorithm>
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/raw_original.h"
#include "services/channels/whatsapp/signature.h"
#include "services/channels/whatsapp/testing/payloads.h"
#include "services/channels/whatsapp/testing/whatsapp_world.h"
#include "services/platform/kafka/cloud_event.h"

namespace trama::whatsapp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using namespace testing;  // NOLINT: the vendor's bodies.

constexpr char kOurs[] = R"(,"biz_opaque_callback_data":"trama1:1:c1:m1")";
using Account = config::v1::ChannelAccountSpec;

class DoorsTest : public testing::WhatsAppWorld {
 protected:
  // One message of each of `count` customers to number `number_id`.
  static std::string Batch(int count, const std::string& number_id = kNumberId,
                           const std::string& prefix = "wamid.") {
    std::vector<std::string> messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back(Message(absl::StrCat(prefix, i), Text(absl::StrCat("text ", i)),
                                 absl::StrCat("US.", i), ""));
    }
    return Change(absl::StrCat(R"("messages":[)", absl::StrJoin(messages, ","), "]"), number_id);
  }
};

TEST_F(DoorsTest, ChallengeIsAnsweredToWhoKnowsTheTokenOnly) {
  const std::string base = "/whatsapp/demo/main?hub.mode=subscribe&hub.challenge=11%2055";
  const platform::HttpResponse fine = Get(base + "&hub.verify_token=verify-token");
  EXPECT_EQ(fine.status, 200);
  EXPECT_EQ(fine.body, "11 55");
  EXPECT_THAT(std::string(fine.headers.Get("Content-Type")), HasSubstr("text/plain"));
  for (const std::string& target :
       {base, base + "&hub.verify_token=wrong", base + "&hub.verify_token=",
        std::string("/whatsapp/demo/main?hub.challenge=1&hub.verify_token=verify-token"),
        std::string("/whatsapp/demo/main?hub.mode=subscribe&hub.verify_token=verify-token"),
        std::string("/whatsapp/demo/nobody?hub.mode=subscribe&hub.challenge=1"
                    "&hub.verify_token=verify-token")}) {
    EXPECT_EQ(Get(target).status, 403) << target;
  }
}

TEST_F(DoorsTest, SignedMessageBecomesAnInteraction) {
  const platform::HttpResponse answer = Post(OneMessage("wamid.1", Text("Hi")));
  EXPECT_EQ(answer.status, 200);
  const auto records = ReadAll(interactions_, 0);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].key, absl::StrCat("demo/channel:whatsapp/1020:", kUserId));
  const auto attributes = platform::ParseEventHeaders(records[0]);
  ASSERT_TRUE(attributes.ok()) << attributes.status();
  EXPECT_EQ(attributes->source, "/trama/whatsapp");
  EXPECT_THAT(attributes->traceparent, HasSubstr("0123456789abcdef0123456789abcdef"));
  EXPECT_EQ(Interactions()[0].parts(0).text().body(), "Hi");
}

TEST_F(DoorsTest, OriginalIsKeptToTheByteWithoutItsSignature) {
  const std::string body = OneMessage("wamid.1", Text("h\\u00e9llo"));
  Post(body);
  const std::string original = Interactions().at(0).raw_original();
  EXPECT_THAT(original, HasSubstr("POST /whatsapp/demo/main HTTP/1.1\r\n"));
  EXPECT_THAT(original, HasSubstr(body));
  EXPECT_THAT(original, Not(HasSubstr("Signature")));
  EXPECT_EQ(blobs_.size(), 0u);
}

TEST_F(DoorsTest, LargeOriginalLiesInTheBlobStore) {
  const std::string body =
      OneMessage("wamid.1", Text(std::string(channels::kHeldOriginalBytesMax, 'x')));
  EXPECT_EQ(Post(body).status, 200);
  const interaction::v1::Interaction message = Interactions().at(0);
  const auto blob = blobs_.Get(message.raw_blob(), 100'000);
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_THAT(blob->bytes, HasSubstr(body));
  EXPECT_THAT(message.raw_original(), IsEmpty());
}

TEST_F(DoorsTest, EitherSecretOfARotationSignsAndNoOther) {
  const std::string body = OneMessage("wamid.1", Text("x"));
  EXPECT_EQ(Post(body, ComputeSignature(kNextAppSecret, body)).status, 200);
  const platform::HttpResponse refused = Post(body, ComputeSignature("guess", body));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, IsEmpty());
  EXPECT_EQ(Post(body + " ", ComputeSignature(kAppSecret, body)).status, 403);
  EXPECT_EQ(Post(body, "", "/whatsapp/demo/nobody").status, 404);
  EXPECT_THAT(Interactions(), SizeIs(1));
}

TEST_F(DoorsTest, BatchOfSeveralNumbersReachesEveryAccountOfTheApp) {
  EXPECT_EQ(Post(Body(absl::StrCat(Batch(2), ",", Batch(1, "900002", "wamid.b")))).status, 200);
  std::vector<std::string> seen;
  std::set<std::string> originals;
  for (const auto& interaction : Interactions()) {
    seen.push_back(
        absl::StrCat(interaction.channel_account(), " ", interaction.vendor_message_id()));
    originals.insert(interaction.raw_original());
    EXPECT_THAT(interaction.raw_original(), HasSubstr(interaction.vendor_message_id()));
  }
  EXPECT_THAT(seen, UnorderedElementsAre("main wamid.0", "main wamid.1", "second wamid.b0"));
  EXPECT_THAT(originals, SizeIs(3));
  EXPECT_THAT(Interactions().at(0).raw_original(), Not(HasSubstr("text 1")));
}

TEST_F(DoorsTest, NumberOfAnotherAppCannotBeWrittenFor) {
  EXPECT_EQ(Post(Body(absl::StrCat(Batch(1), ",", Batch(1, "900003", "wamid.c")))).status, 200);
  ASSERT_THAT(Interactions(), SizeIs(1));
  EXPECT_EQ(Interactions()[0].channel_account(), "main");
  const auto letters = DeadLetters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].source(), "webhook:whatsapp:demo/main");
  EXPECT_THAT(letters[0].reason(), HasSubstr("900003"));
  EXPECT_THAT(letters[0].value(), HasSubstr("wamid.c0"));
  EXPECT_THAT(letters[0].value(), Not(HasSubstr("wamid.0")));
}

TEST_F(DoorsTest, LargeBatchIsTakenWholeAndNotWrittenAgain) {
  const std::string body = Body(Batch(300));
  ASSERT_TRUE(Eventually([&] { return Post(body).status == 200; }));
  const size_t written = Interactions().size();
  std::set<std::string> ids;
  for (const auto& interaction : Interactions()) ids.insert(interaction.interaction_id());
  EXPECT_THAT(ids, SizeIs(300));
  EXPECT_EQ(Post(body).status, 200);
  EXPECT_EQ(Interactions().size(), written);
}

TEST_F(DoorsTest, MessagesOfOneCustomerStayInOrder) {
  std::vector<std::string> messages;
  std::vector<std::string> sent;
  for (int i = 0; i < 20; ++i) {
    sent.push_back(absl::StrCat("wamid.", i));
    messages.push_back(Message(sent.back(), Text("x")));
  }
  EXPECT_EQ(
      Post(Body(Change(absl::StrCat(R"("messages":[)", absl::StrJoin(messages, ","), "]")))).status,
      200);
  std::vector<std::string> written;
  for (const auto& interaction : Interactions()) written.push_back(interaction.vendor_message_id());
  EXPECT_EQ(written, sent);
}

// 40 messages, each delivered 20 times, shuffled, over 8 connections.
TEST_F(DoorsTest, ShuffledRedeliveriesGiveEachMessageOneId) {
  std::vector<std::string> ids;
  for (int i = 0; i < 800; ++i) ids.push_back(absl::StrCat("wamid.", i % 40));
  std::shuffle(ids.begin(), ids.end(), std::mt19937(7));
  std::atomic<size_t> next = 0;
  std::atomic<int> accepted = 0;
  std::vector<std::thread> connections;
  for (int c = 0; c < 8; ++c) {
    connections.emplace_back([&] {
      for (size_t i = next++; i < ids.size(); i = next++) {
        if (Post(OneMessage(ids[i], Text("text of " + ids[i]))).status == 200) ++accepted;
      }
    });
  }
  for (std::thread& connection : connections) connection.join();
  EXPECT_EQ(accepted, 800);
  std::map<std::string, std::set<std::string>> distinct;  // By message.
  const auto interactions = Interactions();
  for (const auto& interaction : interactions) {
    distinct[interaction.vendor_message_id()].insert(interaction.interaction_id());
  }
  EXPECT_THAT(distinct, SizeIs(40));
  for (const auto& [id, same] : distinct) EXPECT_THAT(same, SizeIs(1)) << id;
  // Two at once may both be written; a redelivery after the first was acknowledged is not.
  EXPECT_LE(interactions.size(), 40u * 8);
}

TEST_F(DoorsTest, StatusGoesToThePartitionThatTheMessageCarried) {
  const std::string body = Statuses(Status("wamid.9", "delivered", kOurs));
  EXPECT_EQ(Post(body).status, 200);
  EXPECT_EQ(Post(body).status, 200);
  const auto receipts = Deliveries();
  ASSERT_THAT(receipts, SizeIs(1));
  EXPECT_EQ(receipts[0].message_id(), "m1");
  EXPECT_EQ(receipts[0].conversation_id(), "c1");
  EXPECT_EQ(receipts[0].status(), delivery::v1::STATUS_DELIVERED);
  EXPECT_EQ(receipts[0].vendor_message_id(), "wamid.9");
  EXPECT_THAT(Interactions(), IsEmpty());
}

TEST_F(DoorsTest, StatusesOfOthersAndNewsOfTheAccountAreAcknowledgedAndNotKept) {
  EXPECT_EQ(Post(Statuses(Status("wamid.9", "sent"))).status, 200);
  EXPECT_EQ(Post(Body(Change(R"("event":"APPROVED")", kNumberId, "message_template_status_update")))
                .status,
            200);
  EXPECT_THAT(Deliveries(), IsEmpty());
  EXPECT_THAT(DeadLetters(), IsEmpty());
}

TEST_F(DoorsTest, WhatCannotBeReadGoesToTheDeadLettersAndTheRestIsTaken) {
  EXPECT_EQ(Post(Body(Change(absl::StrCat(R"("messages":[)", Message("wamid.1", Text("fine")), ",",
                                          Message("", Text("who wrote this?")), R"(],"statuses":[)",
                                          Status("wamid.9", "teleported", kOurs), "]"))))
                .status,
            200);
  EXPECT_THAT(Interactions(), SizeIs(1));
  const auto letters = DeadLetters();
  ASSERT_THAT(letters, SizeIs(2));
  EXPECT_THAT(letters[0].value(), HasSubstr("who wrote this?"));
  EXPECT_THAT(letters[1].value(), HasSubstr("teleported"));
  EXPECT_EQ(Post("{\"object\":\"page\"}").status, 200);
  EXPECT_EQ(Post(Body(Change(R"("news":[1])", kNumberId, "telepathy"))).status, 200);
  EXPECT_THAT(DeadLetters(), SizeIs(4));
}

TEST_F(DoorsTest, DrainingAccountTakesStatusesAndTheVendorComesAgainForTheRest) {
  SetAccountStates(Account::ON, Account::DRAINING);
  const std::string body = Body(absl::StrCat(
      Batch(1), ",", Batch(1, "900002", "wamid.b"), ",",
      Change(absl::StrCat(R"("statuses":[)", Status("wamid.9", "sent", kOurs), "]"), "900002")));
  EXPECT_EQ(Post(body).status, 503);
  ASSERT_THAT(Interactions(), SizeIs(1));
  EXPECT_EQ(Interactions()[0].channel_account(), "main");
  EXPECT_THAT(Deliveries(), SizeIs(1));

  SetAccountStates(Account::ON, Account::ON);
  EXPECT_EQ(Post(body).status, 200);
  ASSERT_THAT(Interactions(), SizeIs(2));
  EXPECT_EQ(Interactions()[1].channel_account(), "second");
}

TEST_F(DoorsTest, AccountThatIsOffHasNoDoorAndItsMessagesAreKeptAside) {
  SetAccountStates(Account::OFF, Account::ON);
  EXPECT_EQ(Post(Body(Batch(1))).status, 404);
  EXPECT_EQ(Post(Body(Batch(1)), "", "/whatsapp/demo/second").status, 200);
  EXPECT_THAT(Interactions(), IsEmpty());
  ASSERT_THAT(DeadLetters(), SizeIs(1));
  EXPECT_THAT(DeadLetters()[0].reason(), HasSubstr("is off"));
}

TEST_F(DoorsTest, WithoutRedisMessagesStillComeIn) {
  redis_process_->Kill();
  ASSERT_TRUE(Eventually([&] { return !redis_->connected(); }));
  EXPECT_EQ(Post(OneMessage("wamid.1", Text("x"))).status, 200);
  EXPECT_THAT(Interactions(), SizeIs(1));
}

TEST_F(DoorsTest, WithoutTheBlobStoreALargeOriginalMustComeAgain) {
  const std::string body =
      OneMessage("wamid.1", Text(std::string(channels::kHeldOriginalBytesMax, 'x')));
  blobs_.FailWith(absl::UnavailableError("disk gone"));
  const platform::HttpResponse answer = Post(body);
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(answer.headers.Get("Retry-After").empty());
  EXPECT_THAT(Interactions(), IsEmpty());
  blobs_.FailWith(absl::OkStatus());
  EXPECT_EQ(Post(body).status, 200);
}

TEST_F(DoorsTest, WithoutKafkaTheVendorMustComeAgain) {
  const std::string body = Body(Batch(3));
  platform::KafkaConfig nowhere = config();
  nowhere.brokers = "127.0.0.1:1";
  nowhere.logger = [](const platform::KafkaLogLine&) {};
  ServeDoors(nowhere);
  EXPECT_EQ(Post(body).status, 503);
  EXPECT_THAT(Interactions(), IsEmpty());

  ServeDoors(config());
  EXPECT_EQ(Post(body).status, 200);
  EXPECT_THAT(Interactions(), SizeIs(3));
}

TEST_F(DoorsTest, TooMuchIsRefused) { EXPECT_EQ(Post(std::string(5 << 20, 'a')).status, 413); }

}  // namespace
}  // namespace trama::whatsapp
