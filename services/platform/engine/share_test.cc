#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/engine/owner_directory.h"
#include "services/platform/engine/testing/engine_fixture.h"

namespace trama::platform {
namespace {

using testing::EngineNames;
using testing::Replica;
using Where = OwnerRef::Where;

constexpr int32_t kPartitions = 4;

class ShareTest : public testing::EngineTest {
 protected:
  static int Owned(const Replica& replica) {
    int owned = 0;
    for (int32_t p = 0; p < kPartitions; ++p) {
      owned += const_cast<Replica&>(replica).host().IncarnationOf(p).has_value();
    }
    return owned;
  }

  // Two replicas that have shared the partitions among them.
  void StartTwo(const EngineNames& names) {
    one_ = std::make_unique<Replica>(names, "one:1");
    one_->Start();
    ASSERT_TRUE(Eventually([&] { return Owned(*one_) == kPartitions; }));
    two_ = std::make_unique<Replica>(names, "two:2");
    two_->Start();
    ASSERT_TRUE(Eventually([&] { return Owned(*one_) == 2 && Owned(*two_) == 2; }));
    ASSERT_TRUE(one_->WaitReady());
    ASSERT_TRUE(two_->WaitReady());
  }

  // The topics go away after those who use them.
  void TearDown() override {
    two_.reset();
    one_.reset();
    EngineTest::TearDown();
  }

  // By whoever owns the partition.
  std::string Get(int32_t partition, const std::string& word) {
    Replica& owner = two_ != nullptr && two_->host().IncarnationOf(partition) ? *two_ : *one_;
    return owner.Call(partition, "get " + word).value_or("nobody");
  }

  std::unique_ptr<Replica> one_, two_;
};

TEST_F(ShareTest, EachReplicaKnowsWhoOwnsEachPartition) {
  StartTwo(NewEngine(kPartitions));
  for (int32_t p = 0; p < kPartitions; ++p) {
    const bool ones = one_->host().IncarnationOf(p).has_value();
    Replica& owner = ones ? *one_ : *two_;
    Replica& other = ones ? *two_ : *one_;
    EXPECT_EQ(owner.host().OwnerOf(p).where, Where::kHere);
    EXPECT_TRUE(Eventually([&] {
      return other.host().OwnerOf(p).where == Where::kThere &&
             other.host().OwnerOf(p).address == (ones ? "one:1" : "two:2");
    })) << p;
  }
}

TEST_F(ShareTest, ARecordWrittenByAnotherProcessReachesTheOwnerOfItsPartition) {
  const EngineNames names = NewEngine(kPartitions);
  StartTwo(names);
  for (int32_t p = 0; p < kPartitions; ++p) {
    WriteWords(names.in, p, {absl::StrCat("word", p)});
  }
  for (int32_t p = 0; p < kPartitions; ++p) {
    const std::string word = absl::StrCat("word", p);
    EXPECT_TRUE(Eventually([&] { return Get(p, word) == word + "=1"; })) << p;
  }
}

TEST_F(ShareTest, WhoLeavesHandsEverythingOver) {
  const EngineNames names = NewEngine(kPartitions);
  StartTwo(names);
  for (int32_t p = 0; p < kPartitions; ++p) WriteWords(names.in, p, {"a", "a"});
  for (int32_t p = 0; p < kPartitions; ++p) {
    ASSERT_TRUE(Eventually([&] { return Get(p, "a") == "a=2"; })) << p;
  }
  one_->host().Leave();
  ASSERT_TRUE(Eventually([&] { return Owned(*two_) == kPartitions; }));
  for (int32_t p = 0; p < kPartitions; ++p) {
    EXPECT_EQ(*two_->Call(p, "a"), "a=3") << p;
  }
}

TEST_F(ShareTest, TheAddressOfWhoHasLeftIsCleared) {
  const EngineNames names = NewEngine(kPartitions);
  one_ = std::make_unique<Replica>(names, "one:1");
  one_->Start();
  ASSERT_TRUE(Eventually([&] { return Owned(*one_) == kPartitions; }));
  const auto directory = OwnerDirectory::Start(
      {.kafka = KafkaOf(names), .topic = names.owners, .service = names.service});
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_TRUE(Eventually([&] { return (*directory)->AddressOf(3) == "one:1"; }));
  one_->host().Leave();
  EXPECT_TRUE(Eventually([&] { return (*directory)->AddressOf(3).empty(); }));
}

TEST_F(ShareTest, ASpareReplicaIsReadyAlthoughItOwnsNothing) {
  const EngineNames names = NewEngine(1);
  one_ = std::make_unique<Replica>(names, "one:1");
  one_->Start();
  ASSERT_TRUE(one_->WaitReady());
  two_ = std::make_unique<Replica>(names, "two:2");
  two_->Start();
  EXPECT_TRUE(two_->WaitReady());
  EXPECT_EQ(Owned(*one_) + Owned(*two_), 1);
}

TEST_F(ShareTest, NothingIsLostOrDoneTwiceWhileReplicasComeAndGo) {
  const EngineNames names = NewEngine(kPartitions);
  StartTwo(names);
  constexpr int kRounds = 5;
  for (int round = 0; round < kRounds; ++round) {
    for (int32_t p = 0; p < kPartitions; ++p) WriteWords(names.in, p, {"a", "a"});
    Replica third(names, "three:3");
    third.Start();
    ASSERT_TRUE(Eventually([&] { return Owned(third) > 0; }));
    for (int32_t p = 0; p < kPartitions; ++p) WriteWords(names.more, p, {"a"});
  }
  ASSERT_TRUE(Eventually([&] { return Owned(*one_) + Owned(*two_) == kPartitions; }));
  for (int32_t p = 0; p < kPartitions; ++p) {
    EXPECT_TRUE(Eventually([&] { return Get(p, "a") == absl::StrCat("a=", 3 * kRounds); })) << p;
    EXPECT_EQ(Totals(names, p)["a"], 3 * kRounds) << p;
  }
}

}  // namespace
}  // namespace trama::platform
