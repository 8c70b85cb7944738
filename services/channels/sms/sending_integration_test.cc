// What goes out, and the files of both directions, against a vendor on loopback.

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/sms/testing/sms_world.h"
#include "services/kernel/digest.h"

namespace trama::sms {
namespace {

namespace iv = interaction::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kCustomer;
using testing::kPublicUrl;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kMessages[] = "/2010-04-01/Accounts/AC1/Messages.json";
constexpr char kPng[] = "\x89PNG\r\n\x1a\nrest of the picture";

class SendingTest : public testing::SmsWorld {
 protected:
  // Writes one message and waits until its story is `story`.
  void ExpectStory(const std::string& id, const std::string& story) {
    WriteOutbound(Outbound(id, "hello"));
    Eventually([&] { return Story(id) == story; });
    EXPECT_EQ(Story(id), story);
  }
};

TEST_F(SendingTest, MessageIsSentWithCredentialsAndACallback) {
  StartDelivery();
  ExpectStory("m1", "attempting#1 sent#1");
  const auto requests = vendor_.requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].target, kMessages);
  EXPECT_THAT(requests[0].raw, HasSubstr(absl::StrCat("Authorization: Basic ",
                                                      absl::Base64Escape("AC1:auth-token"))));
  EXPECT_THAT(requests[0].body, HasSubstr("To=%2B14155550123&From=%2B14155550199&Body=hello"));
  EXPECT_THAT(requests[0].body, HasSubstr("status%3Fm%3Dm1%26c%3Dconv-m1%26p%3D1"));
  EXPECT_EQ(Deliveries().back().vendor_message_id(), "SM-sent-1");
  EXPECT_EQ(Deliveries().back().segments(), 1);
}

TEST_F(SendingTest, RateLimitIsRetriedAfterTheVendorsWait) {
  vendor_.AnswerJson(429, R"({"code":20429})", "Retry-After: 0\r\n");
  StartDelivery();
  ExpectStory("m1", "attempting#1 retrying#1 attempting#2 sent#2");
  EXPECT_THAT(vendor_.sends(), SizeIs(2));
}

TEST_F(SendingTest, ServiceUnavailableIsRetried) {
  vendor_.AnswerJson(503, "");
  StartDelivery();
  ExpectStory("m1", "attempting#1 retrying#1 attempting#2 sent#2");
}

TEST_F(SendingTest, ServerErrorIsRetriedOnceAfterTheWaitAndNotMore) {
  vendor_.AnswerJson(500, "");
  vendor_.AnswerJson(500, "");
  StartDelivery();
  ExpectStory("m1", "attempting#1 unknown#1 attempting#2 unknown#2 failed#2");
  EXPECT_THAT(vendor_.sends(), SizeIs(2));
}

TEST_F(SendingTest, ResetAfterTheRequestIsRetriedOnceAfterTheWait) {
  vendor_.Reset();
  StartDelivery();
  ExpectStory("m1", "attempting#1 unknown#1 attempting#2 sent#2");
  EXPECT_THAT(vendor_.sends(), SizeIs(2));
}

TEST_F(SendingTest, ResetOfAMessageThatTheVendorListsIsNotRetried) {
  vendor_.Reset();
  vendor_.SetPage(
      kMessages,
      {.body = absl::StrCat(
           R"({"messages":[{"sid":"SM77","to":"+14155550123","body":"hello",)",
           R"("direction":"outbound-api",)", R"("status":"sent","date_created":")",
           absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", clock_.Now(), absl::UTCTimeZone()),
           R"("}]})")});
  StartDelivery();
  ExpectStory("m1", "attempting#1 unknown#1 sent#1");
  EXPECT_EQ(Deliveries().back().vendor_message_id(), "SM77");
  EXPECT_THAT(vendor_.sends(), SizeIs(1));
}

TEST_F(SendingTest, ReceiptDuringTheWaitMakesARetryNeedless) {
  WaitForReceipts("60s");
  vendor_.Reset();
  StartDelivery();
  WriteOutbound(Outbound("m1", "hello"));
  ASSERT_TRUE(Eventually([&] { return Story("m1") == "attempting#1 unknown#1"; }));
  EXPECT_EQ(Post("/sms/demo/main/status?m=m1&c=conv-m1&p=1",
                 {{"MessageSid", "SM5"}, {"MessageStatus", "sent"}})
                .status,
            200);
  // The next message of the same conversation leaves only when the first one is settled.
  outbound::v1::OutboundMessage next = Outbound("m2", "next");
  next.set_conversation_id("conv-m1");
  WriteOutbound(next);
  EXPECT_TRUE(Eventually([&] { return Story("m2") == "attempting#1 sent#1"; }));
  EXPECT_THAT(vendor_.sends(), SizeIs(2));
  EXPECT_EQ(Story("m1"), "attempting#1 unknown#1 sent#0");
}

TEST_F(SendingTest, OptedOutIsFinalAndKnownFromThenOn) {
  vendor_.AnswerJson(400,
                     R"({"code":21610,"message":"Attempt to send to unsubscribed recipient"})");
  StartDelivery();
  ExpectStory("m1", "attempting#1 failed#1");
  EXPECT_EQ(Deliveries().back().failure().reason(), delivery::v1::Failure::REASON_OPTED_OUT);
  EXPECT_EQ(Deliveries().back().failure().vendor_code(), "21610");
  ExpectStory("m2", "attempting#1 failed#1");
  EXPECT_THAT(vendor_.sends(), SizeIs(1));
}

TEST_F(SendingTest, AccountThatIsOffFailsWithoutACall) {
  SetAccountState(config::v1::ChannelAccountSpec::OFF);
  StartDelivery();
  ExpectStory("m1", "failed#0");
  EXPECT_THAT(vendor_.requests(), IsEmpty());
}

TEST_F(SendingTest, FileIsServedToTheVendorForAsLongAsItsLinkLives) {
  types::v1::Identifier owner;
  owner.set_value(kCustomer);
  const auto blob = blobs_.Put("demo", channels::BlobOwnerKey("0123456789abcdef", owner),
                               "the picture", "image/png");
  ASSERT_TRUE(blob.ok());
  outbound::v1::OutboundMessage message = Outbound("m1", "look");
  types::v1::Media* media = message.add_parts()->mutable_media();
  media->set_blob(*blob);
  media->set_content_type("image/png");
  StartDelivery();
  WriteOutbound(message);
  ASSERT_TRUE(Eventually([&] { return Story("m1") == "attempting#1 sent#1"; }));

  const auto form = platform::DecodeForm(vendor_.sends().at(0));
  ASSERT_TRUE(form.ok());
  std::string url(Param(*form, "MediaUrl"));
  ASSERT_THAT(url, HasSubstr(absl::StrCat(kPublicUrl, "/sms/media/")));
  const std::string target = url.substr(std::string(kPublicUrl).size());
  const platform::HttpResponse file = Get(target);
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(file.body, "the picture");
  EXPECT_EQ(file.headers.Get("Content-Type"), "image/png");
  std::string forged = target;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(Get(forged).status, 404);
}

class MediaTest : public testing::SmsWorld {
 protected:
  // A message with one file at `path` of the vendor; gives the news of the file.
  iv::Interaction NewsOf(const std::string& path) {
    Params form = Message("MM1", "look");
    form[5].second = "1";
    form.emplace_back("MediaUrl0", vendor_.url() + path);
    form.emplace_back("MediaContentType0", "image/png");
    EXPECT_EQ(Post("/sms/demo/main", form).status, 200);
    StartMediaFetch();
    EXPECT_TRUE(Eventually([&] { return Interactions().size() == 2; }));
    return Interactions().back();
  }
};

TEST_F(MediaTest, FileIsFetchedWithCredentialsAndAmendsItsMessage) {
  vendor_.SetPage("/file", {.headers = "Content-Type: image/png\r\n", .body = kPng});
  const iv::Interaction news = NewsOf("/file");
  EXPECT_EQ(news.kind(), iv::KIND_MEDIA);
  EXPECT_EQ(news.amends_interaction_id(), Interactions().at(0).interaction_id());
  const types::v1::Media& media = news.parts(0).media();
  EXPECT_EQ(media.content_type(), "image/png");
  EXPECT_EQ(media.sha256(), HexSha256(kPng));
  const auto blob = blobs_.Get(media.blob(), 1000);
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_EQ(blob->bytes, kPng);
  EXPECT_THAT(vendor_.requests().at(0).raw, HasSubstr("Authorization: Basic"));
}

TEST_F(MediaTest, CredentialsAreNotForwardedToTheStorageHost) {
  testing::FakeVendor storage;
  storage.SetPage("/blob", {.body = kPng});
  vendor_.SetPage(
      "/file", {.status = 307, .headers = absl::StrCat("Location: ", storage.url(), "/blob\r\n")});
  EXPECT_THAT(NewsOf("/file").parts(0).media().fetch_error(), IsEmpty());
  EXPECT_THAT(storage.requests().at(0).raw, Not(HasSubstr("Authorization")));
}

// The vendor's address is as good as the hosts that it sends us to.
TEST_F(MediaTest, RedirectToAnotherHostIsNotFollowed) {
  testing::FakeVendor inside;
  const std::string elsewhere = absl::StrCat("http://localhost:", inside.url().substr(17), "/x");
  vendor_.SetPage("/file",
                  {.status = 302, .headers = absl::StrCat("Location: ", elsewhere, "\r\n")});
  EXPECT_THAT(NewsOf("/file").parts(0).media().fetch_error(), HasSubstr("not allowed"));
  EXPECT_THAT(inside.requests(), IsEmpty());
}

TEST_F(MediaTest, FileThatIsGoneOrTooLargeIsToldOnce) {
  EXPECT_EQ(NewsOf("/gone").parts(0).media().fetch_error(), "the vendor no longer has the file");
  EXPECT_THAT(vendor_.requests(), SizeIs(1));
}

TEST_F(MediaTest, TooLargeFileIsNotKept) {
  vendor_.SetPage("/big", {.body = std::string(1001, 'x')});
  EXPECT_EQ(NewsOf("/big").parts(0).media().fetch_error(), "the file is too large");
}

TEST_F(MediaTest, ServerErrorIsTriedAgain) {
  vendor_.SetPage("/file", {.status = 500});
  EXPECT_EQ(NewsOf("/file").parts(0).media().fetch_error(), "the vendor could not be reached");
  EXPECT_THAT(vendor_.requests(), SizeIs(3));
}

TEST_F(MediaTest, AddressOutsideTheVendorsHostsIsNeverAsked) {
  testing::FakeVendor inside;
  Params form = Message("MM1", "look");
  form[5].second = "1";
  form.emplace_back("MediaUrl0", absl::StrCat("http://localhost:", inside.url().substr(17), "/x"));
  EXPECT_EQ(Post("/sms/demo/main", form).status, 200);
  StartMediaFetch();
  ASSERT_TRUE(Eventually([&] { return Interactions().size() == 2; }));
  EXPECT_THAT(Interactions().back().parts(0).media().fetch_error(), HasSubstr("not allowed"));
  EXPECT_THAT(inside.requests(), IsEmpty());
}

TEST_F(MediaTest, WithoutTheBlobStoreTheFileIsFetchedLater) {
  vendor_.SetPage("/file", {.body = kPng});
  Params form = Message("MM1", "look");
  form[5].second = "1";
  form.emplace_back("MediaUrl0", vendor_.url() + "/file");
  EXPECT_EQ(Post("/sms/demo/main", form).status, 200);
  blobs_.FailWith(absl::UnavailableError("disk gone"));
  StartMediaFetch();
  ASSERT_TRUE(Eventually([&] { return vendor_.requests().size() >= 2; }));
  EXPECT_THAT(InteractionRecords(), SizeIs(1));
  blobs_.FailWith(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return Interactions().size() == 2; }));
  EXPECT_EQ(Interactions().back().parts(0).media().sha256(), HexSha256(kPng));
}

}  // namespace
}  // namespace trama::sms
