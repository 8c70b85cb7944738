#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/kernel/identifier.h"
#include "trama/types/v1/types.pb.h"

// Between the kernel's identifier and the one that stands in events.
namespace trama {

// A kind that the kernel does not know by name is a channel's own (IDENTIFIER_KIND_CHANNEL).
types::v1::Identifier ToProto(const Identifier& identifier);

// The kernel's word for a kind; "channel" for a channel's own, empty for one that is not known.
std::string_view KindWord(types::v1::IdentifierKind kind);

// Checks the shape only, as ParseIdentifier does. InvalidArgument says what is wrong and never
// names the value.
absl::StatusOr<Identifier> FromProto(const types::v1::Identifier& identifier);

// The customer id that an identifier has alone, as long as it is linked to no older one. Keyed with
// the workspace's identity secret. `identifier` has the shape that FromProto checks.
std::string CustomerIdOf(std::string_view identity_secret, const types::v1::Identifier& identifier);

// Whose files these are, for the blob store: keyed with the workspace's identity secret, so that
// nobody finds a telephone number by trying all.
std::string BlobOwnerKey(std::string_view identity_secret, const types::v1::Identifier& owner);

}  // namespace trama
