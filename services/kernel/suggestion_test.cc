#include "services/kernel/suggestion.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace trama {
namespace {

TEST(SuggestionTest, CountsInsertedRemovedReplacedAndSwappedLetters) {
  EXPECT_EQ(EditDistance("queue", "queue"), 0u);
  EXPECT_EQ(EditDistance("quue", "queue"), 1u);
  EXPECT_EQ(EditDistance("queuee", "queue"), 1u);
  EXPECT_EQ(EditDistance("quewe", "queue"), 1u);
  EXPECT_EQ(EditDistance("qeuue", "queue"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
}

TEST(SuggestionTest, NearestNameWins) {
  const std::vector<std::string> names = {"support", "billing", "default"};
  EXPECT_EQ(ClosestName("biling", names), "billing");
  EXPECT_EQ(DidYouMean("suport", names), "; did you mean \"support\"?");
}

TEST(SuggestionTest, NothingIsSuggestedForAnotherWord) {
  const std::vector<std::string> names = {"support", "billing"};
  EXPECT_EQ(ClosestName("sales", names), "");
  EXPECT_EQ(DidYouMean(std::string(1000, 'a'), names), "");
  EXPECT_EQ(DidYouMean("x", std::vector<std::string>{}), "");
}

}  // namespace
}  // namespace trama
