#include "services/channels/common/publisher.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/kernel/machine.h"
#include "services/platform/base/span.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/dead_letter.h"

namespace trama::channels {

namespace {

OutRecord ToOut(const interaction::v1::Interaction& interaction, const std::string& topic,
                const std::string& traceparent) {
  OutRecord out;
  out.topic = topic;
  out.key = InteractionKey(interaction.workspace(), interaction.sender().identifier());
  out.type = interaction.GetDescriptor()->full_name();
  out.id = interaction.interaction_id();
  // Not the key: a header may be logged by tools, and the key is personal data.
  out.subject = interaction.channel() + "/" + interaction.channel_account();
  out.time = FromProto(interaction.received_at());
  out.traceparent = traceparent;
  out.value = interaction.SerializeAsString();
  return out;
}

OutRecord ToOut(const delivery::v1::Delivery& delivery, const std::string& topic,
                const std::string& traceparent) {
  OutRecord out;
  out.topic = topic;
  out.key = delivery.conversation_id();
  out.type = delivery.GetDescriptor()->full_name();
  out.id = delivery.event_id();
  out.subject = delivery.conversation_id();
  out.time = FromProto(delivery.occurred_at());
  out.traceparent = traceparent;
  out.value = delivery.SerializeAsString();
  return out;
}

// Names of attributes: OpenTelemetry's semantic conventions for messaging.
platform::Span StartSpan(const PublisherOptions& options, size_t interactions, size_t receipts,
                         const std::string& traceparent) {
  const std::string& topic =
      interactions == 0 ? options.deliveries_topic : options.interactions_topic;
  std::string name = platform::IsTracing() ? absl::StrCat("publish ", topic) : std::string();
  platform::Span span =
      platform::Span::Start(platform::SpanKind::kProducer, std::move(name), traceparent);
  if (!span.recording()) return span;
  span.Set("messaging.system", "kafka");
  span.Set("messaging.destination.name", topic);
  span.Set("messaging.batch.message_count", static_cast<int64_t>(interactions + receipts));
  return span;
}

// Every error that a later attempt can heal is UNAVAILABLE to the caller.
absl::Status ForCaller(const absl::Status& status) {
  if (status.ok() || status.code() == absl::StatusCode::kInvalidArgument) return status;
  return absl::UnavailableError(absl::StrCat("kafka: ", status.message()));
}

}  // namespace

Publisher::Publisher(platform::Producer& producer, const platform::Clock& clock,
                     platform::Metrics& metrics, PublisherOptions options)
    : producer_(producer),
      clock_(clock),
      options_(std::move(options)),
      source_("/trama/" + options_.channel),
      round_([this](std::vector<Outgoing> all) { Leave(std::move(all)); }),
      acknowledgements_(options_.wait_max,
                        {absl::DeadlineExceededError("no acknowledgement in time")}),
      records_(metrics.Counter("trama_ingest_records_total",
                               "Records written by the channels, by what became of them.",
                               {"channel", "topic", "outcome"})),
      interactions_written_(
          records_.With({options_.channel, options_.interactions_topic, "written"})),
      seconds_(metrics
                   .Histogram("trama_ingest_publish_seconds",
                              "From a write, with what it waits for Redis, to Kafka's "
                              "acknowledgement.",
                              {"channel"}, platform::kLatencySecondsBuckets)
                   .With({options_.channel})) {}

absl::Status Publisher::MakeRecords(Outgoing& outgoing) const {
  outgoing.records.reserve(outgoing.interactions.size() + outgoing.receipts.size());
  const auto add = [&](OutRecord out, int32_t partition) {
    absl::StatusOr<platform::Record> record =
        platform::EventRecord(std::move(out), partition, source_);
    if (record.ok()) outgoing.records.push_back(*std::move(record));
    return record.status();
  };
  for (const interaction::v1::Interaction& interaction : outgoing.interactions) {
    absl::Status made = add(ToOut(interaction, options_.interactions_topic, outgoing.traceparent),
                            platform::kPartitionByKey);
    if (!made.ok()) return made;
  }
  for (const Receipt& receipt : outgoing.receipts) {
    absl::Status made =
        add(ToOut(receipt.delivery, options_.deliveries_topic, outgoing.traceparent),
            receipt.partition);
    if (!made.ok()) return made;
  }
  // While Kafka is waited for, thousands of others need memory.
  outgoing.interactions = {};
  outgoing.receipts = {};
  return absl::OkStatus();
}

platform::Awaitable<absl::Status> Publisher::Publish(
    std::vector<interaction::v1::Interaction> interactions, std::vector<Receipt> receipts,
    std::string traceparent) {
  Outgoing outgoing;
  outgoing.interactions = std::move(interactions);
  outgoing.receipts = std::move(receipts);
  outgoing.traceparent = std::move(traceparent);
  Published published = co_await Write(std::move(outgoing));
  co_return std::move(published.status);
}

platform::Awaitable<Published> Publisher::PublishNew(
    SeenMemory& seen, std::vector<std::string> keys,
    std::vector<interaction::v1::Interaction> interactions, std::vector<Receipt> receipts,
    std::string traceparent) {
  Outgoing outgoing;
  if (!keys.empty()) outgoing.seen = &seen;
  outgoing.keys = std::move(keys);
  outgoing.interactions = std::move(interactions);
  outgoing.receipts = std::move(receipts);
  outgoing.traceparent = std::move(traceparent);
  return Write(std::move(outgoing));
}

platform::Awaitable<Published> Publisher::Write(Outgoing outgoing) {
  const size_t interactions = outgoing.interactions.size();
  const size_t receipts = outgoing.receipts.size();
  Published published;
  // Without records there is nothing that could be a repeat.
  if (interactions + receipts == 0) co_return published;
  platform::Span span = StartSpan(options_, interactions, receipts, outgoing.traceparent);
  outgoing.traceparent = span.traceparent();
  const absl::Duration began = clock_.Monotonic();
  const auto begin = [&](Done done, const boost::asio::any_io_executor& executor) {
    outgoing.done = std::move(done);
    round_.Add(std::move(outgoing), executor);
  };
  published = co_await acknowledgements_.Await(begin);
  seconds_.Observe(absl::ToDoubleSeconds(clock_.Monotonic() - began));
  if (published.seen) co_return published;
  Note(options_.interactions_topic, interactions, published.status);
  Note(options_.deliveries_topic, receipts, published.status);
  published.status = ForCaller(published.status);
  if (!published.status.ok()) span.Fail(absl::StatusCodeToString(published.status.code()));
  co_return published;
}

void Publisher::Leave(std::vector<Outgoing> all) {
  std::erase_if(all, [this](Outgoing& each) {
    absl::Status made = MakeRecords(each);
    if (made.ok()) return false;
    each.done({std::move(made), /*seen=*/false});
    return true;
  });
  // A process has one memory.
  SeenMemory* seen = nullptr;
  std::vector<std::vector<std::string>> keys;
  keys.reserve(all.size());
  for (Outgoing& each : all) {
    if (each.seen != nullptr) seen = each.seen;
    keys.push_back(std::move(each.keys));
  }
  auto waiting = std::make_shared<std::vector<Outgoing>>(std::move(all));
  const auto told = [this, waiting](const std::vector<bool>& all_seen) {
    for (size_t i = 0; i < waiting->size(); ++i) {
      Outgoing& each = (*waiting)[i];
      if (all_seen[i]) {
        each.done({absl::OkStatus(), /*seen=*/true});
      } else {
        Produce(std::move(each));
      }
    }
  };
  if (seen == nullptr) return told(std::vector<bool>(waiting->size(), false));
  seen->LookUp(std::move(keys), told);
}

void Publisher::Produce(Outgoing outgoing) {
  producer_.ProduceAll(outgoing.records, [done = std::move(outgoing.done)](absl::Status produced) {
    done({std::move(produced), /*seen=*/false});
  });
}

platform::Awaitable<absl::Status> Publisher::DeadLetter(std::vector<Unreadable> unreadable) {
  std::vector<platform::Record> records;
  for (Unreadable& each : unreadable) {
    platform::ForeignInput input;
    input.source = std::move(each.door);
    input.id = std::move(each.id);
    input.content_type = std::move(each.content_type);
    input.body = std::move(each.body);
    platform::DeadLetterReason why;
    why.service = options_.channel;
    why.reason = std::move(each.reason);
    why.failed_at = clock_.Now();
    why.workspace = std::move(each.workspace);
    why.traceparent = std::move(each.traceparent);
    records.push_back(platform::DeadLetterOf(input, why));
    records.back().topic = options_.dead_letter_topic;
  }
  if (records.empty()) co_return absl::OkStatus();
  const absl::Duration began = clock_.Monotonic();
  const size_t count = records.size();
  const auto begin = [&](Done done) {
    Outgoing outgoing;
    outgoing.records = std::move(records);
    outgoing.done = std::move(done);
    Produce(std::move(outgoing));
  };
  const Published published = co_await acknowledgements_.Await(begin);
  Note(options_.dead_letter_topic, count, published.status);
  seconds_.Observe(absl::ToDoubleSeconds(clock_.Monotonic() - began));
  co_return ForCaller(published.status);
}

void Publisher::Note(const std::string& topic, size_t records, const absl::Status& produced) {
  if (records == 0) return;
  const auto count = static_cast<double>(records);
  if (produced.ok() && topic == options_.interactions_topic) {
    interactions_written_.Increment(count);
  } else {
    records_.With({options_.channel, topic, produced.ok() ? "written" : "failed"}).Increment(count);
  }
}

}  // namespace trama::channels
