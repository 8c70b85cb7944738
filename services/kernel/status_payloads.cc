#include "services/kernel/status_payloads.h"

#include <map>

#include "absl/strings/cord.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/delimited_message_util.h"

namespace trama {

using google::protobuf::Any;

std::string PackPayloads(const absl::Status& status, size_t bytes_max) {
  std::map<std::string, std::string> sorted;
  status.ForEachPayload([&sorted](absl::string_view type_url, const absl::Cord& payload) {
    sorted.emplace(type_url, payload);
  });
  std::string packed;
  {
    google::protobuf::io::StringOutputStream out(&packed);
    for (const auto& [type_url, payload] : sorted) {
      Any any;
      any.set_type_url(type_url);
      any.set_value(payload);
      google::protobuf::util::SerializeDelimitedToZeroCopyStream(any, &out);
    }
  }  // The stream gives back what it reserved.
  return packed.size() <= bytes_max ? packed : "";
}

void UnpackPayloads(std::string_view packed, absl::Status& status) {
  google::protobuf::io::ArrayInputStream in(packed.data(), static_cast<int>(packed.size()));
  while (true) {
    Any any;
    bool at_end = false;
    if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&any, &in, &at_end)) return;
    status.SetPayload(any.type_url(), absl::Cord(any.value()));
  }
}

}  // namespace trama
