#include <chrono>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "services/config/applier.h"
#include "services/config/config_service.h"
#include "services/config/memory_revision_log.h"
#include "services/kernel/resources/identifiers.h"
#include "services/platform/blob/folder_blob_store.h"
#include "tools/cli/cli_fixture.h"
#include "tools/cli/customer_who.h"
#include "tools/cli/json.h"

namespace trama::tramactl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kSecret[] = "0123456789abcdef";

// The commands, the service that knows the workspace, and a folder of blobs.
class BlobCommandsTest : public testing::CliTest {
 protected:
  void SetUp() override {
    Serve(server_);
    const std::string secret = folder_.Write("identity", kSecret);
    const std::string workspace = absl::StrCat(
        "{apiVersion: trama/v1, kind: Workspace, metadata: {name: demo}, spec: {timeZone: "
        "America/Sao_Paulo, defaultRegion: BR, identitySecret: 'file:",
        secret, "'}}\n");
    ASSERT_EQ(Run({"apply", "-f", folder_.Write("workspace.yaml", workspace)}).exit, 0);
    auto opened = platform::FolderBlobStore::Open({.folder = blobs()});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    variables_["TRAMA_BLOB_DIR"] = blobs();
  }

  std::string blobs() const { return folder_.path() + "/blobs"; }
  // As a channel keeps a file of its customer.
  std::string Put(const std::string& identifier, const std::string& bytes) {
    const std::string key = BlobOwnerKey(kSecret, *ParseIdentifierText(identifier));
    return *store_->Put("demo", key, bytes, "");
  }
  bool IsThere(const std::string& reference) { return store_->Get(reference, 1000).ok(); }
  void Age(const std::string& reference, std::chrono::hours age) {
    const std::string sha256 = platform::ParseBlobReference(reference)->sha256;
    for (const auto& file : std::filesystem::recursive_directory_iterator(blobs())) {
      if (file.path().filename() == sha256) {
        last_write_time(file, std::filesystem::file_time_type::clock::now() - age);
      }
    }
  }

  platform::SystemClock clock_;
  config::ConfigMetrics metrics_{fixture_.metrics()};
  config::MemoryTopics topics_;
  config::MemoryRevisionLog log_{topics_};
  config::Applier applier_{log_, clock_, 4, [n = 0]() mutable { return std::to_string(++n); }};
  config::ConfigServer server_{fixture_.gate(), applier_, log_, metrics_};
  std::unique_ptr<platform::FolderBlobStore> store_;
};

TEST_F(BlobCommandsTest, ErasesAPersonByAllIdentifiersAndNobodyElse) {
  const std::string mail = Put("email:maria@customer.test", "a mail");
  const std::string picture = Put("phone:+5511987654321", "a picture");
  const std::string chat = Put("channel:whatsapp/1:BR.9", "a voice");
  const std::string others = Put("email:paulo@customer.test", "a mail");
  const Result result = Run({"blobs", "erase", "demo", "Maria@Customer.TEST", "11 98765-4321",
                             "channel:whatsapp/1:BR.9", "-o", "json"});
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out),
            Json::parse(R"([{"owner": "email:maria@customer.test", "erased": 1},
                            {"owner": "phone:+5511987654321", "erased": 1},
                            {"owner": "channel:whatsapp/1:BR.9", "erased": 1}])"));
  for (const std::string& erased : {mail, picture, chat}) EXPECT_FALSE(IsThere(erased));
  EXPECT_TRUE(IsThere(others));
}

TEST_F(BlobCommandsTest, ErasesTheFilesOfRepliesByTheirConversation) {
  const std::string reply = *store_->Put("demo", "conv-1", "an invoice", "");
  variables_.erase("TRAMA_ENDPOINTS");  // No service is asked.
  const Result result = Run({"blobs", "erase", "demo", "--conversation", "conv-1"});
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_FALSE(IsThere(reply));
}

TEST_F(BlobCommandsTest, TheIdentitySecretMayLieElsewhere) {
  const std::string mail = Put("email:maria@customer.test", "a mail");
  variables_.erase("TRAMA_ENDPOINTS");
  const Result wrong = Run({"blobs", "erase", "demo", "maria@customer.test", "--identity-secret",
                            "file:" + folder_.path() + "/nothing"});
  EXPECT_EQ(wrong.exit, 1);
  EXPECT_THAT(wrong.err, HasSubstr("--identity-secret"));
  const Result result = Run({"blobs", "erase", "demo", "maria@customer.test", "--identity-secret",
                             "file:" + folder_.path() + "/identity"});
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_FALSE(IsThere(mail));
}

TEST_F(BlobCommandsTest, NothingIsErasedWhenOneIdentifierIsWrong) {
  const std::string mail = Put("email:maria@customer.test", "a mail");
  const Result result = Run({"blobs", "erase", "demo", "maria@customer.test", "telegraph:1"});
  EXPECT_EQ(result.exit, 2) << result.out;
  EXPECT_TRUE(IsThere(mail));
}

TEST_F(BlobCommandsTest, WrongUseIsSaid) {
  EXPECT_THAT(Run({"blobs", "erase", "demo"}).err, HasSubstr("whose blobs?"));
  EXPECT_EQ(Run({"blobs", "erase", "../x", "--conversation", "c"}).exit, 2);
  EXPECT_EQ(Run({"blobs", "erase", "nobody", "maria@customer.test"}).exit, 1) << "no workspace";
  for (const char* age : {"30", "d", "-1d", "0s", "23h", "inf", "99999999999999999d"}) {
    EXPECT_EQ(Run({"blobs", "expire", "--older-than", age}).exit, 2) << age;
  }
  const Result both = Run({"blobs", "expire", "--older-than", "30d", "--blob-url", "file:///x"});
  EXPECT_EQ(both.exit, 2);
  EXPECT_THAT(both.err, HasSubstr("either --blob-dir or --blob-url"));
  const std::string missing = folder_.path() + "/misspelled";
  EXPECT_NE(Run({"blobs", "expire", "--older-than", "30d", "--blob_dir", missing}).exit, 0);
  EXPECT_FALSE(std::filesystem::exists(missing));
}

TEST_F(BlobCommandsTest, ExpiresWhatIsOldAndCountsItBefore) {
  const std::string old_one = Put("email:maria@customer.test", "old");
  const std::string young = Put("email:maria@customer.test", "young");
  Age(old_one, std::chrono::hours(24 * 31));
  Age(young, std::chrono::hours(24 * 29));
  const Result dry = Run({"blobs", "expire", "--older_than", "30d", "--dry_run"});
  EXPECT_EQ(dry.out, "1 of 2 blobs would be erased\n") << dry.err;
  EXPECT_TRUE(IsThere(old_one));
  const Result done = Run({"blobs", "expire", "--older_than", "30d"});
  EXPECT_EQ(done.out, "1 of 2 blobs are erased\n") << done.err;
  EXPECT_FALSE(IsThere(old_one));
  EXPECT_TRUE(IsThere(young));
}

TEST_F(BlobCommandsTest, ExpiryGoesOnBehindAPlace) {
  const std::string first = Put("email:maria@customer.test", "one");
  const std::string second = Put("email:maria@customer.test", "two");
  const Result result =
      Run({"blobs", "expire", "--older-than", "30d", "--after", std::min(first, second)});
  EXPECT_EQ(result.out, "0 of 1 blobs are erased\n") << result.err;
}

}  // namespace
}  // namespace trama::tramactl
