#include "services/platform/engine/loop_rows.h"

#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

using engine::v1::ClockRow;
using engine::v1::IncarnationRow;
using engine::v1::LifeRow;
using engine::v1::OffsetRow;

constexpr char kClockKey[] = "loop/clock";
constexpr char kIncarnationKey[] = "loop/incarnation";
constexpr char kLifeKey[] = "loop/life";
constexpr std::string_view kOffsetPrefix = "loop/offset/";

template <typename Row>
absl::Status Parse(std::string_view key, std::string_view value, Row& row) {
  if (row.ParseFromArray(value.data(), static_cast<int>(value.size()))) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("row ", ToAbsl(key), " is not a ", Row::descriptor()->full_name()));
}

}  // namespace

absl::Status LoopRows::Load(std::string_view key, std::string_view value) {
  if (key.substr(0, kOffsetPrefix.size()) == kOffsetPrefix) {
    return Parse(key, value, offsets[std::string(key.substr(kOffsetPrefix.size()))]);
  }
  if (key == kClockKey) {
    ClockRow row;
    const absl::Status parsed = Parse(key, value, row);
    clock = absl::FromUnixMillis(row.last_ms());
    return parsed;
  }
  if (key == kIncarnationKey) {
    IncarnationRow row;
    const absl::Status parsed = Parse(key, value, row);
    incarnation = row.incarnation();
    found = true;
    return parsed;
  }
  if (key == kLifeKey) return Parse(key, value, life);
  return absl::OkStatus();
}

RowChange OffsetChange(std::string_view topic, const OffsetRow& row) {
  return {std::string(kOffsetPrefix) + std::string(topic), row.SerializeAsString()};
}

RowChange ClockChange(absl::Time stamp) {
  ClockRow row;
  row.set_last_ms(absl::ToUnixMillis(stamp));
  return {kClockKey, row.SerializeAsString()};
}

RowChange IncarnationChange(int64_t incarnation) {
  IncarnationRow row;
  row.set_incarnation(incarnation);
  return {kIncarnationKey, row.SerializeAsString()};
}

RowChange LifeChange(const LifeRow& row) { return {kLifeKey, row.SerializeAsString()}; }

}  // namespace trama::platform
