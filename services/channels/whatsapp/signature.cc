#include "services/channels/whatsapp/signature.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"

namespace trama::whatsapp {

std::string ComputeSignature(std::string_view app_secret, std::string_view body) {
  return absl::StrCat("sha256=", absl::BytesToHexString(HmacSha256(app_secret, body)));
}

int FindSigner(std::string_view header, std::string_view body,
               const std::vector<std::string>& app_secrets) {
  int signer = -1;
  for (size_t i = 0; i < app_secrets.size(); ++i) {
    // Every secret is tried, whichever it was.
    if (EqualInConstantTime(ComputeSignature(app_secrets[i], body), header) && signer < 0) {
      signer = static_cast<int>(i);
    }
  }
  return signer;
}

}  // namespace trama::whatsapp
