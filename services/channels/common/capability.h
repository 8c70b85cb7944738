#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "trama/outbound/v1/outbound_events.pb.h"

namespace trama::channels {

// What a channel can carry, as data: composer, bots, campaigns and delivery ask the same record.
struct ChannelCapability {
  std::string channel;
  int32_t version = 1;  // Raised with every change of a value.

  int64_t text_code_points_max = 0;  // 0: no limit.
  bool html = false;
  bool subject = false;

  int32_t media_count_max = 0;  // 0: no media.
  int64_t media_bytes_max = 0;  // Of one file.
  int64_t media_total_bytes_max = 0;
  // "image/*", "application/pdf"; empty: every type.
  std::vector<std::string> media_types;

  // Types of part beside text and files; each stands alone in its message.
  bool templates = false;
  bool interactive = false;

  // We may write first, without a message of the customer.
  bool can_start_conversation = true;
  // After the customer's last message the channel lets us answer freely this long.
  absl::Duration session_window = absl::InfiniteDuration();
  bool delivered_receipts = false;
  bool read_receipts = false;
};

// "image/jpeg" matches "image/*" and "image/jpeg"; case does not count, parameters are ignored.
bool MediaTypeAllowed(const ChannelCapability& capability, std::string_view content_type);

// Can the channel carry this content? INVALID_ARGUMENT names the limit that it breaks, with the
// value; parts whose kind the channel does not have are errors, too.
absl::Status CheckContent(const ChannelCapability& capability,
                          const outbound::v1::OutboundMessage& message);

}  // namespace trama::channels
