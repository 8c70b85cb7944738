#include "services/platform/base/yaml.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama {
namespace {

// What is wrong with a text and in which line, counted from 1.
std::pair<int, std::string> MistakeOf(const std::string& text, bool one = false) {
  try {
    if (one) {
      LoadYaml(text);
    } else {
      LoadYamlDocuments(text);
    }
  } catch (const YAML::Exception& error) {
    return {error.mark.line + 1, error.msg};
  }
  return {0, ""};
}

TEST(YamlTest, HasEveryDocument) {
  EXPECT_EQ(LoadYamlDocuments("").size(), 0u);
  EXPECT_EQ(LoadYamlDocuments("# Only a comment.\n").size(), 0u);
  const std::vector<YAML::Node> documents = LoadYamlDocuments("a: 1\n---\n---\n- b\n...\n---\nc\n");
  ASSERT_EQ(documents.size(), 4u);
  EXPECT_EQ(documents[0]["a"].Scalar(), "1");
  EXPECT_TRUE(documents[1].IsNull());
  EXPECT_EQ(documents[2][0].Scalar(), "b");
  EXPECT_EQ(documents[3].Scalar(), "c");
}

TEST(YamlTest, SaysWhereNothingCanBegin) {
  for (const std::string sign : {",", "]", "}", "? ]", "a: 1\n---\n,"}) {
    EXPECT_GT(MistakeOf(sign + "# Cut.\nmetadata:\n").first, 0) << sign;
  }
  EXPECT_THAT(MistakeOf("a: 1\n---\n,b: 2\n"),
              testing::Pair(3, "nothing can begin with this sign"));
}

TEST(YamlTest, OneDocumentIsTheOnlyOne) {
  EXPECT_TRUE(LoadYaml("").IsNull());
  EXPECT_EQ(LoadYaml("---\na: 1\n...\n")["a"].Scalar(), "1");
  EXPECT_EQ(LoadYaml("---\n---\na: 1\n---\n# Nothing.\n")["a"].Scalar(), "1");
  EXPECT_THAT(MistakeOf("a: 1\n---\nb: 2\n", true).second, testing::HasSubstr("second document"));
}

}  // namespace
}  // namespace trama
