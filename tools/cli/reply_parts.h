#pragma once

#include <string>

#include "absl/status/status.h"
#include "tools/cli/args.h"
#include "trama/routing/v1/routing_service.pb.h"
#include "trama/types/v1/types.pb.h"

namespace trama::tramactl {

// What an answer holds, from the flags of `agent reply` and its text: a text and files, or one
// template (--template, --language, --parameter), or one text with choices (--choice).
// INVALID_ARGUMENT says which flags do not go together, or that there is nothing to say.
absl::Status AddReplyParts(const Arguments& arguments, const std::string& text,
                           routing::v1::ReplyRequest& request);

// How a part that is neither text, file nor place reads on one line; empty for those.
std::string RichPartLine(const types::v1::Part& part);

}  // namespace trama::tramactl
