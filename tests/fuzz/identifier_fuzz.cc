// Addresses of people: e-mail, telephone, everything else. Input: a kind, NUL, a value.

#include "services/kernel/email_address.h"
#include "services/kernel/identifier.h"
#include "services/kernel/phone.h"
#include "services/kernel/text.h"
#include "tests/fuzz/fuzz.h"

namespace trama {
namespace {

void CheckEmail(std::string_view text) {
  const absl::StatusOr<EmailAddress> address = EmailAddress::Parse(text);
  if (!address.ok()) return;
  const absl::StatusOr<EmailAddress> again = EmailAddress::Parse(address->Address());
  TRAMA_CHECK(again.ok() && again->Key() == address->Key());
}

void CheckPhone(std::string_view text) {
  const absl::StatusOr<PhoneNumber> phone = ParsePhone(text, "BR");
  if (!phone.ok()) return;
  TRAMA_CHECK(!phone->forms.empty() && phone->forms.front() == phone->canonical);
  // Whichever form a vendor uses, it is the same number.
  for (const std::string& form : phone->forms) {
    const absl::StatusOr<PhoneNumber> again = ParsePhone(form, "");
    TRAMA_CHECK(again.ok() && again->canonical == phone->canonical);
  }
}

void CheckIdentifier(std::string_view kind, std::string_view value) {
  const absl::StatusOr<Identifier> identifier = NormaliseIdentifier(kind, "", value, "BR");
  if (!identifier.ok()) return;
  const absl::StatusOr<Identifier> again = ParseIdentifier(FormatIdentifier(*identifier));
  TRAMA_CHECK(again.ok() && *again == *identifier);
}

void CheckText(std::string_view text) {
  TRAMA_CHECK(IsUtf8(CleanUtf8(text)));
  if (!IsUtf8(text)) return;
  TRAMA_CHECK(CleanUtf8(text) == text);
  TRAMA_CHECK(IsUtf8(TruncateUtf8(text, text.size() / 2)));
  const std::string folded = FoldForMatch(text);
  TRAMA_CHECK(FoldForMatch(folded) == folded);
}

}  // namespace
}  // namespace trama

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  const std::string_view text = fuzz::Text(data, size);
  const fuzz::Halves halves = fuzz::Split(text);
  CheckEmail(text);
  CheckPhone(text);
  CheckIdentifier(halves.first, halves.second);
  CheckText(text);
  if (const absl::StatusOr<Identifier> read = ParseIdentifier(text); read.ok()) {
    TRAMA_CHECK(ParseIdentifier(FormatIdentifier(*read)).value() == *read);
  }
  return 0;
}
