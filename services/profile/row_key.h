#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/status/statusor.h"

namespace trama::profile {

inline constexpr size_t kEntityIdBytesMax = 128;

// Can `text` be an id of an interaction, message, event, conversation or command: 1 to
// kEntityIdBytesMax letters, digits, '-', '_' and '.'? Ours are UUIDs.
bool IsEntityId(std::string_view text);

enum class RowType { kIdentifier, kAttributes, kLink, kEntry };

// Names one row of topic `trama.profiles.v1`.
struct RowKey {
  std::string workspace;
  RowType type = RowType::kIdentifier;
  // The customer id of the identifier that the row belongs to; of a link the link id.
  std::string owner;
  std::string entry_id;  // kEntry only.

  // By what differs most first, because sets and maps of them compare all the time.
  friend std::strong_ordering operator<=>(const RowKey& a, const RowKey& b) {
    return std::tie(a.type, a.owner, a.entry_id, a.workspace) <=>
           std::tie(b.type, b.owner, b.entry_id, b.workspace);
  }
  friend bool operator==(const RowKey&, const RowKey&) = default;
};

RowKey IdentifierKey(std::string_view workspace, std::string_view customer_id);
RowKey AttributesKey(std::string_view workspace, std::string_view customer_id);
RowKey LinkKey(std::string_view workspace, std::string_view link_id);
RowKey EntryKey(std::string_view workspace, std::string_view customer_id,
                std::string_view entry_id);

// "<workspace>/<type>/<id>", see ProfileRow.row_id.
std::string RowIdOf(const RowKey& key);
// InvalidArgument for what is no row id.
absl::StatusOr<RowKey> ParseRowId(std::string_view row_id);

// "identifier", "attributes", "link", "entry".
std::string_view RowTypeName(RowType type);

}  // namespace trama::profile
