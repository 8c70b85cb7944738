#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "trama/routing/v1/routing_service.pb.h"

namespace trama::tramactl {

inline constexpr size_t kReplyFilesMaxBytes = 10 << 20;  // As routing_service.proto says.

// Adds files of this machine to a reply, with the content type that their names tell. Errors name
// the file; RESOURCE_EXHAUSTED when they are too large together.
absl::Status AddFiles(const std::vector<std::string>& paths, routing::v1::ReplyRequest& request);

}  // namespace trama::tramactl
