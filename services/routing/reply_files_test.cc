#include "services/routing/reply_files.h"

#include <future>

#include "gtest/gtest.h"
#include "services/platform/blob/memory_blob_store.h"

namespace trama::routing {
namespace {

class ReplyFilesTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::ReplyRequest> Keep(const v1::ReplyRequest& request) {
    std::promise<absl::StatusOr<v1::ReplyRequest>> kept;
    KeepReplyFiles(blobs_, workers_, request,
                   [&](absl::StatusOr<v1::ReplyRequest> ready) { kept.set_value(ready); });
    return kept.get_future().get();
  }
  static v1::ReplyRequest WithFile(const std::string& name, const std::string& bytes) {
    v1::ReplyRequest request;
    request.set_workspace("demo");
    request.set_conversation_id("c1");
    request.add_parts()->mutable_text()->set_body("see the file");
    v1::File& file = *request.add_parts()->mutable_file();
    file.set_file_name(name);
    file.set_content_type("application/pdf");
    file.set_data(bytes);
    return request;
  }

  platform::MemoryBlobStore blobs_;
  platform::WorkerPool workers_{"test", 1, 8};
};

TEST_F(ReplyFilesTest, BytesBecomeAReferenceThatReadsBack) {
  const auto kept = Keep(WithFile("invoice.pdf", "%PDF"));
  ASSERT_TRUE(kept.ok()) << kept.status();
  const types::v1::Media& media = kept->parts(1).media();
  EXPECT_EQ(media.file_name(), "invoice.pdf");
  EXPECT_EQ(media.size_bytes(), 4);
  EXPECT_EQ(blobs_.Get(media.blob(), 100)->bytes, "%PDF");
  EXPECT_EQ(kept->parts(0).text().body(), "see the file");
}

TEST_F(ReplyFilesTest, ARepeatGivesTheSameReference) {
  EXPECT_EQ(Keep(WithFile("a.pdf", "x"))->parts(1).media().blob(),
            Keep(WithFile("a.pdf", "x"))->parts(1).media().blob());
}

TEST_F(ReplyFilesTest, AFoldersNameIsLeftOut) {
  EXPECT_EQ(Keep(WithFile("../../etc/passwd", "x"))->parts(1).media().file_name(), "passwd");
}

TEST_F(ReplyFilesTest, FilesBeyondTheLimitAreRefused) {
  EXPECT_EQ(Keep(WithFile("big", std::string(kReplyFilesBytesMax + 1, 'x'))).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ReplyFilesTest, ATextOnlyReplyPassesAsItIs) {
  v1::ReplyRequest request;
  request.add_parts()->mutable_text()->set_body("hello");
  EXPECT_EQ(Keep(request)->SerializeAsString(), request.SerializeAsString());
}

}  // namespace
}  // namespace trama::routing
