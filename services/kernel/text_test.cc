#include "services/kernel/text.h"

#include "gtest/gtest.h"

namespace trama {
namespace {

TEST(TextTest, Utf8IsCheckedAsRfc3629Says) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("ol\xC3\xA1 \xF0\x9F\x98\x80"));
  EXPECT_TRUE(IsUtf8(std::string_view("a\0b", 3)));
  EXPECT_FALSE(IsUtf8("\xC3"));              // Cut off.
  EXPECT_FALSE(IsUtf8("\x80"));              // Starts in the middle.
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));          // Overlong.
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // A surrogate.
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // Above U+10FFFF.
}

TEST(TextTest, CleaningReplacesEachMaximalIllFormedPart) {
  EXPECT_EQ(CleanUtf8("ol\xC3\xA1"), "ol\xC3\xA1");
  EXPECT_EQ(CleanUtf8("a\xE9z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(CleanUtf8("\xE2\x82"), "\xEF\xBF\xBD");
  EXPECT_EQ(CleanUtf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(TextTest, TruncationNeverCutsACodePoint) {
  const std::string_view text = "a\xC3\xA1\xF0\x9F\x98\x80";  // 1 + 2 + 4 bytes.
  EXPECT_EQ(TruncateUtf8(text, 7), text);
  EXPECT_EQ(TruncateUtf8(text, 6), "a\xC3\xA1");
  EXPECT_EQ(TruncateUtf8(text, 3), "a\xC3\xA1");
  EXPECT_EQ(TruncateUtf8(text, 2), "a");
  EXPECT_EQ(TruncateUtf8(text, 0), "");
  EXPECT_EQ(TruncateUtf8("\xF0\x9F\x98\x80", 3), "");
}

TEST(TextTest, TruncationOfIllFormedTextKeepsWithinTheLimit) {
  const std::string trail(20, '\x80');
  EXPECT_LE(TruncateUtf8(trail, 10).size(), 10u);
  EXPECT_GE(TruncateUtf8(trail, 10).size(), 7u);
}

TEST(TextTest, CodePointsAreCounted) {
  EXPECT_EQ(CountCodePoints(""), 0u);
  EXPECT_EQ(CountCodePoints("ol\xC3\xA1 \xF0\x9F\x98\x80"), 5u);
  EXPECT_EQ(CountCodePoints("a\xFFz"), 3u);
}

TEST(TextTest, LowerCaseKeepsLettersThatOnlyFoldingMakesEqual) {
  EXPECT_EQ(LowerUtf8("ANA.Souza"), "ana.souza");
  EXPECT_EQ(LowerUtf8("JO\xC3\x83O"), "jo\xC3\xA3o");
  EXPECT_EQ(LowerUtf8("STRA\xC3\x9F"
                      "E"),
            "stra\xC3\x9F"
            "e");
}

TEST(TextTest, LowerCaseIsInNormalFormC) {
  EXPECT_EQ(LowerUtf8("A\xCC\x81"), "\xC3\xA1");  // A with a combining acute accent.
}

TEST(TextTest, MatchingIgnoresCaseAccentsAndTheShapeOfSpaces) {
  EXPECT_EQ(FoldForMatch("  Reclama\xC3\xA7\xC3\xA3o \r\n\tURGENTE "), "reclamacao urgente");
  EXPECT_EQ(FoldForMatch("STRASSE"), FoldForMatch("stra\xC3\x9F"
                                                  "e"));
  EXPECT_EQ(FoldForMatch("\xEF\xBC\xA1\xEF\xBC\xA2"), "ab");  // Full-width letters.
  EXPECT_EQ(FoldForMatch("a\xC2\xA0z"), "a z");               // A space that does not break.
}

TEST(TextTest, MarksThatAreLettersStay) {
  const std::string hindi =
      "\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8\xE0\xA5\x8D\xE0\xA4\xA6\xE0\xA5\x80";
  EXPECT_EQ(FoldForMatch(hindi), hindi);
}

TEST(TextTest, ContainedTextIsFoundAcrossALineBreak) {
  EXPECT_TRUE(ContainsFolded("Quero CANCELAR\no   pedido", "cancelar o pedido"));
  EXPECT_FALSE(ContainsFolded("Quero cancelar", "cancelar o pedido"));
}

TEST(TextTest, NothingIsContainedInNothing) {
  EXPECT_FALSE(ContainsFolded("anything", ""));
  EXPECT_FALSE(ContainsFolded("anything", "  "));
  EXPECT_FALSE(ContainsFolded("", "x"));
}

}  // namespace
}  // namespace trama
