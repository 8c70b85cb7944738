#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace trama::channels {

// How a channel delivers.
struct DeliveryRules {
  std::string channel;  // "sms"

  // Not tried after this age, unless the message says when it expires.
  absl::Duration age_max = absl::Hours(24);

  // Waits between attempts that certainly had no effect: a random part (full jitter) of
  // base * 2^(attempt - 1), at most the cap.
  absl::Duration backoff_base = absl::Seconds(1);
  absl::Duration backoff_cap = absl::Minutes(5);

  // After an ambiguous attempt: waits this long for a receipt (accounts may say otherwise), then
  // asks the vendor (Sender::Find); if that cannot tell, tries once more.
  absl::Duration receipt_wait = absl::Seconds(60);
  bool retry_ambiguous = true;
  // The same for an attempt whose process ended before the outcome was known. There a success is
  // the likely outcome, so that "once more" would be a duplicate: false means that the message then
  // fails visibly instead.
  bool retry_lost = false;
  // The vendor drops repeats of a message by the id that we give it: an attempt that may have
  // reached it, or whose process ended, is simply made again until the message expires, as one that
  // certainly has not.
  bool vendor_drops_repeats = false;
  // How often the vendor is asked about a lost attempt while it cannot be reached.
  int finds_max = 5;

  // Attempts under way at once, per partition number and per account.
  // (Each counts from the transaction that says so to the one that holds its outcome, some 100 ms
  // under load, so they bound the rate.)
  int in_flight_max = 256;
  int in_flight_per_account_max = 128;
  // Messages taken from the topic and not finished, per partition number; then reading stops.
  int open_max = 10'000;
  size_t open_bytes_max = 64 << 20;
  // How far reading may run ahead of the oldest unfinished message, in records.
  int64_t window_max = 1'000'000;
  // A message for an account that is not configured (yet) waits this long.
  absl::Duration unknown_account_wait = absl::Seconds(30);
};

// What delivery must know of a channel account.
struct DeliveryAccount {
  bool on = true;               // ON or DRAINING; OFF fails its messages.
  absl::Duration receipt_wait;  // Zero: the rules'.
};

// By "<workspace>/<account>".
using DeliveryAccounts = std::map<std::string, DeliveryAccount>;

std::string AccountKey(const std::string& workspace, const std::string& account);

// The wait before attempt `next` (2 for the first retry). `jitter` is drawn from [0, 1).
absl::Duration Backoff(const DeliveryRules& rules, int32_t next, double jitter);

}  // namespace trama::channels
