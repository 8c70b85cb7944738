#include "services/channels/open/answer.h"

#include <set>

#include "nlohmann/json.hpp"

namespace trama::open_channel {

namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::vector<size_t> Distinct(const std::vector<Event>& events) {
  std::vector<size_t> places;
  std::set<std::string_view> seen;
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].refusal.has_value() || !seen.insert(events[i].seen_id).second) continue;
    places.push_back(i);
  }
  return places;
}

std::string ResultsJson(const std::vector<Event>& events, const std::vector<size_t>& distinct,
                        const std::vector<bool>& seen) {
  std::vector<bool> accepted(events.size(), false);
  for (size_t i = 0; i < distinct.size(); ++i) accepted[distinct[i]] = !seen[i];
  Json results = Json::array();
  for (size_t i = 0; i < events.size(); ++i) {
    Json result = {{"index", i}, {"id", events[i].id}};
    if (const auto& refusal = events[i].refusal; refusal.has_value()) {
      result["status"] = "rejected";
      result["field"] = refusal->field;
      result["reason"] = refusal->reason;
    } else {
      result["status"] = accepted[i] ? "accepted" : "duplicate";
    }
    results.push_back(std::move(result));
  }
  return Json{{"results", std::move(results)}}.dump();
}

std::string ErrorJson(std::string_view code, std::string_view message) {
  return Json{{"error", {{"code", code}, {"message", message}}}}.dump();
}

}  // namespace trama::open_channel
