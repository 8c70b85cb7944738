#include "services/platform/engine/row_order.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>

namespace trama::platform {
namespace {

struct Place {
  uint64_t head;  // The first bytes behind the kind of row ("clock/"): those of an id.
  const Rows::value_type* row;
};

uint64_t HeadOf(std::string_view key, size_t from) {
  uint64_t head = 0;
  for (size_t i = from; i < from + sizeof(head); ++i) {
    head = head << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0);
  }
  return head;
}

}  // namespace

// Sorting once costs less than a tree of all, and to compare numbers that lie side by side less
// than to compare keys that lie all over the memory: a third of loading 300 000 rows.
std::vector<const Rows::value_type*> InKeyOrder(const Rows& rows) {
  std::map<std::string_view, std::vector<Place>> by_kind;
  for (const Rows::value_type& row : rows) {
    const std::string_view key = row.first;
    const size_t slash = key.find('/');
    const size_t kind = slash == std::string_view::npos ? key.size() : slash + 1;
    by_kind[key.substr(0, kind)].push_back({HeadOf(key, kind), &row});
  }
  std::vector<const Rows::value_type*> ordered;
  ordered.reserve(rows.size());
  for (auto& [kind, places] : by_kind) {
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
      return a.head != b.head ? a.head < b.head : a.row->first < b.row->first;
    });
    for (const Place& place : places) ordered.push_back(place.row);
  }
  return ordered;
}

}  // namespace trama::platform
