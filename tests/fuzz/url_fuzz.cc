// URLs, queries and forms. Input: a base, NUL, a reference.

#include "services/platform/base/server_address.h"
#include "services/platform/http/url.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  const std::string_view text = fuzz::Text(data, size);
  const fuzz::Halves halves = fuzz::Split(text);

  if (const absl::StatusOr<platform::Url> url = platform::ParseUrl(halves.first); url.ok()) {
    TRAMA_CHECK(url->port != 0 && url->path.starts_with('/'));
    const absl::StatusOr<platform::Url> again = platform::ParseUrl(url->ToString());
    TRAMA_CHECK(again.ok());
    TRAMA_CHECK(again->ToString() == url->ToString());
    if (const auto resolved = platform::ResolveUrl(*url, halves.second); resolved.ok()) {
      TRAMA_CHECK(platform::ParseUrl(resolved->ToString()).ok());
    }
  }

  const absl::StatusOr<std::string> decoded =
      platform::PercentDecode(platform::PercentEncode(text));
  TRAMA_CHECK(decoded.ok() && *decoded == text);
  if (const absl::StatusOr<platform::FormFields> form = platform::DecodeForm(text); form.ok()) {
    const absl::StatusOr<platform::FormFields> again =
        platform::DecodeForm(platform::EncodeForm(*form));
    TRAMA_CHECK(again.ok() && *again == *form);
  }
  if (const auto address = platform::ParseServerAddress(text, /*allow_port_zero=*/true);
      address.ok()) {
    TRAMA_CHECK(platform::ParseServerAddress(address->ToString(), true).ok());
  }
  return 0;
}
