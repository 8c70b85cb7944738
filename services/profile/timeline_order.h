#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trama/profile/v1/profile_events.pb.h"

// The order of a timeline, and pages of it.
namespace trama::profile {

// Where an entry stands: 16 hexadecimal digits of its microseconds since 1970, ':' and its id. Byte
// order is time order; equal moments are ordered by id. Times before 1970 stand at the beginning.
std::string PositionOf(const v1::TimelineEntry& entry);

// The id in a position.
std::string EntryIdAt(const std::string& position);

// Which timeline is paged through, and how. A token of one does not fit another.
struct PageScope {
  std::string workspace;
  std::string conversation_id;  // Empty: all.
  bool oldest_first = false;
};

// Names the entry after which the next page begins. New entries move no page: they come before it
// or behind it.
std::string MakePageToken(const PageScope& scope, const std::string& last_position);
// The position; empty for an empty token. InvalidField("page_token") otherwise.
absl::StatusOr<std::string> ReadPageToken(const PageScope& scope, std::string_view token);

// One entry of a merged page.
struct Placed {
  std::string position;
  size_t list = 0;  // The first of the lists that holds it.

  friend bool operator==(const Placed&, const Placed&) = default;
};

// The first `limit` of several lists, each in order. What stands in several at the same position is
// the same thing and comes once.
std::vector<Placed> MergePositions(const std::vector<std::vector<std::string>>& lists,
                                   bool oldest_first, size_t limit);

}  // namespace trama::profile
