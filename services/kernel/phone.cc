#include "services/kernel/phone.h"

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumberutil.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/kernel/strings.h"

namespace trama {
namespace {

using LibNumber = i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::NullLogger;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr size_t kRawBytesMax = 100;
constexpr size_t kE164DigitsMax = 15;
constexpr char kNoRegion[] = "ZZ";

absl::Status MalformedPhone(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("phone number: ", what, "; give it in full, such as +5511987654321"));
}

const PhoneNumberUtil& Library() {
  // The library writes warnings, numbers included, to standard output unless told not to. Its
  // instance lives as long as the process and may be used by all threads.
  static const PhoneNumberUtil* const library = [] {
    PhoneNumberUtil* made = PhoneNumberUtil::GetInstance();
    made->SetLogger(new NullLogger);
    return made;
  }();
  return *library;
}

// What the library would read something into that is not the number: vanity letters, extensions,
// pauses, service codes.
bool HasForeignCharacters(absl::string_view raw) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(raw.data());
  for (size_t at = 0; at < raw.size();) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, raw.size(), c);
    if (c < 0 || u_isalpha(c) || u_iscntrl(c)) return true;
    if (c < 0x80 && absl::string_view("*#;,:@").find(static_cast<char>(c)) != raw.npos) return true;
  }
  return false;
}

// None for what is no number, or has a length that its country does not have.
std::optional<LibNumber> Read(const std::string& text, const std::string& region) {
  LibNumber number;
  if (Library().Parse(text, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR ||
      Library().IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) {
    return std::nullopt;
  }
  return number;
}

std::string E164(const LibNumber& number) {
  std::string text;
  Library().Format(number, PhoneNumberUtil::E164, &text);
  return text;
}

// One number in all its forms in E.164, the canonical first.
std::vector<std::string> FormsOf(const LibNumber& number) {
  const int country = number.country_code();
  std::string national;
  Library().GetNationalSignificantNumber(number, &national);
  const auto form = [country](const auto&... digits) {
    return absl::StrCat("+", country, digits...);
  };
  const size_t size = national.size();
  switch (country) {
    case 55: {  // Area code of two digits, no zero in it; old mobile numbers start with 6 to 9.
      if (size < 10 || national[0] == '0' || national[1] == '0') break;
      const std::string area = national.substr(0, 2);
      const bool has_ninth = size == 11 && national[2] == '9' && national[3] >= '6';
      const bool lacks_ninth = size == 10 && national[2] >= '6';
      if (!has_ninth && !lacks_ninth) break;
      const std::string line = national.substr(has_ninth ? 3 : 2);
      return {form(area, "9", line), form(area, line)};
    }
    case 52: {  // Ten digits, before them once a 1; not the numbers that are free or extra paid.
      const bool has_one = size == 11 && national[0] == '1';
      if (!has_one && size != 10) break;
      const std::string line = has_one ? national.substr(1) : national;
      if (line[0] < '2' || absl::StartsWith(line, "800") || absl::StartsWith(line, "900")) break;
      return {form(line), form("1", line)};
    }
    case 54: {  // Ten digits, area codes start with 1 to 3; before a mobile number a 9.
      const bool has_nine = size == 11 && national[0] == '9';
      if (!has_nine && size != 10) break;
      const std::string line = has_nine ? national.substr(1) : national;
      if (line[0] < '1' || line[0] > '3') break;
      return {form("9", line), form(line)};
    }
    default:
      break;
  }
  return {form(national)};
}

// Numbering plans in which a number in full is read digit by digit: it has one length, no trunk
// prefix can stand before it (those begin with a smaller digit), and none has a second form. The
// library would come to the same with several regular expressions; a test compares.
struct PlainPlan {
  absl::string_view country;
  char first_digit_min;
  size_t national_digits;
};
constexpr std::array<PlainPlan, 6> kPlainPlans = {{
    {"1", '2', 10},
    {"33", '1', 9},
    {"34", '5', 9},
    {"44", '1', 10},
    {"91", '6', 10},
    {"351", '2', 9},
}};

bool IsPlain(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "+")) return false;
  const bool is_digits =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
  return is_digits && std::any_of(kPlainPlans.begin(), kPlainPlans.end(), [&](const auto& plan) {
           return absl::StartsWith(text, plan.country) &&
                  text.size() == plan.country.size() + plan.national_digits &&
                  text[plan.country.size()] >= plan.first_digit_min;
         });
}

}  // namespace

absl::StatusOr<std::string> CanonicalPhone(std::string_view raw, std::string_view default_region) {
  if (IsPlain(ToAbsl(raw))) return std::string(raw);
  absl::StatusOr<PhoneNumber> phone = ParsePhone(raw, default_region);
  if (!phone.ok()) return phone.status();
  return std::move(phone->canonical);
}

absl::StatusOr<PhoneNumber> ParsePhone(std::string_view raw, std::string_view default_region) {
  absl::string_view text = absl::StripAsciiWhitespace(ToAbsl(raw));
  if (absl::StartsWithIgnoreCase(text, "tel:")) text.remove_prefix(4);
  if (text.empty()) return MalformedPhone("it is empty");
  if (text.size() > kRawBytesMax) return MalformedPhone("it is too long");
  if (HasForeignCharacters(text))
    return MalformedPhone("it has letters, an extension or a service code");

  const std::string region =
      default_region.empty() ? kNoRegion : absl::AsciiStrToUpper(ToAbsl(default_region));
  const std::optional<LibNumber> number = Read(std::string(text), region);
  if (!number)
    return MalformedPhone("it is no number of a country, or the country code is missing");
  PhoneNumber phone;
  phone.e164 = E164(*number);
  if (phone.e164.size() > kE164DigitsMax + 1) return MalformedPhone("it has over 15 digits");
  phone.forms = FormsOf(*number);
  phone.canonical = phone.forms.front();

  // What is given in its canonical form has just been read; reading is what costs.
  if (text == phone.canonical) return phone;
  // What reads back as another number cannot be matched by: a trunk zero too many, for example.
  const std::optional<LibNumber> canonical = Read(phone.canonical, kNoRegion);
  if (!canonical || FormsOf(*canonical) != phone.forms) {
    return MalformedPhone("it is no number of its country");
  }
  // Written without its country, a number is only a guess; then at least the range must exist.
  const bool is_international = text[0] == '+' || absl::StartsWith(text, "\xEF\xBC\x8B");
  if (!is_international && !Library().IsValidNumber(*canonical)) {
    return MalformedPhone("it is no number of the region");
  }
  return phone;
}

}  // namespace trama
