#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "services/channels/open/account.h"

// Events as an integrator writes them.
namespace trama::open_channel::testing {

using Json = nlohmann::ordered_json;

inline const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
inline constexpr char kNowText[] = "2023-11-14T22:13:20Z";

inline OpenAccountView Account() {
  OpenAccountView account;
  account.workspace = "demo";
  account.name = "shop";
  account.default_region = "US";
  account.callback_url = "https://shop.example/trama";
  account.public_base_url = "https://trama.firm.example";
  return account;
}

// What every event of a user has.
inline Json EventOf(const std::string& type, const std::string& id) {
  return {{"id", id}, {"type", type}, {"occurred_at", kNowText}, {"user", {{"id", "u1"}}}};
}

inline Json MessageEvent(const std::string& message_id, const std::string& text) {
  Json event = EventOf("message", "e-" + message_id);
  event["message"] = {{"id", message_id}, {"text", text}};
  return event;
}

inline Json StatusEvent(const std::string& id, const std::string& message_id,
                        const std::string& conversation_id, const std::string& status) {
  return {{"id", id},
          {"type", "status"},
          {"occurred_at", kNowText},
          {"conversation_id", conversation_id},
          {"message", {{"id", message_id}}},
          {"status", status}};
}

inline std::string Batch(const std::vector<Json>& events) {
  return Json{{"events", events}}.dump();
}

}  // namespace trama::open_channel::testing
