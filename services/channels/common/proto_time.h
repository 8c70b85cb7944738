#pragma once

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace trama::channels {

inline absl::Time FromProto(const google::protobuf::Timestamp& stamp) {
  return absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos());
}

// Finite times only.
inline void SetProto(absl::Time time, google::protobuf::Timestamp* stamp) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  stamp->set_seconds(seconds);
  stamp->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

}  // namespace trama::channels
