#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/channels/open/event.h"

// What we answer to an integrator, as openapi.yaml describes it.
namespace trama::open_channel {

// The events of a batch that go on: they were not refused and none before them in the batch is the
// same. Their places, in order.
std::vector<size_t> Distinct(const std::vector<Event>& events);

// The list of results, one for each event in order. `seen` are the places, among those of
// `distinct`, whose event was taken in before.
std::string ResultsJson(const std::vector<Event>& events, const std::vector<size_t>& distinct,
                        const std::vector<bool>& seen);

// {"error": {"code": …, "message": …}}: the whole request was not taken.
std::string ErrorJson(std::string_view code, std::string_view message);

}  // namespace trama::open_channel
