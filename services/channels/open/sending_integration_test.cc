// What goes out, to an integrator on loopback.

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/open/signature.h"
#include "services/channels/open/testing/open_world.h"

namespace trama::open_channel {
namespace {

using config::v1::ChannelAccountSpec;
using delivery::v1::Failure;
using ::testing::ElementsAre;
using testing::FakeIntegrator;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Json;
using testing::kNextSecret;
using testing::kPresentSecret;
using ::testing::SizeIs;

bool IsSignedWith(const FakeIntegrator::Request& request, const std::string& secret) {
  const std::string timestamp = request.Header("x-trama-timestamp");
  const std::string signature = request.Header("x-trama-signature");
  SignatureHeaders headers;
  headers.timestamp = timestamp;
  headers.signature = signature;
  return CheckSignature(headers, request.body, {secret}, absl::Now()).ok();
}

class SendingTest : public testing::OpenWorld {
 protected:
  // Writes one message and waits until its story is `story`.
  void ExpectStory(const std::string& id, const std::string& story) {
    WriteOutbound(Outbound(id, "hello"));
    Eventually([&] { return Story(id) == story; });
    EXPECT_EQ(Story(id), story);
  }
};

TEST_F(SendingTest, MessageIsASignedPostWithItsIdAsKey) {
  StartDelivery();
  ExpectStory("m1", "attempting#1 sent#1");
  const auto messages = integrator_.messages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].target, "/trama");
  EXPECT_EQ(messages[0].Header("idempotency-key"), "m1");
  EXPECT_EQ(messages[0].Header("content-type"), "application/json");
  EXPECT_TRUE(IsSignedWith(messages[0], kPresentSecret));
  const Json body = Json::parse(messages[0].body);
  EXPECT_EQ(body["message"]["text"], "hello");
  EXPECT_EQ(body["user"]["id"], "u1");
  EXPECT_EQ(Deliveries().back().vendor_message_id(), "x-1");
}

TEST_F(SendingTest, BothSecretsSignDuringARotation) {
  Configure([](ChannelAccountSpec& spec) { spec.mutable_open()->add_secrets("env:NEXT"); });
  StartDelivery();
  ExpectStory("m1", "attempting#1 sent#1");
  EXPECT_TRUE(IsSignedWith(integrator_.messages().at(0), kPresentSecret));
  EXPECT_TRUE(IsSignedWith(integrator_.messages().at(0), kNextSecret));
}

TEST_F(SendingTest, TroubleIsTriedAgainWithTheSameKeyAndBody) {
  integrator_.Answer(500);
  integrator_.Reset();
  integrator_.Answer(503, "", "Retry-After: 0\r\n");
  integrator_.Answer(429, "", "Retry-After: 0\r\n");
  StartDelivery();
  ExpectStory("m1",
              "attempting#1 retrying#1 attempting#2 retrying#2 attempting#3 retrying#3 "
              "attempting#4 retrying#4 attempting#5 sent#5");
  const auto messages = integrator_.messages();
  ASSERT_THAT(messages, SizeIs(5));
  for (const FakeIntegrator::Request& request : messages) {
    EXPECT_EQ(request.Header("idempotency-key"), "m1");
    EXPECT_EQ(request.body, messages[0].body);
  }
}

TEST_F(SendingTest, RetryAfterIsKept) {
  integrator_.Answer(503, "", "Retry-After: 3600\r\n");
  StartDelivery();
  ExpectStory("m1", "attempting#1 retrying#1");
  const delivery::v1::Delivery retrying = Deliveries().back();
  EXPECT_GE(retrying.next_attempt_at().seconds() - retrying.occurred_at().seconds(), 3599);
}

TEST_F(SendingTest, GoneIsFinal) {
  integrator_.Answer(410);
  StartDelivery();
  ExpectStory("m1", "attempting#1 failed#1");
  EXPECT_EQ(Deliveries().back().failure().vendor_code(), "http 410");
  EXPECT_THAT(integrator_.messages(), SizeIs(1));
}

TEST_F(SendingTest, MessagesOfOneConversationLeaveInOrder) {
  integrator_.Answer(500);
  StartDelivery();
  for (int i = 0; i < 5; ++i) {
    outbound::v1::OutboundMessage message = Outbound(absl::StrCat("m", i), "hello");
    message.set_conversation_id("c1");
    WriteOutbound(message);
  }
  ASSERT_TRUE(Eventually([&] { return Story("m4") == "attempting#1 sent#1"; }));
  std::vector<std::string> keys;
  for (const auto& request : integrator_.messages()) {
    keys.push_back(request.Header("idempotency-key"));
  }
  EXPECT_THAT(keys, ElementsAre("m0", "m0", "m1", "m2", "m3", "m4"));
}

TEST_F(SendingTest, FileIsServedToTheIntegratorForAsLongAsItsLinkLives) {
  types::v1::Identifier owner;
  owner.set_value("u1");
  const auto blob = blobs_.Put("demo", channels::BlobOwnerKey("0123456789abcdef", owner),
                               "the picture", "image/png");
  ASSERT_TRUE(blob.ok());
  outbound::v1::OutboundMessage message = Outbound("m1", "look");
  message.add_parts()->mutable_media()->set_blob(*blob);
  integrator_.Answer(500);
  StartDelivery();
  WriteOutbound(message);
  ASSERT_TRUE(Eventually([&] { return integrator_.messages().size() == 2; }));
  EXPECT_EQ(integrator_.messages()[0].body, integrator_.messages()[1].body);
  const std::string url =
      Json::parse(integrator_.messages()[0].body)["message"]["attachments"][0]["url"];
  const std::string base = "https://trama.firm.test";
  ASSERT_EQ(url.substr(0, base.size()), base);
  const auto get = [&](const std::string& target) {
    platform::HttpClientRequest request;
    request.url = *platform::ParseUrl(absl::StrCat("http://127.0.0.1:", server_->port(), target));
    return Ask(request);
  };
  std::string target = url.substr(base.size());
  EXPECT_EQ(get(target).body, "the picture");
  EXPECT_EQ(get(target).headers.Get("Content-Type"), "image/png");
  target.back() = target.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(get(target).status, 404);
  EXPECT_EQ(get("/open/files/").status, 404);
}

TEST_F(SendingTest, AddressInsideIsNotCalledUnlessTheOperatorAllowsIt) {
  StartDelivery(/*private_hosts=*/{});
  ExpectStory("m1", "attempting#1 failed#1");
  EXPECT_EQ(Deliveries().back().failure().reason(), Failure::REASON_NOT_AUTHORISED);
  // A name, over https, that leads inside.
  Configure([](ChannelAccountSpec& spec) {
    spec.mutable_open()->set_callback_url("https://localhost:9/trama");
  });
  ExpectStory("m2", "attempting#1 failed#1");
  EXPECT_THAT(integrator_.requests(), IsEmpty());
}

TEST_F(SendingTest, AccountThatOnlyTakesInSendsNothing) {
  Configure([](ChannelAccountSpec& spec) { spec.mutable_open()->clear_callback_url(); });
  StartDelivery();
  ExpectStory("m1", "attempting#1 failed#1");
  EXPECT_THAT(Deliveries().back().failure().detail(), HasSubstr("no callback_url"));
}

TEST_F(SendingTest, AccountThatIsOffFailsWithoutACall) {
  Configure([](ChannelAccountSpec& spec) { spec.set_state(ChannelAccountSpec::OFF); });
  StartDelivery();
  ExpectStory("m1", "failed#0");
  EXPECT_THAT(integrator_.requests(), IsEmpty());
}

TEST_F(SendingTest, ReceiptOfTheIntegratorSettlesAMessage) {
  integrator_.Answer(503, "", "Retry-After: 3600\r\n");
  StartDelivery();
  ExpectStory("m1", "attempting#1 retrying#1");
  EXPECT_THAT(Results(Post({testing::StatusEvent("s1", "m1", "conv-m1", "delivered")})),
              ElementsAre("accepted"));
  outbound::v1::OutboundMessage next = Outbound("m2", "next");
  next.set_conversation_id("conv-m1");
  WriteOutbound(next);
  EXPECT_TRUE(Eventually([&] { return Story("m2") == "attempting#1 sent#1"; }));
  EXPECT_THAT(integrator_.messages(), SizeIs(2));
}

}  // namespace
}  // namespace trama::open_channel
