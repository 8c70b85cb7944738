#include "services/channels/sms/segments.h"

#include <string>

#include "gtest/gtest.h"

namespace trama::sms {
namespace {

std::string Times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

struct SegmentsCase {
  const char* name;
  std::string text;
  bool gsm7;
  int units;
  int segments;
};

TEST(SegmentsTest, CountsAsTheVendorBills) {
  const SegmentsCase cases[] = {
      {"empty", "", true, 0, 0},
      {"one full", Times(160, "a"), true, 160, 1},
      {"one more", Times(161, "a"), true, 161, 2},
      {"two full", Times(306, "a"), true, 306, 2},
      {"three", Times(307, "a"), true, 307, 3},
      {"accents of the table", "à è é ù ì ò Ç Ø ø Å å Ä Ö Ñ Ü § ¿ ä ö ñ ü", true, 41, 1},
      {"greek capitals", "ΔΦΓΛΩΠΨΣΘΞ", true, 10, 1},
      {"euro counts twice", "€", true, 2, 1},
      {"80 euros fit", Times(80, "€"), true, 160, 1},
      {"81 euros need two", Times(81, "€"), true, 162, 2},
      {"brackets count twice", "{[~]}", true, 10, 1},
      {"a pair is not cut", Times(152, "a") + "€" + Times(10, "a"), true, 164, 2},
      {"a cut pair costs a part", Times(152, "a") + "€" + Times(152, "a"), true, 306, 3},
      {"c with cedilla is not in it", "ç", false, 1, 1},
      {"backtick is not in it", "`", false, 1, 1},
      {"70 of UCS-2", Times(70, "ã"), false, 70, 1},
      {"71 of UCS-2", Times(71, "ã"), false, 71, 2},
      {"134 of UCS-2", Times(134, "ã"), false, 134, 2},
      {"135 of UCS-2", Times(135, "ã"), false, 135, 3},
      {"emoji is two units", "\U0001F600", false, 2, 1},
      {"emoji is not cut", Times(66, "ã") + "\U0001F600" + Times(66, "ã"), false, 134, 3},
      {"ill-formed is a replacement character", "\xff", false, 1, 1},
  };
  for (const SegmentsCase& c : cases) {
    const SegmentCount count = CountSegments(c.text);
    EXPECT_EQ(count.gsm7, c.gsm7) << c.name;
    EXPECT_EQ(count.units, c.units) << c.name;
    EXPECT_EQ(count.segments, c.segments) << c.name;
  }
}

}  // namespace
}  // namespace trama::sms
