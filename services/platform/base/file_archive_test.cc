#include "services/platform/base/file_archive.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/temp_folder.h"

namespace trama::platform {
namespace {

class FileArchiveTest : public ::testing::Test {
 protected:
  FileArchive Small() {
    return FileArchive(folder_.path(), {.file_bytes = 100, .buffer_bytes = 30});
  }

  TempFolder folder_;
};

// As on a full disk: files may not grow beyond so many bytes while it lives.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(FileArchiveTest, WhatIsPutInIsReadAgainFromBufferAndFiles) {
  FileArchive archive = Small();
  std::vector<ArchivePlace> places;
  for (int i = 0; i < 50; ++i) {
    const auto place = archive.Append(absl::StrCat("record ", i));
    ASSERT_TRUE(place.has_value());
    places.push_back(*place);
  }
  EXPECT_GT(archive.file_count(), 3u);
  for (int i = 49; i >= 0; --i) {
    EXPECT_EQ(archive.Read(places[static_cast<size_t>(i)]), absl::StrCat("record ", i));
  }
  EXPECT_EQ(archive.Read(places[7]), "record 7");
  EXPECT_EQ(archive.Read(places[7]), "record 7");
}

TEST_F(FileArchiveTest, WhatIsReadInItsOrderIsRightWhileMoreIsPutInAndReleased) {
  FileArchive archive = Small();
  std::vector<ArchivePlace> places;
  const auto append = [&] {
    places.push_back(*archive.Append(absl::StrCat("record ", places.size())));
  };
  for (int i = 0; i < 20; ++i) append();
  for (size_t i = 0; i < 60; ++i) {
    EXPECT_EQ(archive.Read(places[i]), absl::StrCat("record ", i));
    if (i % 3 == 0) archive.Release(places[i]);
    append();
  }
  EXPECT_EQ(archive.Read(places[1]), "record 1");
  EXPECT_EQ(archive.Read(places[79]), "record 79");
}

TEST_F(FileArchiveTest, ARecordMayBeEmptyOrLongerThanTheBuffer) {
  FileArchive archive = Small();
  const auto empty = archive.Append("");
  const auto longer = archive.Append(std::string(90, 'x'));
  const auto next = archive.Append("next");
  EXPECT_EQ(archive.Read(*empty), "");
  EXPECT_EQ(archive.Read(*longer), std::string(90, 'x'));
  EXPECT_EQ(archive.Read(*next), "next");
}

TEST_F(FileArchiveTest, WhatIsTooLongIsNotTaken) {
  EXPECT_FALSE(Small().Append(std::string(101, 'x')).has_value());
  FileArchive archive(folder_.path());
  EXPECT_FALSE(archive.Append(std::string(FileArchive::kRecordBytesMax + 1, 'x')).has_value());
  const auto longest = archive.Append(std::string(FileArchive::kRecordBytesMax, 'x'));
  EXPECT_EQ(archive.Read(*longest).size(), FileArchive::kRecordBytesMax);
}

TEST_F(FileArchiveTest, AFileIsClosedWhenNothingInItIsNeeded) {
  FileArchive archive = Small();
  std::vector<ArchivePlace> places;
  for (int i = 0; i < 50; ++i) places.push_back(*archive.Append("0123456789"));
  EXPECT_EQ(archive.file_count(), 5u);
  for (size_t i = 0; i < 19; ++i) archive.Release(places[i]);
  EXPECT_EQ(archive.file_count(), 4u);
  archive.Release(places[19]);
  EXPECT_EQ(archive.file_count(), 3u);
  // That which is being filled stays until the next one begins.
  for (size_t i = 20; i < 50; ++i) archive.Release(places[i]);
  EXPECT_EQ(archive.file_count(), 1u);
  EXPECT_EQ(archive.Read(*archive.Append("new")), "new");
  EXPECT_EQ(archive.file_count(), 1u);
}

TEST_F(FileArchiveTest, ItsFilesHaveNoNames) {
  FileArchive archive = Small();
  for (int i = 0; i < 50; ++i) archive.Append("0123456789");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(FileArchiveTest, OnAFullDiskNothingIsLostAndNothingMoreIsTaken) {
  FileArchive archive = Small();
  std::vector<ArchivePlace> places;
  {
    const FullDisk full(35);
    while (const auto place = archive.Append(absl::StrCat("record ", places.size()))) {
      places.push_back(*place);
    }
    EXPECT_GT(places.size(), 3u);
    for (size_t i = 0; i < places.size(); ++i) {
      EXPECT_EQ(archive.Read(places[i]), absl::StrCat("record ", i));
    }
  }
  places.push_back(*archive.Append(absl::StrCat("record ", places.size())));
  for (size_t i = 0; i < places.size(); ++i) {
    EXPECT_EQ(archive.Read(places[i]), absl::StrCat("record ", i));
  }
}

TEST_F(FileArchiveTest, WithoutAFolderNothingIsTaken) {
  FileArchive archive(folder_.path() + "/nowhere");
  EXPECT_FALSE(archive.Append("x").has_value());
  EXPECT_EQ(CheckScratchFolder(folder_.path() + "/nowhere").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(CheckScratchFolder(folder_.path()).ok());
}

TEST(FileArchiveDeathTest, AFailingReadEndsTheProcess) {
  const TempFolder folder;
  FileArchive archive(folder.path(), {.file_bytes = 10, .buffer_bytes = 1});
  archive.Append("0123456789");
  archive.Append("0123456789");
  // A place behind the end of the first file.
  const ArchivePlace beyond{1 | uint64_t{1000} << 20};
  EXPECT_DEATH(archive.Read(beyond), "cannot be read any more");
}

}  // namespace
}  // namespace trama::platform
