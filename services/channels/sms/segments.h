#pragma once

#include <cstdint>
#include <string_view>

namespace trama::sms {

// What a text costs on the air (3GPP TS 23.038, 23.040).
struct SegmentCount {
  bool gsm7 = true;      // Otherwise UCS-2.
  int32_t units = 0;     // Septets (extension characters take two) or UTF-16 units.
  int32_t segments = 0;  // 0 for an empty text.
};

// GSM 03.38 when every character is in its basic or extension table: 160 septets in one message,
// 153 each in several. Otherwise UCS-2: 70 UTF-16 units in one, 67 each in several. A pair
// (extension character, surrogates) is never cut in two. Ill-formed UTF-8 counts as U+FFFD.
SegmentCount CountSegments(std::string_view text);

}  // namespace trama::sms
