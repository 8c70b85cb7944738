// Attachments: fetched after the answer, from where a guarded fetcher may go.

#include <atomic>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/media_fetch.h"
#include "services/channels/open/media_source.h"
#include "services/channels/open/testing/open_world.h"
#include "services/kernel/digest.h"

namespace trama::open_channel {
namespace {

namespace iv = interaction::v1;
using testing::EventOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Json;

constexpr char kPng[] = "\x89PNG\r\n\x1a\nrest of the picture";

class MediaTest : public testing::OpenWorld {
 protected:
  void TearDown() override {
    fetch_.reset();
    OpenWorld::TearDown();
  }

  void StartFetch(std::vector<std::string> private_hosts) {
    platform::MediaLimits limits;
    limits.bytes_max = 1000;
    auto fetcher = platform::MediaFetcher::Create(
        io_.context(), {.trusted_hosts = std::move(private_hosts), .https_only = true}, limits);
    ASSERT_TRUE(fetcher.ok()) << fetcher.status();
    fetcher_ = *std::move(fetcher);
    source_ = std::make_unique<AttachmentSource>(*fetcher_);
    channels::MediaFetchOptions options;
    options.channel = "open";
    options.topic = interactions_;
    options.group = Unique("media");
    options.pause = absl::Milliseconds(20);
    options.is_ready = [this] {
      ++times_asked_;
      return is_ready_.load();
    };
    auto fetch = channels::MediaFetch::Start(config(), options, *source_, *archive_, *publisher_,
                                             io_.context(), clock_, metrics_, health_);
    ASSERT_TRUE(fetch.ok()) << fetch.status();
    fetch_ = *std::move(fetch);
  }

  // A message with one attachment at `path` of the integrator; gives the news of it.
  types::v1::Media NewsOf(const std::string& path, std::vector<std::string> private_hosts) {
    Json event = EventOf("message", "e1");
    event["message"] = {{"id", "m1"}, {"attachments", {{{"url", integrator_.url() + path}}}}};
    Post({event});
    StartFetch(std::move(private_hosts));
    EXPECT_TRUE(Eventually([&] { return Interactions().size() == 2; }));
    const iv::Interaction news = Interactions().back();
    EXPECT_EQ(news.kind(), iv::KIND_MEDIA);
    EXPECT_EQ(news.amends_interaction_id(), Interactions().at(0).interaction_id());
    return news.parts(0).media();
  }

  std::atomic<bool> is_ready_ = true;
  std::atomic<int> times_asked_ = 0;
  std::unique_ptr<platform::MediaFetcher> fetcher_;
  std::unique_ptr<AttachmentSource> source_;
  std::unique_ptr<channels::MediaFetch> fetch_;
};

TEST_F(MediaTest, AttachmentIsFetchedAndAmendsItsMessage) {
  integrator_.SetFile("/a.png?sig=1", kPng);
  const types::v1::Media media = NewsOf("/a.png?sig=1", {"127.0.0.1"});
  EXPECT_THAT(media.fetch_error(), IsEmpty());
  EXPECT_EQ(media.content_type(), "image/png");
  EXPECT_EQ(media.sha256(), HexSha256(kPng));
  const auto blob = blobs_.Get(media.blob(), 1000);
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_EQ(blob->bytes, kPng);
}

TEST_F(MediaTest, NoFileIsTriedOrGivenUpBeforeTheConfigurationIsRead) {
  is_ready_ = false;
  integrator_.SetFile("/a.png", kPng);
  Json event = EventOf("message", "e1");
  event["message"] = {{"id", "m1"}, {"attachments", {{{"url", integrator_.url() + "/a.png"}}}}};
  Post({event});
  StartFetch({"127.0.0.1"});
  // More often than the three tries that a file has.
  ASSERT_TRUE(Eventually([&] { return times_asked_ > 6; }));
  EXPECT_THAT(integrator_.requests(), IsEmpty());
  EXPECT_EQ(Interactions().size(), 1u);
  is_ready_ = true;
  ASSERT_TRUE(Eventually([&] { return Interactions().size() == 2; }));
  EXPECT_EQ(Interactions().back().parts(0).media().sha256(), HexSha256(kPng));
}

TEST_F(MediaTest, ARecordWithoutAValueHoldsUpNoFile) {
  platform::Record tombstone;
  tombstone.topic = interactions_;
  tombstone.partition = 0;
  tombstone.key = "demo";
  ASSERT_TRUE(producer_->ProduceAll({tombstone}, platform::testing::kWait).ok());
  integrator_.SetFile("/a.png", kPng);
  Json event = EventOf("message", "e1");
  event["message"] = {{"id", "m1"}, {"attachments", {{{"url", integrator_.url() + "/a.png"}}}}};
  Post({event});
  StartFetch({"127.0.0.1"});
  EXPECT_TRUE(Eventually([&] { return InteractionRecords().size() == 3; }));
}

TEST_F(MediaTest, AddressInsideIsNeverAsked) {
  integrator_.SetFile("/a.png", kPng);
  EXPECT_THAT(NewsOf("/a.png", {}).fetch_error(), HasSubstr("not allowed"));
  EXPECT_THAT(integrator_.requests(), IsEmpty());
}

TEST_F(MediaTest, AttachmentThatIsGoneOrTooLargeIsToldSo) {
  integrator_.SetFile("/big", std::string(1001, 'x'));
  EXPECT_EQ(NewsOf("/big", {"127.0.0.1"}).fetch_error(), "the file is too large");
}

}  // namespace
}  // namespace trama::open_channel
