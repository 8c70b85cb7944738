#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/kernel/errors.h"

// Checks of single values. Each adds to `out` what is wrong with the value at `path`; none stops at
// the first mistake. Descriptions go on after the path: `"20" is not a duration …`.
namespace trama::config {

using Violations = std::vector<FieldViolation>;

inline constexpr size_t kNameMaxBytes = 63;
inline constexpr size_t kTextMaxBytes = 4096;  // Of any text in a resource.
inline constexpr size_t kEntriesMax = 4096;    // Of any list or map in a resource.
inline constexpr int32_t kPriorityMax = 1000;  // And its negative.
inline constexpr int32_t kUnitsMax = 10'000;
inline constexpr int32_t kOrderMax = 1'000'000;  // And its negative.

// "spec" + "queues" → "spec.queues"; "spec.queues" + 2 → "spec.queues[2]"; a key of a map likewise.
std::string Below(std::string_view path, std::string_view field);
std::string Item(std::string_view path, int index);
std::string Item(std::string_view path, std::string_view key);

void AddViolation(Violations& out, std::string path, std::string description);

// What holds for every message: no control characters, nothing endless, no unknown enum numbers.
// Paths are made of the fields' names below `path`.
void CheckTexts(const google::protobuf::Message& message, const std::string& path, Violations& out);

// Lower-case letters, digits, '-' and '.', at most 63, a letter or digit at both ends.
void CheckName(std::string_view name, const std::string& path, Violations& out);

// At most 128 characters.
void CheckDisplayName(std::string_view name, const std::string& path, Violations& out);

void CheckRange(int64_t value, int64_t min, int64_t max, const std::string& path, Violations& out);

// "20s", "5m", "4h30m". Empty is fine: every duration has a default.
void CheckDuration(std::string_view text, absl::Duration min, absl::Duration max,
                   const std::string& path, Violations& out);

// "file:/path" or "env:NAME". The text of the violation never holds the value, which may be a
// secret that was put there by mistake.
void CheckSecret(std::string_view reference, bool required, const std::string& path,
                 Violations& out);

// An IANA zone that this machine knows.
void CheckTimeZone(std::string_view zone, const std::string& path, Violations& out);

// An ISO 3166 country.
void CheckRegion(std::string_view region, const std::string& path, Violations& out);

// "email", "sms": a channel that accounts can be of.
void CheckChannel(std::string_view channel, const std::string& path, Violations& out);

// An absolute http or https URL without user, query or fragment. Empty is fine.
void CheckUrl(std::string_view url, const std::string& path, Violations& out);

}  // namespace trama::config
