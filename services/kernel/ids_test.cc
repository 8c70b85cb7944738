#include "services/kernel/ids.h"

#include <set>

#include "gtest/gtest.h"

namespace trama {
namespace {

constexpr char kSecret[] = "0123456789abcdef";

// Ids stand in topics that are kept for years: these values must never change.
TEST(IdsTest, TheRulesArePinned) {
  EXPECT_EQ(DerivedId("cause", "conversation"), "77ed0ed0-fa6e-8163-9ec5-97de10a92570");
  EXPECT_EQ(DerivedId("cause", 1), "b5922ea6-3e3a-8a44-b269-c0f3c8c64002");
  EXPECT_EQ(DerivedId({"sms", "AC1", "SM1"}), "0c9a6bf3-c8ed-82bc-8768-f41f83c5d9bd");
  EXPECT_EQ(KeyedId(kSecret, {"customer", "email:ana@x.test"}),
            "3b081d8b-8a7d-8fa0-9951-a4108bc74993");
}

TEST(IdsTest, EveryWayOfAskingGivesItsOwnId) {
  const std::set<std::string> ids = {
      DerivedId("a", "1"),   DerivedId("a", 1),        DerivedId("a", -1),
      DerivedId({"a", "1"}), DerivedId({"a1"}),        DerivedId({"label", "a", "1"}),
      DerivedId("a1", ""),   KeyedId(kSecret, {"a1"}), KeyedId(kSecret, {"a", "1"}),
  };
  EXPECT_EQ(ids.size(), 9u);
}

TEST(IdsTest, IdsAreUuidsOfVersion8) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = DerivedId("cause", i);
    ASSERT_TRUE(IsId(id)) << id;
    EXPECT_EQ(id[14], '8') << id;
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
  }
}

TEST(IdsTest, AnotherSecretGivesAnotherId) {
  EXPECT_NE(KeyedId(kSecret, {"phone:+5511987654321"}),
            KeyedId("fedcba9876543210", {"phone:+5511987654321"}));
}

TEST(IdsTest, JoinedPartsTellWhereTheyEnd) {
  EXPECT_EQ(JoinParts({"ab", "c"}), "2:ab1:c");
  EXPECT_NE(JoinParts({"ab", "c"}), JoinParts({"a", "bc"}));
  EXPECT_NE(JoinParts({"a", ""}), JoinParts({"a"}));
  EXPECT_NE(JoinParts({"1:a"}), JoinParts({"1", "a"}));
}

TEST(IdsTest, IsIdRefusesWhatIsNone) {
  EXPECT_TRUE(IsId("0c9a6bf3-c8ed-82bc-8768-f41f83c5d9bd"));
  EXPECT_FALSE(IsId(""));
  EXPECT_FALSE(IsId("0C9A6BF3-C8ED-82BC-8768-F41F83C5D9BD"));
  EXPECT_FALSE(IsId("0c9a6bf3-c8ed-82bc-8768-f41f83c5d9b"));
  EXPECT_FALSE(IsId("0c9a6bf3-c8ed-82bc-8768-f41f83c5d9bdd"));
  EXPECT_FALSE(IsId("0c9a6bf3-c8ed-82bc-8768+f41f83c5d9bd"));
  EXPECT_FALSE(IsId("0c9a6bf3-c8ed-82bc-8768-f41f83c5d9bg"));
}

TEST(IdsDeathTest, AGuessableSecretIsABrokenPromise) {
  EXPECT_DEATH(KeyedId("short", {"phone:+5511987654321"}), "broken promise");
}

}  // namespace
}  // namespace trama
