#pragma once

#include <string>
#include <string_view>

#include "services/channels/common/publisher.h"
#include "services/platform/http/http_message.h"

namespace trama::channels {

// A request as it is archived ("message/http"): its line, headers and body, without credentials.
// Every header whose name contains "signature" is left out, too: a kept signature could be played
// back to somebody else.
std::string RawRequest(const platform::HttpRequest& request);
// The same with another body, for one event out of a batch.
std::string RawRequest(const platform::HttpRequest& request, std::string_view body);

// The request as a dead letter of the door "webhook:<channel>:<workspace>/<account>"; a redelivery,
// which is the same bytes, has the same id.
Unreadable UnreadableRequest(const std::string& channel, const std::string& workspace,
                             const std::string& account, const platform::HttpRequest& request,
                             std::string reason);

}  // namespace trama::channels
