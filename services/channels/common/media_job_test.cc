#include "services/channels/common/media_job.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::channels {
namespace {

namespace iv = interaction::v1;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

iv::Interaction Picture() {
  iv::Interaction message;
  message.set_interaction_id("i1");
  message.set_workspace("demo");
  message.set_channel("sms");
  message.set_channel_account("main");
  message.set_kind(iv::KIND_MESSAGE);
  message.set_vendor_message_id("MM1");
  message.mutable_sender()->mutable_identifier()->set_value("+14155550123");
  message.add_parts()->mutable_text()->set_body("look");
  message.add_parts()->mutable_media()->set_vendor_url("https://api.twilio.com/1");
  message.add_parts()->mutable_media()->set_vendor_url("https://api.twilio.com/2");
  return message;
}

TEST(MediaJobTest, EachFileThatIsStillWithTheVendorIsAJob) {
  const std::vector<MediaJob> jobs = MediaJobsOf(Picture(), "sms");
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_EQ(jobs[0].media().vendor_url(), "https://api.twilio.com/1");
  EXPECT_EQ(jobs[1].part, 2);
}

TEST(MediaJobTest, FilesOfOthersAndFetchedOnesAreNot) {
  iv::Interaction message = Picture();
  message.set_channel("email");
  EXPECT_THAT(MediaJobsOf(message, "sms"), IsEmpty());
  message = Picture();
  message.mutable_parts(1)->mutable_media()->set_blob("demo/x/y");
  EXPECT_THAT(MediaJobsOf(message, "sms"), SizeIs(1));
  message.set_kind(iv::KIND_MEDIA);
  EXPECT_THAT(MediaJobsOf(message, "sms"), IsEmpty());
}

TEST(MediaJobTest, AMessageWithoutFilesIsToldByItsBytes) {
  iv::Interaction message = Picture();
  const std::string with_files = message.SerializeAsString();
  EXPECT_TRUE(MayHaveFiles(with_files));
  message.clear_parts();
  EXPECT_FALSE(MayHaveFiles(message.SerializeAsString()));
  message.add_parts()->mutable_text()->set_body("look");
  message.set_raw_original(with_files);  // Bytes of a file's message that are no part.
  EXPECT_FALSE(MayHaveFiles(message.SerializeAsString()));
  EXPECT_FALSE(MayHaveFiles(""));
  for (size_t cut = 1; cut < with_files.size(); ++cut) {
    iv::Interaction read;
    const std::string start = with_files.substr(0, cut);
    // What is whole up to there says what it is; the rest may be anything.
    if (!read.ParseFromString(start) || !MediaJobsOf(read, "sms").empty()) {
      EXPECT_TRUE(MayHaveFiles(start)) << cut;
    }
  }
}

TEST(MediaJobTest, NewsOfAFileAmendsItsMessage) {
  const std::vector<MediaJob> jobs = MediaJobsOf(Picture(), "sms");
  const FetchedMedia fetched{"demo/x/y", "image/png", 3, "abc"};
  const iv::Interaction news = MediaArrived(jobs[1], fetched, kNow);
  EXPECT_EQ(news.kind(), iv::KIND_MEDIA);
  EXPECT_EQ(news.amends_interaction_id(), "i1");
  EXPECT_EQ(news.channel_facts().at("part"), "2");
  EXPECT_EQ(news.sender().identifier().value(), "+14155550123");
  const types::v1::Media& media = news.parts(0).media();
  EXPECT_EQ(media.blob(), "demo/x/y");
  EXPECT_EQ(media.content_type(), "image/png");
  EXPECT_EQ(media.size_bytes(), 3);
  EXPECT_EQ(media.sha256(), "abc");
  EXPECT_EQ(media.vendor_url(), "https://api.twilio.com/2");
}

TEST(MediaJobTest, RepeatedNewsHasTheSameIdAndAnotherFileAnotherOne) {
  const std::vector<MediaJob> jobs = MediaJobsOf(Picture(), "sms");
  EXPECT_EQ(MediaArrived(jobs[0], {}, kNow).interaction_id(),
            MediaFailed(jobs[0], "gone", kNow + absl::Hours(1)).interaction_id());
  EXPECT_NE(MediaArrived(jobs[0], {}, kNow).interaction_id(),
            MediaArrived(jobs[1], {}, kNow).interaction_id());
}

TEST(MediaJobTest, FileThatWillNotComeSaysWhy) {
  const iv::Interaction news =
      MediaFailed(MediaJobsOf(Picture(), "sms")[0], "the file is too large", kNow);
  EXPECT_EQ(news.parts(0).media().fetch_error(), "the file is too large");
  EXPECT_EQ(news.parts(0).media().blob(), "");
}

TEST(MediaJobTest, OnlySilenceIsWorthAnotherTry) {
  EXPECT_FALSE(IsFinalFetchError(absl::UnavailableError("")));
  EXPECT_FALSE(IsFinalFetchError(absl::DeadlineExceededError("")));
  EXPECT_TRUE(IsFinalFetchError(absl::NotFoundError("")));
  EXPECT_TRUE(IsFinalFetchError(absl::PermissionDeniedError("")));
  EXPECT_TRUE(IsFinalFetchError(absl::ResourceExhaustedError("")));
}

}  // namespace
}  // namespace trama::channels
