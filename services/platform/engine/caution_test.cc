#include "services/platform/engine/caution.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

constexpr char kIn[] = "in";

// The changelog as it is written and read back.
class Log {
 public:
  void Write(const RowChange& row) { rows_[row.key] = *row.value; }
  void Write(const std::vector<RowChange>& rows) {
    for (const RowChange& row : rows) Write(row);
  }
  LoopRows Read() const {
    LoopRows rows;
    for (const auto& [key, value] : rows_) EXPECT_TRUE(rows.Load(key, value).ok());
    return rows;
  }
  // A takeover: the incarnation row is always there after the first.
  Caution TakeOver(bool died, int64_t end) {
    Caution caution(Read(), died, {{kIn, end}});
    Write(caution.TakeoverRows());
    Write(IncarnationChange(++incarnation_));
    return caution;
  }

 private:
  std::map<std::string, std::string> rows_;
  int64_t incarnation_ = 0;
};

TEST(CautionTest, TheFirstOwnerAppliesRecordsTogether) {
  Log log;
  EXPECT_EQ(log.TakeOver(false, 100).WayOf(kIn, 5), Caution::Way::kTogether);
}

TEST(CautionTest, OneDeathIsNoReasonForCaution) {
  Log log;
  log.TakeOver(false, 0);
  EXPECT_EQ(log.TakeOver(true, 100).WayOf(kIn, 5), Caution::Way::kTogether);
}

TEST(CautionTest, AfterTwoDeathsInARowRecordsThatTheDeadCouldHaveSeenAreAppliedAlone) {
  Log log;
  log.TakeOver(false, 0);
  log.TakeOver(true, 100);
  const Caution caution = log.TakeOver(true, 100);
  EXPECT_EQ(caution.WayOf(kIn, 99), Caution::Way::kAlone);
  EXPECT_EQ(caution.WayOf(kIn, 100), Caution::Way::kTogether);
}

TEST(CautionTest, AnOwnerThatLeftInOrderWipesTheDeathsOut) {
  Log log;
  log.TakeOver(false, 0);
  log.TakeOver(true, 100);
  log.TakeOver(true, 100);
  log.Write(Caution::Left());
  EXPECT_EQ(log.TakeOver(true, 100).WayOf(kIn, 5), Caution::Way::kTogether);
}

TEST(CautionTest, LosingTouchWithTheBrokerIsNoDeath) {
  Log log;
  log.TakeOver(false, 0);
  for (int i = 0; i < 10; ++i) log.TakeOver(false, 100);
  EXPECT_EQ(log.TakeOver(false, 100).WayOf(kIn, 5), Caution::Way::kTogether);
}

TEST(CautionTest, AnOwnerThatHasCaughtUpWipesTheDeathsOut) {
  Log log;
  log.TakeOver(false, 0);
  Caution caution = log.TakeOver(true, 100);
  log.Write(*caution.Lived());
  EXPECT_EQ(log.TakeOver(true, 100).WayOf(kIn, 5), Caution::Way::kTogether);
}

TEST(CautionTest, WithoutDeathsThereIsNothingToForget) {
  Log log;
  EXPECT_EQ(log.TakeOver(false, 100).Lived(), std::nullopt);
}

TEST(CautionTest, TheThirdDeathAtOneRecordSetsItAside) {
  Log log;
  log.TakeOver(false, 0);
  log.TakeOver(true, 100);
  for (int death = 1; death <= Caution::kDeathsMax; ++death) {
    Caution caution = log.TakeOver(true, 100);
    ASSERT_EQ(caution.WayOf(kIn, 5), Caution::Way::kAlone) << death;
    log.Write(caution.AboutToApply(kIn, 5));
  }
  const Caution caution = log.TakeOver(true, 100);
  EXPECT_EQ(caution.WayOf(kIn, 5), Caution::Way::kDeadLetter);
  EXPECT_EQ(caution.WayOf(kIn, 6), Caution::Way::kAlone);
}

TEST(CautionTest, DeathsElsewhereDoNotCountAgainstARecord) {
  Log log;
  log.TakeOver(false, 0);
  log.TakeOver(true, 100);
  for (int death = 1; death <= 10; ++death) {
    // Passes record 5 alone and dies later, on something else.
    Caution caution = log.TakeOver(true, 100);
    log.Write(caution.AboutToApply(kIn, death));
    log.Write(caution.Passed(kIn, death));
  }
  EXPECT_EQ(log.TakeOver(true, 100).WayOf(kIn, 11), Caution::Way::kAlone);
}

TEST(CautionTest, DeathsAtARecordSurviveOtherTopicsBeingApplied) {
  Log log;
  log.TakeOver(false, 0);
  log.TakeOver(true, 100);
  for (int death = 1; death <= Caution::kDeathsMax; ++death) {
    Caution caution = log.TakeOver(true, 100);
    log.Write(caution.AboutToApply("other", death));
    log.Write(caution.Passed("other", death));
    log.Write(caution.AboutToApply(kIn, 5));
  }
  EXPECT_EQ(log.TakeOver(true, 100).WayOf(kIn, 5), Caution::Way::kDeadLetter);
}

TEST(CautionTest, ARecordThatPassedIsBehindUs) {
  Log log;
  Caution caution = log.TakeOver(false, 100);
  log.Write(caution.Passed(kIn, 41));
  EXPECT_EQ(log.Read().offsets.at(kIn).next_offset(), 42);
  EXPECT_FALSE(log.Read().offsets.at(kIn).alone());
}

}  // namespace
}  // namespace trama::platform
