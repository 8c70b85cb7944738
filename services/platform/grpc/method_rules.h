#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/platform/grpc/call_gate.h"

namespace trama::platform {

// Longer deadlines are cut. Not shorter than what tramactl and the load generator give their calls.
inline constexpr absl::Duration kCommandDeadlineMax = absl::Seconds(10);
inline constexpr absl::Duration kReadDeadlineMax = absl::Seconds(20);

// Under way at once, per replica, of a method that reads: whoever asks in a loop must not take the
// room of those who do something.
inline constexpr int32_t kReadsMax = 100;

// What a method lays down, whatever the workspace of the request; see Access.
struct MethodRules {
  std::vector<std::string_view> roles;
  absl::Duration deadline_max = absl::ZeroDuration();
  MethodLimit* limit = nullptr;
};

}  // namespace trama::platform
