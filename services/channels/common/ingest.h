#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/channels/common/publisher.h"
#include "services/channels/common/raw_archive.h"
#include "services/channels/common/seen_memory.h"
#include "services/platform/net/awaitable.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::channels {

// What one event at a door (a webhook, a mail) has brought.
struct Arrival {
  std::string workspace;
  std::string account;
  // The vendor's ids of the event, by which its redelivery is recognised; none: not remembered.
  // When all were seen before, nothing is written.
  std::vector<std::string> event_ids;

  std::vector<interaction::v1::Interaction> interactions;
  std::vector<Receipt> receipts;

  // The original with secrets removed; empty: none is kept. A small one goes into the interactions
  // (HoldOriginal), another one to the blob store: there it belongs to the first interaction's
  // sender, and its place is written into `raw_blob` of all.
  std::string raw;
  std::string raw_content_type;
  bool raw_in_blob_store = false;  // Whatever its size: a mail's files wait for the store anyway.

  // W3C trace context of the event; empty (a mail has none): a new trace begins.
  std::string traceparent;
};

struct IngestResult {
  // OK: acknowledge it. UNAVAILABLE, RESOURCE_EXHAUSTED (no room for the original),
  // FAILED_PRECONDITION: the vendor must come again.
  // INVALID_ARGUMENT: it can never be written; give it to GiveUp.
  absl::Status status;
  bool seen = false;     // It was a redelivery, nothing was written.
  std::string raw_blob;  // Where the original lies; empty when the interactions hold it.
};

// The way of everything that comes in: raw original kept → seen before? → written to Kafka and
// acknowledged by it → marked as seen. What goes to the blob store is looked up before. An OK is a
// promise that nothing of it is lost.
//
// Threads: safe from any; coroutines run where they are spawned.
class Ingest {
 public:
  // Of several arrivals, so many are archived and written at once; the next ones follow after
  // Kafka's acknowledgement, so that a batch too large for one call goes on where it stopped.
  static constexpr size_t kAtOnceMax = 64;

  Ingest(Publisher& publisher, SeenMemory& seen, RawArchive& archive)
      : publisher_(publisher), seen_(seen), archive_(archive) {}

  platform::Awaitable<IngestResult> Take(Arrival arrival);
  // A batch that one request has brought, acknowledged as a whole: OK only when all of it is
  // written. What was written before an error is not written again when the vendor comes again, as
  // far as Redis remembers. `raw_blob` of the result is that of the first arrival.
  platform::Awaitable<IngestResult> TakeAll(std::vector<Arrival> arrivals);

  // What was proved to be the vendor's and yet cannot be read goes to the dead letters, whole.
  // OK: it stands there, acknowledge it. UNAVAILABLE: the vendor must come again.
  platform::Awaitable<absl::Status> GiveUp(Unreadable unreadable);
  platform::Awaitable<absl::Status> GiveUpAll(std::vector<Unreadable> unreadable);

 private:
  struct Prepared;

  // Looks it up and keeps its original; nothing is written. `arrival` belongs to whoever awaits it.
  platform::Awaitable<Prepared> Prepare(Arrival& arrival);
  // One whose original does not go to the store: most do not.
  platform::Awaitable<IngestResult> TakeOne(Arrival arrival);
  // Not more than kAtOnceMax.
  platform::Awaitable<IngestResult> TakeSome(std::vector<Arrival> arrivals);
  platform::Awaitable<IngestResult> TakeMany(std::vector<Arrival> arrivals);

  Publisher& publisher_;
  SeenMemory& seen_;
  RawArchive& archive_;
};

}  // namespace trama::channels
