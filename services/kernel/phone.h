#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trama {

// A telephone number in E.164. Some numbers are written in two ways that reach the same line, and
// vendors do not agree on which (WhatsApp against Twilio, for example):
//   Brazil     mobile numbers with and without the ninth digit: +55 11 9 8765 4321, +55 11 8765
//   4321 Mexico     mobile numbers with and without the 1 of before 2019: +52 1 55 ..., +52 55 ...
//   Argentina  mobile numbers with and without the 9: +54 9 11 ..., +54 11 ...
// `canonical` is the same for all ways of writing one number.
struct PhoneNumber {
  // To match by: the form of today's numbering plan (Brazil with the ninth digit, Mexico without
  // the 1, Argentina with the 9 wherever the number can be mobile; Argentine numbers do not tell).
  std::string canonical;
  // To call or send to: the number as it was given.
  std::string e164;
  // Every form, `canonical` first, then the others in order. At least one.
  std::vector<std::string> forms;
};

// Reads a number in any usual writing: "+55 (11) 98765-4321", "tel:+5511987654321", and with a
// `default_region` (ISO 3166, such as "BR"; empty: none) also "11 98765-4321".
// InvalidArgument for anything else: letters, extensions, a length the country does not have. A
// number that no range known to libphonenumber holds is accepted, since ranges open after releases.
// The text of an error never contains the number.
absl::StatusOr<PhoneNumber> ParsePhone(std::string_view raw, std::string_view default_region);

// ParsePhone(...)->canonical, and quick for most numbers that vendors give in full.
absl::StatusOr<std::string> CanonicalPhone(std::string_view raw, std::string_view default_region);

}  // namespace trama
