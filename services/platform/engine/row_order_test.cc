#include "services/platform/engine/row_order.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

std::vector<std::string> Ordered(const std::vector<std::string>& keys) {
  Rows rows;
  for (const std::string& key : keys) rows.emplace(key, "");
  std::vector<std::string> ordered;
  for (const Rows::value_type* row : InKeyOrder(rows)) ordered.push_back(row->first);
  return ordered;
}

TEST(RowOrderTest, ComparesWholeKeysByBytes) {
  const std::vector<std::string> keys = {"",
                                         "a",
                                         "a-b/1",
                                         "a/",
                                         std::string("a/\0", 3),
                                         "a/12345678",
                                         "a/123456780",
                                         "a/123456781",
                                         "a/1234567\xff",
                                         "a/b/c",
                                         "a0",
                                         "b/\x7f",
                                         "b/\x80",
                                         "b/\xff"};
  ASSERT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(Ordered(keys), keys);
}

TEST(RowOrderTest, IsTheOrderOfStrings) {
  std::mt19937 random(7);
  const auto below = [&random](unsigned limit) { return random() % limit; };
  std::vector<std::string> keys;
  for (int i = 0; i < 2000; ++i) {
    std::string key = absl::StrCat("kind", below(3));
    for (auto length = below(14); length > 0; --length) {
      // Few different bytes, so that many keys begin alike.
      key.push_back("/ab\xff"[below(4)]);
    }
    keys.push_back(std::move(key));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  EXPECT_EQ(Ordered(keys), keys);
}

TEST(RowOrderTest, OfNothingIsNothing) { EXPECT_TRUE(Ordered({}).empty()); }

}  // namespace
}  // namespace trama::platform
