#pragma once

#include <string>
#include <vector>

#include "google/protobuf/descriptor.pb.h"

namespace trama::contract {

// What in `now` would break a reader or writer that was built against `landed`, one line each,
// empty when nothing does: a message, enum or RPC that is gone; a field that is gone without its
// number and name being reserved; a field whose number means another type, name, label or oneof.
// Additions are always compatible.
std::vector<std::string> IncompatibleChanges(const google::protobuf::FileDescriptorSet& landed,
                                             const google::protobuf::FileDescriptorSet& now);

}  // namespace trama::contract
