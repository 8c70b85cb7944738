#include "services/config/applier.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/memory_revision_log.h"
#include "services/config/test_resources.h"
#include "services/kernel/errors.h"

namespace trama::config {
namespace {

using namespace testing;  // NOLINT: the builders of this service.

// Two replicas of the service over the same topics.
class ApplierTest : public ::testing::Test {
 protected:
  static std::function<std::string()> Ids(const std::string& prefix) {
    return [prefix, n = 0]() mutable { return prefix + std::to_string(++n); };
  }
  absl::Time deadline() { return clock_.Now() + absl::Seconds(10); }

  v1::ApplyRequest Change(const std::vector<v1::Resource>& resources,
                          const std::string& command_id = "") {
    v1::ApplyRequest request = Request(resources);
    request.set_command_id(command_id);
    return request;
  }

  const Caller root_{.subject = "root", .roles = {"admin"}};
  platform::FakeClock clock_;
  MemoryTopics topics_;
  MemoryRevisionLog log_a_{topics_};
  MemoryRevisionLog log_b_{topics_};
  Applier a_{log_a_, clock_, 4, Ids("a")};
  Applier b_{log_b_, clock_, 4, Ids("b")};
};

TEST_F(ApplierTest, RevisionsAreNumberedOverBothReplicas) {
  EXPECT_EQ(a_.Apply(root_, Change({Workspace("demo")}), deadline())->revision(), 1);
  EXPECT_EQ(b_.Apply(root_, Change({Queue("demo", "q")}), deadline())->revision(), 2);
  EXPECT_EQ(a_.Apply(root_, Change({Skill("demo", "s")}), deadline())->revision(), 3);
  EXPECT_EQ(log_b_.Current()->resources().size(), 3u);
}

TEST_F(ApplierTest, DryRunWritesNothing) {
  v1::ApplyRequest request = Change({Workspace("demo")});
  request.set_dry_run(true);
  const auto answer = a_.Apply(root_, request, deadline());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->changes(0).action(), v1::Change::ACTION_CREATED);
  EXPECT_TRUE(topics_.config.empty());
  EXPECT_EQ(topics_.epoch, 0);
}

TEST_F(ApplierTest, NothingChangedWritesNothing) {
  ASSERT_TRUE(a_.Apply(root_, Change({Workspace("demo")}), deadline()).ok());
  const size_t records = topics_.config.size();
  EXPECT_EQ(a_.Apply(root_, Change({Workspace("demo")}), deadline())->revision(), 1);
  EXPECT_EQ(topics_.config.size(), records);
}

TEST_F(ApplierTest, RefusedChangeWritesNothing) {
  EXPECT_EQ(a_.Apply(root_, Change({Queue("demo", "q")}), deadline()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(topics_.config.empty());
}

TEST_F(ApplierTest, RepeatedCommandGetsTheFirstAnswerFromAnyReplica) {
  const auto first = a_.Apply(root_, Change({Workspace("demo")}, "c1"), deadline());
  ASSERT_TRUE(first.ok()) << first.status();
  v1::DeleteRequest gone = DeleteOf({"Workspace//demo"});
  gone.set_command_id("c2");
  const auto deleted = a_.Delete(root_, gone, deadline());
  ASSERT_TRUE(deleted.ok()) << deleted.status();

  for (Applier* replica : {&a_, &b_}) {
    EXPECT_EQ(replica->Apply(root_, Change({Workspace("demo")}, "c1"), deadline())->DebugString(),
              first->DebugString());
    EXPECT_EQ(replica->Delete(root_, gone, deadline())->DebugString(), deleted->DebugString());
  }
  EXPECT_FALSE(log_a_.Current()->Has({"Workspace", "", "demo"})) << "the repeat created it again";
}

TEST_F(ApplierTest, SameIdOfAnotherCallerIsAnotherCommand) {
  ASSERT_TRUE(a_.Apply(root_, Change({Workspace("demo")}, "c1"), deadline()).ok());
  const Caller other{.subject = "other", .roles = {"admin"}};
  EXPECT_EQ(a_.Apply(other, Change({Queue("demo", "q")}, "c1"), deadline())->revision(), 2);
}

TEST_F(ApplierTest, LostCommitIsRepeatedOnce) {
  log_a_.set_fault(AppendFault::kLost);
  EXPECT_EQ(a_.Apply(root_, Change({Workspace("demo")}), deadline())->revision(), 1);
  EXPECT_EQ(log_a_.Current()->resources().size(), 1u);
}

TEST_F(ApplierTest, DoubtfulCommitThatStandsIsNotRepeated) {
  ASSERT_TRUE(a_.Apply(root_, Change({Workspace("demo")}), deadline()).ok());
  log_a_.set_fault(AppendFault::kWrittenLate);
  const auto answer = a_.Apply(root_, Change({Queue("demo", "q")}), deadline());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->revision(), 2);
  EXPECT_EQ(answer->changes(0).action(), v1::Change::ACTION_CREATED) << "not: unchanged";
}

TEST_F(ApplierTest, DoubtfulDeletionThatStandsIsNotNotFound) {
  ASSERT_TRUE(a_.Apply(root_, Change({Workspace("demo")}), deadline()).ok());
  log_a_.set_fault(AppendFault::kWrittenLate);
  const auto answer = a_.Delete(root_, DeleteOf({"Workspace//demo"}), deadline());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->revision(), 2);
}

TEST_F(ApplierTest, ExpectedRevisionIsThatOfTheLogNotOfTheReplica) {
  ASSERT_TRUE(a_.Apply(root_, Change({Workspace("demo")}), deadline()).ok());
  ASSERT_TRUE(b_.Apply(root_, Change({Queue("demo", "q")}), deadline()).ok());
  v1::ApplyRequest late = Change({Queue("demo", "r")});
  late.set_expected_revision(1);
  EXPECT_EQ(ErrorReason(a_.Apply(root_, late, deadline()).status()), "REVISION_CHANGED");
}

// A log that another replica takes over before every append.
class ContestedLog final : public RevisionLog {
 public:
  explicit ContestedLog(MemoryTopics& topics) : topics_(topics), inner_(topics) {}
  std::shared_ptr<const ConfigStore> Current() const override { return inner_.Current(); }
  absl::StatusOr<Owned> Own(absl::Time deadline) override { return inner_.Own(deadline); }
  absl::Status Append(const Revision& revision, absl::Time deadline) override {
    ++topics_.epoch;
    return inner_.Append(revision, deadline);
  }
  absl::Status ReadHistory(absl::Time deadline, const ChooseSpan& choose,
                           const TakeRecord& take) const override {
    return inner_.ReadHistory(deadline, choose, take);
  }

 private:
  MemoryTopics& topics_;
  MemoryRevisionLog inner_;
};

TEST_F(ApplierTest, GivesUpWhenReplicasFight) {
  ContestedLog log(topics_);
  Applier applier(log, clock_, 4, Ids("x"));
  const absl::Status status =
      applier.Apply(root_, Change({Workspace("demo")}), deadline()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ErrorReason(status), "REPLICAS_FIGHT");
  EXPECT_TRUE(topics_.config.empty());
}

TEST_F(ApplierTest, DoubtAtTheDeadlineIsToldAsUnavailable) {
  log_a_.set_fault(AppendFault::kLost);
  EXPECT_EQ(a_.Apply(root_, Change({Workspace("demo")}), clock_.Now()).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace trama::config
