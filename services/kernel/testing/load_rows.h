#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/kernel/archive.h"
#include "services/kernel/check.h"
#include "services/kernel/machine.h"
#include "services/kernel/table.h"

namespace trama::testing {

// Gives a machine the rows of a changelog as a takeover does: table by table, and with the archives
// in which they lie.
inline void LoadRows(const std::map<std::string, std::string>& rows, Machine& machine) {
  std::map<std::string_view, std::vector<RowBytes>> tables;
  for (const auto& [key, value] : rows) tables[SplitRowKey(key).first].push_back({key, value});
  for (auto& [table, of_table] : tables) {
    const auto archive = std::make_shared<MemoryArchive>();
    std::string record;
    for (RowBytes& row : of_table) {
      WriteArchivedRow({SplitRowKey(row.key).second, row.value}, record);
      row.place = archive->Append(record);
    }
    machine.TakeArchive(table, archive);
    const absl::Status loaded = machine.LoadRows(of_table);
    TRAMA_CHECK(loaded.ok());
  }
}

}  // namespace trama::testing
