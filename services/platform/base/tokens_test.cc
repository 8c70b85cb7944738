#include "services/platform/base/tokens.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/temp_folder.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Entry(const std::string& token, const std::string& rest) {
  return absl::StrCat("{\"token_sha256\": \"", TokenSha256(token), "\", ", rest, "}");
}

const char kAna[] = R"("subject": "ana", "workspace": "demo", "roles": ["agent", "supervisor"])";

std::string ErrorOf(const std::string& json) {
  return std::string(TokenStore::Parse(json).status().message());
}

TEST(TokenStoreTest, FindsWhoseTokenItIs) {
  const auto store = *TokenStore::Parse("[" + Entry("t-ana", kAna) + "]");
  const std::optional<Caller> caller = store->Find("t-ana");
  ASSERT_TRUE(caller.has_value());
  EXPECT_EQ(caller->subject, "ana");
  EXPECT_EQ(caller->workspace, "demo");
  EXPECT_THAT(caller->roles, ElementsAre("agent", "supervisor"));
}

TEST(TokenStoreTest, UnknownAndOversizedTokensAreNobodys) {
  const auto store = *TokenStore::Parse("[" + Entry("t-ana", kAna) + "]");
  EXPECT_FALSE(store->Find("t-bob").has_value());
  EXPECT_FALSE(store->Find("").has_value());
  EXPECT_FALSE(store->Find(TokenSha256("t-ana")).has_value());
  EXPECT_FALSE(store->Find(std::string(kTokenBytesMax + 1, 'x')).has_value());
}

TEST(TokenStoreTest, EmptyStoreKnowsNobody) { EXPECT_FALSE(TokenStore().Find("x").has_value()); }

TEST(TokenStoreTest, ErrorsNameEntryAndField) {
  const std::string good = Entry("a", kAna);
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("list"));
  EXPECT_THAT(ErrorOf("[1]"), HasSubstr("entry 1"));
  EXPECT_THAT(ErrorOf("[" + good + "," + good + "]"), HasSubstr("entry 2: token_sha256 stands"));
  EXPECT_THAT(ErrorOf("[{\"token_sha256\": \"abc\"}]"), HasSubstr("64 lower-case hex"));
  EXPECT_THAT(ErrorOf("[" + Entry("a", R"("workspace": "demo", "roles": ["agent"])") + "]"),
              HasSubstr("subject is missing"));
  EXPECT_THAT(ErrorOf("[" + Entry("a", R"("subject": "a b", "roles": ["admin"])") + "]"),
              HasSubstr("subject must be"));
  EXPECT_THAT(ErrorOf("[" + Entry("a", R"("subject": "a", "roles": ["boss"])") + "]"),
              HasSubstr("role \"boss\" is unknown"));
  EXPECT_THAT(ErrorOf("[" + Entry("a", R"("subject": "a", "roles": [])") + "]"),
              HasSubstr("at least one role"));
  EXPECT_THAT(ErrorOf("[" + Entry("a", R"("subject": "a", "roles": ["agent"])") + "]"),
              HasSubstr("role agent needs a workspace"));
  EXPECT_THAT(ErrorOf("[" + Entry("a", R"("subject": "a", "role": ["admin"])") + "]"),
              HasSubstr("\"role\" is unknown"));
}

TEST(TokenStoreTest, ReadsTheFileAgainWhenItChanges) {
  TempFolder folder;
  const std::string path = folder.Write("tokens.json", "[" + Entry("old", kAna) + "]");
  const auto store = *TokenStore::Open(path);
  folder.Write("tokens.json", "[" + Entry("new", kAna) + "]");

  EXPECT_TRUE(store->ReloadIfChanged().ok());
  EXPECT_FALSE(store->Find("old").has_value());
  EXPECT_TRUE(store->Find("new").has_value());
}

TEST(TokenStoreTest, WrongNewFileKeepsTheOldTokensAndIsReportedOnce) {
  TempFolder folder;
  const std::string path = folder.Write("tokens.json", "[" + Entry("old", kAna) + "]");
  const auto store = *TokenStore::Open(path);
  folder.Write("tokens.json", "[");

  EXPECT_THAT(std::string(store->ReloadIfChanged().message()), HasSubstr(path));
  EXPECT_TRUE(store->ReloadIfChanged().ok());
  EXPECT_TRUE(store->Find("old").has_value());
}

TEST(TokenStoreTest, MissingFileIsAnError) {
  EXPECT_EQ(TokenStore::Open("/nonexistent/tokens.json").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(ServiceTokenTest, FollowsItsFile) {
  TempFolder folder;
  const std::string path = folder.Write("token", "first\n");
  const auto token = *ServiceToken::Open(path);
  EXPECT_EQ(token->Get(), "first");

  folder.Write("token", "second\n");
  EXPECT_TRUE(token->ReloadIfChanged().ok());
  EXPECT_EQ(token->Get(), "second");
}

TEST(ServiceTokenTest, RefusesWhatIsNoToken) {
  TempFolder folder;
  EXPECT_FALSE(ServiceToken::Open(folder.Write("a", "")).ok());
  EXPECT_FALSE(ServiceToken::Open(folder.Write("b", "two words\n")).ok());
  EXPECT_FALSE(ServiceToken::Open(folder.path() + "/none").ok());
}

}  // namespace
}  // namespace trama::platform
