#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/kernel/machine.h"
#include "trama/engine/v1/engine.pb.h"

namespace trama::platform {

inline constexpr std::string_view kLoopRowPrefix = "loop/";

// What the loop keeps in the changelog beside its machine's rows. A value, pure.
struct LoopRows {
  std::map<std::string, engine::v1::OffsetRow> offsets;  // By topic.
  absl::Time clock = absl::InfinitePast();
  int64_t incarnation = 0;
  engine::v1::LifeRow life;
  bool found = false;  // Has there been an owner before?

  // A row whose key begins with kLoopRowPrefix. DATA_LOSS when it cannot be read; rows of newer
  // releases are passed over.
  absl::Status Load(std::string_view key, std::string_view value);
};

// The same rows as they are written.
RowChange OffsetChange(std::string_view topic, const engine::v1::OffsetRow& row);
RowChange ClockChange(absl::Time stamp);
RowChange IncarnationChange(int64_t incarnation);
RowChange LifeChange(const engine::v1::LifeRow& row);

}  // namespace trama::platform
