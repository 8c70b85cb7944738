#include "services/routing/intake.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "services/platform/base/log.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/dead_letter.h"
#include "services/platform/kafka/topics.h"
#include "services/routing/work_records.h"

namespace trama::routing {
namespace {

using interaction::v1::Interaction;
using platform::Record;
using profile::v1::ResolveRequest;
using profile::v1::ResolveResponse;

constexpr char kGroup[] = "trama-routing-intake";
constexpr char kSource[] = "/trama/routing";
constexpr size_t kBatchMax = 256;
constexpr absl::Duration kPollWait = absl::Milliseconds(200);
// Longer is not waited for profile: the conversation is routed without its facts.
constexpr absl::Duration kProfileMax = absl::Milliseconds(300);
constexpr absl::Duration kProduceMax = absl::Seconds(20);
constexpr absl::Duration kConfigMax = absl::Seconds(2);
constexpr absl::Duration kStaleAfter = absl::Seconds(60);

}  // namespace

// One interaction on its way.
struct Intake::Item {
  v1::Source source;
  Interaction interaction;
  std::string secret;  // Of the workspace.
  int32_t partition = 0;
  std::string traceparent;
  std::optional<profile::v1::Resolution> resolution;
};

Intake::Intake(IntakeParts parts, std::function<void(absl::Status)> fatal)
    : parts_(std::move(parts)),
      fatal_(std::move(fatal)),
      stub_(profile::v1::ProfileService::NewStub(parts_.profile->channel())),
      heartbeat_(parts_.health.AddHeartbeat("intake", kStaleAfter)),
      taken_(parts_.metrics.Counter("trama_routing_intake_total",
                                    "Interactions that became work, or dead letters.",
                                    {"outcome"})),
      pending_(parts_.metrics.Counter(
          "trama_routing_facts_pending_total",
          "Interactions that were taken in without an answer of profile.")) {}

absl::StatusOr<std::unique_ptr<Intake>> Intake::Start(IntakeOptions options, IntakeParts parts,
                                                      std::function<void(absl::Status)> fatal) {
  std::unique_ptr<Intake> intake(new Intake(std::move(parts), std::move(fatal)));
  platform::ProducerOptions producing;
  producing.gapless = true;
  auto producer = platform::Producer::Create(options.kafka, std::move(producing));
  if (!producer.ok()) return producer.status();
  intake->producer_ = *std::move(producer);
  platform::GroupOptions group;
  group.group = kGroup;
  group.instance_id = std::move(options.instance_id);
  group.topics = {platform::kInteractions};
  group.fetch_wait = absl::Milliseconds(50);
  auto consumer = platform::GroupConsumer::Create(options.kafka, std::move(group));
  if (!consumer.ok()) return consumer.status();
  intake->consumer_ = *std::move(consumer);
  intake->thread_ = std::thread([self = intake.get()] { self->Loop(); });
  return intake;
}

void Intake::Stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  consumer_->Wake();
  thread_.join();
  consumer_->Close();
}

void Intake::Loop() {
  while (!stopping_) {
    heartbeat_->Beat();
    absl::StatusOr<platform::RecordBatch> batch = consumer_->Poll(kPollWait, kBatchMax);
    if (!batch.ok()) return fatal_(batch.status());
    if (batch->records.empty()) continue;
    const absl::Status taken = TakeIn(batch->records);
    // Not committed: whoever comes next reads these again.
    if (!taken.ok()) return fatal_(taken);
    if (const absl::Status committed = consumer_->Commit(); !committed.ok()) {
      // The group has moved on and reads them again; the engine drops the repeats.
      platform::Log(platform::LogLevel::kInfo, "intake not committed", {{"why", committed}});
    }
  }
}

absl::Status Intake::TakeIn(const std::vector<Record>& records) {
  const absl::StatusOr<platform::ConfigPtr> fresh = parts_.config.Fresh(kConfigMax);
  config_ = fresh.ok() ? *fresh : parts_.config.Current();
  std::vector<Record> out;
  std::vector<Item> items;
  for (const Record& record : records) {
    Item item;
    if (Read(record, item, out)) items.push_back(std::move(item));
  }
  taken_.With({"dead_letter"}).Increment(static_cast<double>(out.size()));
  taken_.With({"work"}).Increment(static_cast<double>(items.size()));
  AskProfile(items);
  for (const Item& item : items) {
    absl::StatusOr<Record> work = WorkRecord(item);
    if (!work.ok()) return work.status();
    out.push_back(*std::move(work));
  }
  return producer_->ProduceAll(out, kProduceMax);
}

bool Intake::Read(const Record& record, Item& item, std::vector<Record>& out) {
  std::string why;
  if (!record.value || !item.interaction.ParseFromString(*record.value)) {
    why = "value is not a trama.interaction.v1.Interaction";
  } else if (absl::Status checked = CheckInteraction(item.interaction); !checked.ok()) {
    why = std::string(checked.message());
  }
  const std::string& workspace = item.interaction.workspace();
  if (why.empty()) {
    const absl::StatusOr<int32_t> partition = config_->PartitionOf(workspace);
    if (partition.ok()) {
      item.partition = *partition;
    } else {
      why = std::string(partition.status().message());
    }
  }
  if (why.empty()) {
    absl::StatusOr<std::string> secret = parts_.secrets.Of(workspace);
    if (secret.ok()) {
      item.secret = *std::move(secret);
    } else {
      why = std::string(secret.status().message());
    }
  }
  if (!why.empty()) {
    platform::Log(platform::LogLevel::kWarning, "interaction dead-lettered",
                  {{"place", platform::Place(record)}, {"why", why}});
    out.push_back(DeadLetter(record, why, workspace));
    return false;
  }
  item.source.set_topic(record.topic);
  item.source.set_partition(record.partition);
  item.source.set_offset(record.offset);
  if (const std::string* trace = platform::FindHeader(record, "traceparent")) {
    item.traceparent = *trace;
  }
  return true;
}

void Intake::AskProfile(std::vector<Item>& items) {
  std::map<std::string, std::vector<Item*>> by_workspace;
  for (Item& item : items) {
    if (item.interaction.sender().has_identifier()) {
      by_workspace[item.interaction.workspace()].push_back(&item);
    }
  }
  for (const auto& [workspace, asked] : by_workspace) {
    ResolveRequest request;
    request.set_workspace(workspace);
    for (const Item* item : asked) {
      *request.add_identifiers() = item->interaction.sender().identifier();
    }
    absl::StatusOr<ResolveResponse> answer = platform::CallBlocking<ResolveResponse>(
        *parts_.profile, request,
        {.timeout = kProfileMax, .traceparent = asked.front()->traceparent},
        [&](auto* context, const auto& wanted, auto* response) {
          return stub_->Resolve(context, wanted, response);
        });
    if (!answer.ok() || answer->resolutions_size() != static_cast<int>(asked.size())) {
      pending_->Increment(static_cast<double>(asked.size()));
      continue;
    }
    for (size_t i = 0; i < asked.size(); ++i) {
      asked[i]->resolution = std::move(*answer->mutable_resolutions(static_cast<int>(i)));
    }
  }
}

absl::StatusOr<Record> Intake::WorkRecord(const Item& item) const {
  OutRecord out;
  out.topic = platform::kWork;
  out.key = item.interaction.workspace();
  out.type = v1::Work::descriptor()->full_name();
  out.id = item.interaction.interaction_id();
  out.subject = item.interaction.interaction_id();
  out.time = absl::Now();
  out.traceparent = item.traceparent;
  out.value = MakeWork(item.source, item.interaction, item.secret,
                       item.resolution ? &*item.resolution : nullptr)
                  .SerializeAsString();
  return platform::EventRecord(out, item.partition, kSource);
}

Record Intake::DeadLetter(const Record& record, const std::string& reason,
                          const std::string& workspace) const {
  return platform::DeadLetterOf(
      record,
      {.service = "routing", .reason = reason, .failed_at = absl::Now(), .workspace = workspace});
}

}  // namespace trama::routing
