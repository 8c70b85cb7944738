#include "services/routing/update_log.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::AgentUpdate News(const std::string& conversation) {
  v1::AgentUpdate update;
  update.mutable_message()->set_conversation_id(conversation);
  return update;
}

std::vector<std::string> NamesIn(const std::vector<v1::AgentUpdate>& updates) {
  std::vector<std::string> names;
  for (const v1::AgentUpdate& update : updates) names.push_back(update.message().conversation_id());
  return names;
}

TEST(UpdateLogTest, GivesExactlyWhatCameAfter) {
  UpdateLog log(10);
  log.Add(12, News("a"));
  log.Add(15, News("b"));
  log.Add(16, News("c"));
  EXPECT_THAT(NamesIn(*log.After(10)), ElementsAre("a", "b", "c"));
  EXPECT_THAT(NamesIn(*log.After(12)), ElementsAre("b", "c"));
  // Between two of this agent's: others had updates meanwhile.
  EXPECT_THAT(NamesIn(*log.After(13)), ElementsAre("b", "c"));
  EXPECT_THAT(*log.After(16), IsEmpty());
}

TEST(UpdateLogTest, WhatItNeverKnewIsNotTakenForNothing) {
  UpdateLog log(10);
  EXPECT_FALSE(log.After(9).has_value());
  log.Add(11, News("a"));
  EXPECT_FALSE(log.After(9).has_value());
}

TEST(UpdateLogTest, KeepsTheNewestWithinItsLimits) {
  UpdateLog by_count(0);
  for (uint64_t i = 1; i <= UpdateLog::kUpdatesMax + 2; ++i) by_count.Add(i, News("x"));
  EXPECT_FALSE(by_count.After(1).has_value());
  EXPECT_THAT(*by_count.After(2), SizeIs(UpdateLog::kUpdatesMax));

  UpdateLog by_bytes(0);
  const std::string large(UpdateLog::kBytesMax / 3, 'x');
  for (uint64_t i = 1; i <= 9; ++i) by_bytes.Add(i, News(absl::StrCat(i, large)));
  EXPECT_FALSE(by_bytes.After(6).has_value());
  EXPECT_THAT(*by_bytes.After(7), SizeIs(2));
}

TEST(UpdateLogTest, OneThatIsTooLargeIsGoneAtOnce) {
  UpdateLog log(0);
  log.Add(1, News(std::string(UpdateLog::kBytesMax, 'x')));
  EXPECT_TRUE(log.empty());
  EXPECT_FALSE(log.After(0).has_value());
  EXPECT_THAT(*log.After(1), IsEmpty());
}

TEST(ResumeTokenTest, ReadsBackAndRefusesOtherTexts) {
  const auto token = ResumeToken::Parse(ResumeToken{7, 42}.ToString());
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->incarnation, 7);
  EXPECT_EQ(token->sequence, 42u);
  for (const char* text : {"", "7", "7.", ".42", "7.42.1", "7.-1", "seven.42", "7,42"}) {
    EXPECT_FALSE(ResumeToken::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace trama::routing
