#include "services/platform/engine/loop_rows.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

TEST(LoopRowsTest, ReadsBackWhatWasWritten) {
  const absl::Time stamp = absl::FromUnixMillis(1'700'000'000'123);
  engine::v1::OffsetRow offset;
  offset.set_next_offset(7);
  engine::v1::LifeRow life;
  life.set_deaths(2);
  LoopRows rows;
  for (const RowChange& row : {OffsetChange("trama.work.v1", offset), ClockChange(stamp),
                               IncarnationChange(12), LifeChange(life)}) {
    ASSERT_TRUE(rows.Load(row.key, *row.value).ok()) << row.key;
  }
  EXPECT_EQ(rows.offsets.at("trama.work.v1").next_offset(), 7);
  EXPECT_EQ(rows.clock, stamp);
  EXPECT_EQ(rows.incarnation, 12);
  EXPECT_EQ(rows.life.deaths(), 2);
  EXPECT_TRUE(rows.found);
}

TEST(LoopRowsTest, ARowThatCannotBeReadIsAnErrorThatNamesIt) {
  LoopRows rows;
  const absl::Status loaded = rows.Load("loop/clock", "\xff\xff");
  EXPECT_EQ(loaded.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(loaded.message().find("loop/clock"), absl::string_view::npos);
}

TEST(LoopRowsTest, ARowOfANewerReleaseIsPassedOver) {
  LoopRows rows;
  EXPECT_TRUE(rows.Load("loop/future", "\xff\xff").ok());
}

TEST(LoopRowsTest, WithoutRowsThereWasNoOwner) { EXPECT_FALSE(LoopRows().found); }

}  // namespace
}  // namespace trama::platform
