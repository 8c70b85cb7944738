#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/applier.h"
#include "services/config/history_page.h"
#include "services/config/memory_revision_log.h"
#include "services/config/test_resources.h"
#include "services/kernel/errors.h"

namespace trama::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: the builders of this service.

// Real revisions in topics of memory, read as the service reads them.
class HistoryTest : public ::testing::Test {
 protected:
  absl::Time deadline() { return clock_.Now() + absl::Seconds(10); }

  void Apply(const std::string& author, const std::vector<v1::Resource>& resources) {
    const auto done =
        applier_.Apply({.subject = author, .roles = {"admin"}}, Request(resources), deadline());
    ASSERT_TRUE(done.ok()) << done.status();
    clock_.Advance(absl::Seconds(1));
  }
  void Delete(const std::vector<std::string>& keys) {
    ASSERT_TRUE(applier_.Delete(root_, DeleteOf(keys), deadline()).ok());
  }
  absl::StatusOr<v1::RollbackResponse> Rollback(int64_t revision, bool dry_run = false) {
    v1::RollbackRequest request;
    request.set_revision(revision);
    request.set_dry_run(dry_run);
    return applier_.Rollback(root_, request, deadline());
  }

  absl::StatusOr<v1::HistoryResponse> Read(const v1::HistoryRequest& request) {
    auto page = HistoryPage::For(request);
    if (!page.ok()) return page.status();
    const absl::Status read = log_.ReadHistory(
        deadline(), [&](const HistorySpan& whole) { return page->Choose(whole); },
        [&](const HistoryRecord& record) -> absl::StatusOr<bool> {
          return page->Take(record).ok();
        });
    if (!read.ok()) return read;
    return std::move(*page).Finish();
  }
  // "3 root" of each revision, over all pages.
  std::vector<std::string> All(v1::HistoryRequest request) {
    std::vector<std::string> lines;
    do {
      const auto page = Read(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::RevisionSummary& revision : page->revisions()) {
        lines.push_back(std::to_string(revision.revision()) + " " + revision.author());
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return lines;
  }

  const Caller root_{.subject = "root", .roles = {"admin"}};
  platform::FakeClock clock_;
  MemoryTopics topics_;
  MemoryRevisionLog log_{topics_};
  Applier applier_{log_, clock_, 4, [n = 0]() mutable { return std::to_string(++n); }};
};

TEST_F(HistoryTest, SaysWhoChangedWhatNewestFirst) {
  Apply("ana", {Workspace("demo"), Queue("demo", "q")});
  Apply("eva", {Workspace("demo"), Skill("demo", "s")});
  const auto page = Read({});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->revisions(), SizeIs(2));
  EXPECT_EQ(page->revisions(0).author(), "eva");
  ASSERT_THAT(page->revisions(0).changes(), SizeIs(1)) << "the workspace stayed as it was";
  EXPECT_EQ(page->revisions(0).changes(0).name(), "s");
  EXPECT_EQ(page->revisions(1).author(), "ana");
  EXPECT_EQ(page->revisions(0).applied_at().seconds() - page->revisions(1).applied_at().seconds(),
            1);
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(HistoryTest, AuthorIsTheCallerWhateverTheRequestSays) {
  v1::Resource forged = Workspace("demo");
  forged.mutable_metadata()->set_author("somebody-else");
  Apply("ana", {forged});
  EXPECT_THAT(All({}), ElementsAre("1 ana"));
  EXPECT_EQ(log_.Current()->Find({"Workspace", "", "demo"})->metadata().author(), "ana");
}

TEST_F(HistoryTest, PagesHoldEverythingOnce) {
  Apply("root", {Workspace("demo")});
  for (int i = 0; i < 6; ++i) Apply("root", {Queue("demo", "q" + std::to_string(i))});
  v1::HistoryRequest request;
  request.set_page_size(3);
  EXPECT_EQ(Read(request)->revisions_size(), 3);
  EXPECT_THAT(All(request),
              ElementsAre("7 root", "6 root", "5 root", "4 root", "3 root", "2 root", "1 root"));
}

TEST_F(HistoryTest, OneCallLooksThroughALimitedPart) {
  Apply("root", {Workspace("demo"), Queue("demo", "rare")});
  Revision often;
  often.plan.written = {Queue("demo", "often")};
  often.author = "root";
  while (topics_.history.size() < kHistoryOffsetsPerCall + 3) {
    for (RevisionRecord& record : HistoryRecords(often)) topics_.history.push_back(record);
  }
  v1::HistoryRequest request;
  *request.mutable_resource() = DeleteOf({"Queue/demo/rare"}).resources(0);
  const auto page = Read(request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->revisions(), IsEmpty());
  EXPECT_NE(page->next_page_token(), "");
  EXPECT_THAT(All(request), ElementsAre("1 root"));
}

TEST_F(HistoryTest, OfOneWorkspaceSaysNothingOfOthers) {
  Apply("root", {Workspace("demo"), Workspace("acme")});
  Apply("root", {Queue("acme", "q")});
  v1::HistoryRequest request;
  request.set_workspace("demo");
  const auto page = Read(request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->revisions(), SizeIs(1));
  ASSERT_THAT(page->revisions(0).changes(), SizeIs(1));
  EXPECT_EQ(page->revisions(0).changes(0).name(), "demo");
  EXPECT_EQ(page->revisions(0).changes_count(), 1);
}

TEST_F(HistoryTest, OfAResourceOrAKind) {
  Apply("root", {Workspace("demo"), Skill("demo", "s")});
  Apply("root", {Queue("demo", "a")});
  Apply("root", {Queue("demo", "b")});
  Delete({"Queue/demo/a"});
  v1::HistoryRequest request;
  request.mutable_resource()->set_kind("Queue");
  EXPECT_THAT(All(request), ElementsAre("4 root", "3 root", "2 root"));
  request.mutable_resource()->set_workspace("demo");
  request.mutable_resource()->set_name("a");
  EXPECT_THAT(All(request), ElementsAre("4 root", "2 root"));
}

TEST_F(HistoryTest, LongRevisionsAreCountedInFull) {
  std::vector<v1::Resource> many = {Workspace("demo")};
  for (int i = 0; i < 2 * kHistoryChangesMax; ++i) {
    many.push_back(Skill("demo", "s" + std::to_string(i)));
  }
  Apply("root", many);
  const auto page = Read({});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->revisions(0).changes_size(), kHistoryChangesMax);
  EXPECT_EQ(page->revisions(0).changes_count(), 2 * kHistoryChangesMax + 1);
}

TEST_F(HistoryTest, RefusesWhatItDoesNotKnow) {
  v1::HistoryRequest request;
  request.set_page_size(kHistoryPageMax + 1);
  EXPECT_EQ(Read(request).status().code(), absl::StatusCode::kInvalidArgument);
  request.set_page_size(0);
  request.set_page_token("x");
  EXPECT_EQ(Read(request).status().code(), absl::StatusCode::kInvalidArgument);
  request.clear_page_token();
  request.mutable_resource()->set_kind("Qeue");
  EXPECT_EQ(Read(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(HistoryTest, RollbackIsARevisionThatRestoresAnOldOne) {
  Apply("root", {Workspace("demo"), Queue("demo", "q")});
  v1::Resource wrong = Queue("demo", "q");
  wrong.mutable_queue()->set_order(77);
  Apply("root", {wrong, Skill("demo", "new")});
  Delete({"Queue/demo/q"});

  const auto back = Rollback(1);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->revision(), 4);
  const auto current = log_.Current();
  const v1::Resource* queue = current->Find({"Queue", "demo", "q"});
  ASSERT_NE(queue, nullptr);
  EXPECT_EQ(queue->queue().order(), 0);
  EXPECT_FALSE(current->Has({"Skill", "demo", "new"}));
  EXPECT_EQ(Read({})->revisions(0).restored_revision(), 1);

  const auto forward = Rollback(2);
  ASSERT_TRUE(forward.ok()) << forward.status();
  EXPECT_EQ(log_.Current()->Find({"Queue", "demo", "q"})->queue().order(), 77);
}

TEST_F(HistoryTest, RollbackToARevisionThatNeverWasIsNotFound) {
  Apply("root", {Workspace("demo")});
  const absl::Status missing = Rollback(2).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ErrorReason(missing), "UNKNOWN_REVISION");
}

TEST_F(HistoryTest, DryRunOfARollbackShowsTheFieldsAndWritesNothing) {
  Apply("root", {Workspace("demo"), Queue("demo", "q")});
  v1::Resource wrong = Queue("demo", "q");
  wrong.mutable_queue()->set_order(77);
  Apply("root", {wrong});
  const auto shown = Rollback(1, /*dry_run=*/true);
  ASSERT_TRUE(shown.ok()) << shown.status();
  ASSERT_THAT(shown->differences(), SizeIs(1));
  EXPECT_EQ(shown->differences(0).fields(0).field(), "spec.order");
  EXPECT_EQ(shown->differences(0).fields(0).before(), "77");
  EXPECT_EQ(log_.Current()->revision(), 2);
}

}  // namespace
}  // namespace trama::config
