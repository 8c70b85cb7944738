#include "services/channels/common/ingest.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "services/channels/common/gather.h"
#include "services/channels/common/raw_original.h"
#include "services/platform/base/span.h"

namespace trama::channels {

namespace {

// To the end of `to`, or in its place: most requests bring one event.
template <typename T>
void MoveBehind(std::vector<T>& from, std::vector<T>& to) {
  if (to.empty()) {
    to = std::move(from);
  } else {
    std::move(from.begin(), from.end(), std::back_inserter(to));
  }
}

bool GoesToStore(const Arrival& arrival) {
  if (arrival.raw.empty() || arrival.interactions.empty()) return false;
  return arrival.raw_in_blob_store || !CanHoldOriginal(arrival.raw, arrival.interactions.size());
}

// What one request brought belongs to one trace; a mail comes without: then one begins here.
platform::Span StartSpan(const std::string& traceparent) {
  const auto start = traceparent.empty() ? &platform::Span::StartAtBorder : &platform::Span::Start;
  return start(platform::SpanKind::kInternal, "ingest", traceparent);
}

}  // namespace

struct Ingest::Prepared {
  // One that was never looked up, as memory ran out, must not pass for one that was.
  IngestResult result{.status = absl::Status(absl::StatusCode::kUnavailable, "")};
  std::vector<std::string> seen_keys;
};

platform::Awaitable<Ingest::Prepared> Ingest::Prepare(Arrival& arrival) {
  Prepared prepared;
  prepared.result.status = absl::OkStatus();
  prepared.seen_keys = seen_.KeysOf(arrival.workspace, arrival.account, arrival.event_ids);
  prepared.result.seen = co_await seen_.AllSeen(prepared.seen_keys);
  if (prepared.result.seen || arrival.interactions.empty()) co_return prepared;
  prepared.result.status = archive_.CheckIdentity(arrival.workspace);
  if (!prepared.result.status.ok() || arrival.raw.empty()) co_return prepared;
  if (!arrival.raw_in_blob_store &&
      HoldOriginal(std::move(arrival.raw), arrival.raw_content_type, arrival.interactions)) {
    co_return prepared;
  }
  absl::StatusOr<std::string> blob =
      co_await archive_.Put(arrival.workspace, arrival.interactions.front().sender().identifier(),
                            std::move(arrival.raw), std::move(arrival.raw_content_type));
  if (!blob.ok()) {
    prepared.result.status = blob.status();
    co_return prepared;
  }
  prepared.result.raw_blob = *blob;
  for (interaction::v1::Interaction& interaction : arrival.interactions) {
    interaction.set_raw_blob(*blob);
  }
  co_return prepared;
}

platform::Awaitable<IngestResult> Ingest::Take(Arrival arrival) {
  std::vector<Arrival> one;
  one.push_back(std::move(arrival));
  return TakeAll(std::move(one));
}

platform::Awaitable<IngestResult> Ingest::TakeAll(std::vector<Arrival> arrivals) {
  if (arrivals.size() == 1 && !GoesToStore(arrivals.front())) {
    return TakeOne(std::move(arrivals.front()));
  }
  if (arrivals.empty() || arrivals.size() > kAtOnceMax) return TakeMany(std::move(arrivals));
  return TakeSome(std::move(arrivals));
}

platform::Awaitable<IngestResult> Ingest::TakeMany(std::vector<Arrival> arrivals) {
  IngestResult result;
  result.seen = true;
  for (size_t begin = 0; begin < arrivals.size(); begin += kAtOnceMax) {
    const auto first = arrivals.begin() + static_cast<ptrdiff_t>(begin);
    const auto count = std::min(kAtOnceMax, arrivals.size() - begin);
    std::vector<Arrival> some(std::make_move_iterator(first),
                              std::make_move_iterator(first + static_cast<ptrdiff_t>(count)));
    const IngestResult part = co_await TakeSome(std::move(some));
    result.seen = result.seen && part.seen;
    if (result.raw_blob.empty()) result.raw_blob = part.raw_blob;
    result.status = part.status;
    if (!result.status.ok()) co_return result;
  }
  co_return result;
}

platform::Awaitable<IngestResult> Ingest::TakeOne(Arrival arrival) {
  // What one request brought belongs to one trace; a mail comes without: then one begins here.
  platform::Span span = StartSpan(arrival.traceparent);
  IngestResult result;
  if (!arrival.interactions.empty()) {
    result.status = archive_.CheckIdentity(arrival.workspace);
    if (!result.status.ok()) co_return result;
    if (!arrival.raw.empty()) {
      HoldOriginal(std::move(arrival.raw), arrival.raw_content_type, arrival.interactions);
    }
  }
  std::vector<std::string> keys =
      seen_.KeysOf(arrival.workspace, arrival.account, arrival.event_ids);
  const Published published =
      co_await publisher_.PublishNew(seen_, keys, std::move(arrival.interactions),
                                     std::move(arrival.receipts), span.traceparent());
  result.status = published.status;
  result.seen = published.seen;
  if (!result.status.ok()) {
    span.Fail(absl::StatusCodeToString(result.status.code()));
  } else if (!result.seen) {
    seen_.Mark(keys);
  }
  co_return result;
}

platform::Awaitable<IngestResult> Ingest::TakeSome(std::vector<Arrival> arrivals) {
  platform::Span span = StartSpan(arrivals.front().traceparent);
  std::vector<Prepared> prepared;
  if (arrivals.size() == 1) {
    // A mail, or one with a large original, needs nobody beside it.
    prepared.push_back(co_await Prepare(arrivals.front()));
  } else {
    std::vector<platform::Awaitable<Prepared>> preparing;
    for (Arrival& arrival : arrivals) preparing.push_back(Prepare(arrival));
    prepared = co_await Gather(std::move(preparing));
  }

  IngestResult result;
  result.seen = true;
  std::vector<interaction::v1::Interaction> interactions;
  std::vector<Receipt> receipts;
  std::vector<std::string> marks;
  for (size_t i = 0; i < prepared.size(); ++i) {
    Prepared& each = prepared[i];
    if (!each.result.status.ok()) {
      result.seen = false;
      result.status = each.result.status;
      co_return result;
    }
    if (each.result.seen) continue;
    result.seen = false;
    if (result.raw_blob.empty()) result.raw_blob = each.result.raw_blob;
    MoveBehind(arrivals[i].interactions, interactions);
    MoveBehind(arrivals[i].receipts, receipts);
    MoveBehind(each.seen_keys, marks);
  }
  result.status =
      co_await publisher_.Publish(std::move(interactions), std::move(receipts), span.traceparent());
  if (!result.status.ok()) {
    span.Fail(absl::StatusCodeToString(result.status.code()));
    co_return result;
  }
  seen_.Mark(marks);
  co_return result;
}

platform::Awaitable<absl::Status> Ingest::GiveUp(Unreadable unreadable) {
  std::vector<Unreadable> one;
  one.push_back(std::move(unreadable));
  co_return co_await publisher_.DeadLetter(std::move(one));
}

platform::Awaitable<absl::Status> Ingest::GiveUpAll(std::vector<Unreadable> unreadable) {
  co_return co_await publisher_.DeadLetter(std::move(unreadable));
}

}  // namespace trama::channels
