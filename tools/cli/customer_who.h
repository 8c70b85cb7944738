#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "trama/types/v1/types.pb.h"

namespace trama::tramactl {

// Whom the command line means.
struct Who {
  std::string customer_id;                  // Either this,
  trama::types::v1::Identifier identifier;  // or this.
};

// A customer id, an address ("ana@firm.example"), a number ("+5511987654321"), or
// "kind:value" / "kind:scope:value" with kind email, phone, channel, account, device, reference or
// sms. INVALID_ARGUMENT otherwise.
absl::StatusOr<Who> ParseWho(const std::string& text);

// The same for what must be an identifier and not a customer id.
absl::StatusOr<trama::types::v1::Identifier> ParseIdentifierText(const std::string& text);

// "email:ana@firm.example"
std::string IdentifierText(const trama::types::v1::Identifier& identifier);

}  // namespace trama::tramactl
