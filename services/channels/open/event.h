#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/open/account.h"
#include "services/channels/open/field_reader.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/interaction/v1/interaction_events.pb.h"

// What an integrator tells us: batches of events, as openapi.yaml describes them.
namespace trama::open_channel {

inline constexpr size_t kEventsMax = 100;
inline constexpr int kJsonDepthMax = 16;
inline constexpr size_t kTextCodePointsMax = 10'000;
inline constexpr size_t kAttachmentsMax = 10;
inline constexpr size_t kUrlBytesMax = 2048;
inline constexpr size_t kNameBytesMax = 256;

// One event of a batch, read. Exactly one of `refusal`, `interaction` and `receipt` is set.
struct Event {
  std::string id;  // As the integrator named it; empty when he did not.
  // By which a repeat is recognised: a message by its own id, so that it may come again in another
  // event, everything else by the event's.
  std::string seen_id;
  std::string original;  // Its JSON; empty for what need not be kept (typing, receipts).
  std::optional<Refusal> refusal;
  std::optional<interaction::v1::Interaction> interaction;
  std::optional<delivery::v1::Delivery> receipt;
};

// Reads a request body. Fields that we do not know change nothing. INVALID_ARGUMENT: it is no batch
// of events; OUT_OF_RANGE: more than kEventsMax. What is wrong with one event is its refusal
// and hinders no other.
absl::StatusOr<std::vector<Event>> ParseEvents(std::string_view body,
                                               const OpenAccountView& account,
                                               absl::Time received_at);

}  // namespace trama::open_channel
