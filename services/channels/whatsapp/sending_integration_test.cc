// What goes out, and the files of both directions, against a vendor on loopback.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/whatsapp/json_fields.h"
#include "services/channels/whatsapp/testing/payloads.h"
#include "services/channels/whatsapp/testing/whatsapp_world.h"
#include "services/kernel/digest.h"

namespace trama::whatsapp {
namespace {

namespace iv = interaction::v1;
using delivery::v1::Failure;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: the vendor's bodies.

constexpr char kPng[] = "\x89PNG\r\n\x1a\nrest of the picture";

class SendingTest : public testing::WhatsAppWorld {
 protected:
  void Send(const std::string& id, const std::string& story) {
    WriteOutbound(Outbound(id, "hello"));
    ExpectStory(id, story);
  }
  // kPng, behind the parts that it has.
  outbound::v1::OutboundMessage WithPicture(outbound::v1::OutboundMessage message) {
    const auto blob = blobs_.Put("demo", "some conversation", kPng, "image/png");
    EXPECT_TRUE(blob.ok());
    types::v1::Media& media = *message.add_parts()->mutable_media();
    media.set_blob(blob.value_or(""));
    media.set_content_type("image/png");
    media.set_file_name("picture.png");
    return message;
  }
  Failure LastFailure() { return Deliveries().back().failure(); }
};

TEST_F(SendingTest, MessageIsSentWithTheAccessTokenAndOurIds) {
  StartDelivery();
  Send("m1", "attempting#1 sent#1");
  const auto requests = vendor_.requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].target, "/v26.0/900001/messages");
  EXPECT_THAT(requests[0].raw, HasSubstr("Authorization: Bearer access-token\r\n"));
  const Json body = *ParseJson(requests[0].body);
  EXPECT_EQ(body["to"], kWaId);
  EXPECT_EQ(body["text"]["body"], "hello");
  EXPECT_EQ(body["biz_opaque_callback_data"], "trama1:1:conv-m1:m1");
  EXPECT_EQ(Deliveries().back().vendor_message_id(), "wamid.sent-1");
}

TEST_F(SendingTest, StatusesOfTheVendorFollow) {
  StartDelivery();
  Send("m1", "attempting#1 sent#1");
  for (const char* status : {"sent", "delivered", "read"}) {
    EXPECT_EQ(Post(Statuses(Status("wamid.sent-1", status,
                                   R"(,"biz_opaque_callback_data":"trama1:1:conv-m1:m1")")))
                  .status,
              200);
  }
  ExpectStory("m1", "attempting#1 sent#1 sent#0 delivered#0 read#0");
}

TEST_F(SendingTest, ClosedWindowIsRefusedBeforeTheVendorIsCalled) {
  StartDelivery();
  outbound::v1::OutboundMessage late = Outbound("m1", "hello");
  channels::SetProto(clock_.Now() - absl::Seconds(1), late.mutable_session_window_until());
  WriteOutbound(late);
  ExpectStory("m1", "attempting#1 failed#1");
  EXPECT_EQ(LastFailure().reason(), Failure::REASON_WINDOW_CLOSED);
  EXPECT_THAT(vendor_.requests(), IsEmpty());

  outbound::v1::OutboundMessage approved = Outbound("m2", "");
  *approved.mutable_session_window_until() = late.session_window_until();
  types::v1::Template& given = *approved.add_parts()->mutable_template_();
  given.set_name("welcome_back");
  given.set_language("en_US");
  WriteOutbound(approved);
  ExpectStory("m2", "attempting#1 sent#1");
  EXPECT_EQ((*ParseJson(vendor_.sends().at(0)))["template"]["name"], "welcome_back");
}

TEST_F(SendingTest, WindowThatOnlyTheVendorKnowsIsToldTheSame) {
  vendor_.AnswerJson(400, R"({"error":{"message":"(#131047) Re-engagement message",)"
                          R"("code":131047}})");
  StartDelivery();
  Send("m1", "attempting#1 failed#1");
  EXPECT_EQ(LastFailure().reason(), Failure::REASON_WINDOW_CLOSED);
  EXPECT_EQ(LastFailure().vendor_code(), "131047");
}

TEST_F(SendingTest, ThroughputLimitIsRetried) {
  vendor_.AnswerJson(400, R"({"error":{"code":130429}})", "Retry-After: 0\r\n");
  StartDelivery();
  Send("m1", "attempting#1 retrying#1 attempting#2 sent#2");
}

TEST_F(SendingTest, ServerErrorIsRetriedOnceAfterTheWaitAndNotMore) {
  vendor_.AnswerJson(500, "");
  vendor_.AnswerJson(500, R"({"error":{"code":131000}})");
  StartDelivery();
  Send("m1", "attempting#1 unknown#1 attempting#2 unknown#2 failed#2");
  EXPECT_THAT(vendor_.sends(), SizeIs(2));
}

TEST_F(SendingTest, StatusDuringTheWaitMakesARetryNeedless) {
  vendor_.Reset();
  StartDelivery();
  outbound::v1::OutboundMessage first = Outbound("m1", "hello");
  first.set_channel_account("second");
  WriteOutbound(first);
  ASSERT_TRUE(Eventually([&] { return Story("m1") == "attempting#1 unknown#1"; }));
  EXPECT_EQ(Post(Statuses(Status("wamid.x", "sent",
                                 R"(,"biz_opaque_callback_data":"trama1:1:conv-m1:m1")")))
                .status,
            200);
  // The next message of the same conversation leaves only when the first one is settled.
  outbound::v1::OutboundMessage next = Outbound("m2", "next");
  next.set_conversation_id("conv-m1");
  WriteOutbound(next);
  ExpectStory("m2", "attempting#1 sent#1");
  EXPECT_THAT(vendor_.sends(), SizeIs(2));
  EXPECT_EQ(Story("m1"), "attempting#1 unknown#1 sent#0");
}

TEST_F(SendingTest, AccountThatIsOffFailsWithoutACall) {
  SetAccountStates(config::v1::ChannelAccountSpec::OFF, config::v1::ChannelAccountSpec::ON);
  StartDelivery();
  Send("m1", "failed#0");
  EXPECT_THAT(vendor_.requests(), IsEmpty());
}

TEST_F(SendingTest, FileIsUploadedAndThenSentByItsId) {
  const outbound::v1::OutboundMessage message = WithPicture(Outbound("m1", "look"));
  // The first upload is lost on the way: nothing has reached the customer.
  vendor_.Reset();
  vendor_.AnswerJson(200, R"({"id":"4711"})");
  StartDelivery();
  WriteOutbound(message);
  ExpectStory("m1", "attempting#1 retrying#1 attempting#2 sent#2");
  const auto requests = vendor_.requests();
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_EQ(requests[1].target, "/v26.0/900001/media");
  EXPECT_THAT(requests[1].body, HasSubstr(absl::StrCat("\r\n\r\n", kPng, "\r\n--")));
  const Json body = *ParseJson(requests[2].body);
  EXPECT_EQ(body["image"]["id"], "4711");
  EXPECT_EQ(body["image"]["caption"], "look");
}

TEST_F(SendingTest, FileThatIsLongerThanWasSaidIsSentAllTheSame) {
  outbound::v1::OutboundMessage message = WithPicture(Outbound("m1", "look"));
  message.mutable_parts()->rbegin()->mutable_media()->set_size_bytes(1);
  vendor_.AnswerJson(200, R"({"id":"4711"})");
  StartDelivery();
  WriteOutbound(message);
  ExpectStory("m1", "attempting#1 sent#1");
  EXPECT_THAT(vendor_.requests().at(0).body, HasSubstr(kPng));
}

TEST_F(SendingTest, FileThatIsGoneFailsWithoutACall) {
  outbound::v1::OutboundMessage message = Outbound("m1", "");
  types::v1::Media& media = *message.add_parts()->mutable_media();
  media.set_blob(absl::StrCat("demo/", std::string(64, 'a'), "/", std::string(64, 'b')));
  media.set_content_type("image/png");
  StartDelivery();
  WriteOutbound(message);
  ExpectStory("m1", "attempting#1 failed#1");
  EXPECT_EQ(LastFailure().detail(), "the file is gone");
  EXPECT_THAT(vendor_.requests(), IsEmpty());
}

class MediaTest : public testing::WhatsAppWorld {
 protected:
  // A message with a file of that hash, "4711" at the vendor; gives the news of the file.
  iv::Interaction NewsOf(const std::string& sha256 = "") {
    const std::string hash = sha256.empty() ? "" : absl::StrCat(R"("sha256":")", sha256, R"(",)");
    EXPECT_EQ(Post(OneMessage("wamid.1", absl::StrCat(R"("type":"image","image":{)", hash,
                                                      R"("mime_type":"image/png","id":"4711"})")))
                  .status,
              200);
    StartMediaFetch();
    EXPECT_TRUE(Eventually([&] { return Interactions().size() == 2; }));
    return Interactions().back();
  }
  // The vendor says that the file lies at `url`.
  void Place(const std::string& url) {
    vendor_.SetPage("/v26.0/4711", {.body = absl::StrCat(R"({"url":")", url, R"("})")});
  }
};

TEST_F(MediaTest, FileIsFetchedFromWhereTheVendorSaysAndAmendsItsMessage) {
  Place(vendor_.url() + "/cdn/file");
  vendor_.SetPage("/cdn/file", {.headers = "Content-Type: image/png\r\n", .body = kPng});
  const iv::Interaction news = NewsOf(HexSha256(kPng));
  EXPECT_EQ(news.kind(), iv::KIND_MEDIA);
  EXPECT_EQ(news.amends_interaction_id(), Interactions().at(0).interaction_id());
  const types::v1::Media& media = news.parts(0).media();
  EXPECT_EQ(media.fetch_error(), "");
  EXPECT_EQ(media.content_type(), "image/png");
  EXPECT_EQ(media.sha256(), HexSha256(kPng));
  const auto blob = blobs_.Get(media.blob(), 1000);
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_EQ(blob->bytes, kPng);
  const auto requests = vendor_.requests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].target, "/v26.0/4711?phone_number_id=900001");
  for (const auto& request : requests) {
    EXPECT_THAT(request.raw, HasSubstr("Authorization: Bearer access-token"));
  }
}

TEST_F(MediaTest, OtherBytesThanAnnouncedAreNotKept) {
  Place(vendor_.url() + "/cdn/file");
  vendor_.SetPage("/cdn/file", {.body = "another picture"});
  EXPECT_THAT(NewsOf(HexSha256(kPng)).parts(0).media().fetch_error(), HasSubstr("announced"));
}

TEST_F(MediaTest, AddressOutsideTheVendorsHostsIsNeverAskedAndGetsNoToken) {
  FakeGraph inside;
  Place(absl::StrCat("http://localhost:", inside.url().substr(17), "/file"));
  EXPECT_THAT(NewsOf().parts(0).media().fetch_error(), HasSubstr("not allowed"));
  EXPECT_THAT(inside.requests(), IsEmpty());
}

TEST_F(MediaTest, FileThatIsGoneIsToldOnce) {
  EXPECT_EQ(NewsOf().parts(0).media().fetch_error(), "the vendor no longer has the file");
  EXPECT_THAT(vendor_.requests(), SizeIs(1));
}

TEST_F(MediaTest, TooLargeFileIsNotKept) {
  Place(vendor_.url() + "/cdn/file");
  vendor_.SetPage("/cdn/file", {.body = std::string(1001, 'x')});
  EXPECT_EQ(NewsOf().parts(0).media().fetch_error(), "the file is too large");
}

TEST_F(MediaTest, ServerErrorIsTriedAgain) {
  vendor_.SetPage("/v26.0/4711", {.status = 500});
  EXPECT_EQ(NewsOf().parts(0).media().fetch_error(), "the vendor could not be reached");
  EXPECT_THAT(vendor_.requests(), SizeIs(3));
}

}  // namespace
}  // namespace trama::whatsapp
