#include "services/channels/common/raw_original.h"

#include <vector>

#include "gtest/gtest.h"

namespace trama::channels {
namespace {

using interaction::v1::Interaction;

TEST(RawOriginalTest, ASmallOneIsHeldByEachOfItsInteractions) {
  std::vector<Interaction> interactions(2);
  const std::string raw(kHeldOriginalBytesMax / 2, 'x');
  ASSERT_TRUE(HoldOriginal(raw, "message/http", interactions));
  for (const Interaction& interaction : interactions) {
    EXPECT_EQ(interaction.raw_original(), raw);
    EXPECT_EQ(interaction.raw_content_type(), "message/http");
  }
}

TEST(RawOriginalTest, CopiesThatWouldBeTooMuchTogetherAreNotMade) {
  std::vector<Interaction> interactions(2);
  const std::string raw(kHeldOriginalBytesMax / 2 + 1, 'x');
  EXPECT_FALSE(HoldOriginal(raw, "message/http", interactions));
  for (const Interaction& interaction : interactions) {
    EXPECT_TRUE(interaction.raw_original().empty());
    EXPECT_TRUE(interaction.raw_content_type().empty());
  }
  interactions.resize(1);
  EXPECT_TRUE(HoldOriginal(raw, "message/http", interactions));
}

}  // namespace
}  // namespace trama::channels
