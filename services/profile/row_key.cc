#include "services/profile/row_key.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"

namespace trama::profile {

bool IsEntityId(std::string_view text) {
  return !text.empty() && text.size() <= kEntityIdBytesMax &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

RowKey IdentifierKey(std::string_view workspace, std::string_view customer_id) {
  return {std::string(workspace), RowType::kIdentifier, std::string(customer_id), ""};
}

RowKey AttributesKey(std::string_view workspace, std::string_view customer_id) {
  return {std::string(workspace), RowType::kAttributes, std::string(customer_id), ""};
}

RowKey LinkKey(std::string_view workspace, std::string_view link_id) {
  return {std::string(workspace), RowType::kLink, std::string(link_id), ""};
}

RowKey EntryKey(std::string_view workspace, std::string_view customer_id,
                std::string_view entry_id) {
  return {std::string(workspace), RowType::kEntry, std::string(customer_id), std::string(entry_id)};
}

std::string_view RowTypeName(RowType type) {
  switch (type) {
    case RowType::kIdentifier:
      return "identifier";
    case RowType::kAttributes:
      return "attributes";
    case RowType::kLink:
      return "link";
    case RowType::kEntry:
      return "entry";
  }
  return "";
}

std::string RowIdOf(const RowKey& key) {
  std::string id = absl::StrCat(key.workspace, "/", ToAbsl(RowTypeName(key.type)), "/", key.owner);
  if (key.type == RowType::kEntry) absl::StrAppend(&id, "/", key.entry_id);
  return id;
}

absl::StatusOr<RowKey> ParseRowId(std::string_view row_id) {
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(row_id), '/');
  if (parts.size() >= 3 && std::all_of(parts.begin(), parts.end(), IsEntityId)) {
    for (const RowType type :
         {RowType::kIdentifier, RowType::kAttributes, RowType::kLink, RowType::kEntry}) {
      const size_t wanted = type == RowType::kEntry ? 4 : 3;
      if (parts[1] != RowTypeName(type) || parts.size() != wanted) continue;
      return RowKey{parts[0], type, parts[2], wanted == 4 ? parts[3] : ""};
    }
  }
  return absl::InvalidArgumentError(
      "a row id must be workspace/identifier/id, workspace/attributes/id, workspace/link/id or "
      "workspace/entry/id/id");
}

}  // namespace trama::profile
