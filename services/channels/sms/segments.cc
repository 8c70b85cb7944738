#include "services/channels/sms/segments.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "services/kernel/text.h"

namespace trama::sms {

namespace {

constexpr int kGsmSingleMax = 160;
constexpr int kGsmPartMax = 153;
constexpr int kUcsSingleMax = 70;
constexpr int kUcsPartMax = 67;

// The basic table of 3GPP TS 23.038 without its escape, in the order of code points.
constexpr char32_t kBasic[] =
    U"\n\r !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    U"\u00a1\u00a3\u00a4\u00a5\u00a7\u00bf\u00c4\u00c5\u00c6\u00c7\u00c9\u00d1\u00d6\u00d8\u00dc"
    U"\u00df\u00e0\u00e4\u00e5\u00e6\u00e8\u00e9\u00ec\u00f1\u00f2\u00f6\u00f8\u00f9\u00fc\u0393"
    U"\u0394\u0398\u039b\u039e\u03a0\u03a3\u03a6\u03a8\u03a9";
// The extension table: two septets each.
constexpr char32_t kExtension[] = U"\f[\\]^{|}~\u20ac";

template <size_t N>
bool Contains(const char32_t (&table)[N], char32_t c) {
  return std::binary_search(table, table + N - 1, c);
}

// Well-formed UTF-8 only.
std::vector<char32_t> CodePoints(std::string_view text) {
  std::vector<char32_t> points;
  points.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t point = length == 1 ? lead : lead & (0x7f >> length);
    for (int k = 1; k < length; ++k) {
      point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
    }
    points.push_back(point);
    i += length;
  }
  return points;
}

// Septets of one character; 0 when GSM 03.38 does not have it.
int Septets(char32_t c) {
  if (Contains(kBasic, c)) return 1;
  if (Contains(kExtension, c)) return 2;
  return 0;
}

int Utf16Units(char32_t c) { return c > 0xffff ? 2 : 1; }

// Fills parts of at most `part_max` units, never cutting a character.
template <typename Cost>
SegmentCount Pack(const std::vector<char32_t>& points, Cost cost, int single_max, int part_max) {
  SegmentCount count;
  for (const char32_t c : points) count.units += cost(c);
  if (count.units == 0) return count;
  count.segments = 1;
  if (count.units <= single_max) return count;
  int used = 0;
  for (const char32_t c : points) {
    if (used + cost(c) > part_max) {
      ++count.segments;
      used = 0;
    }
    used += cost(c);
  }
  return count;
}

}  // namespace

SegmentCount CountSegments(std::string_view text) {
  const std::vector<char32_t> points = CodePoints(CleanUtf8(text));
  const bool gsm7 =
      std::all_of(points.begin(), points.end(), [](char32_t c) { return Septets(c) > 0; });
  SegmentCount count = gsm7 ? Pack(points, Septets, kGsmSingleMax, kGsmPartMax)
                            : Pack(points, Utf16Units, kUcsSingleMax, kUcsPartMax);
  count.gsm7 = gsm7;
  return count;
}

}  // namespace trama::sms
