#include "services/routing/intake_batch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/dead_letter.h"
#include "services/routing/work_records.h"

namespace trama::routing {
namespace {

using interaction::v1::Interaction;
using platform::Record;
using profile::v1::ResolveResponse;

constexpr char kService[] = "routing";
constexpr char kSource[] = "/trama/routing";

// OK when `record` holds an interaction that can be routed, then in `interaction`.
absl::Status Read(const Record& record, const std::set<std::string>& channels,
                  Interaction& interaction) {
  if (!record.value || !interaction.ParseFromString(*record.value)) {
    return absl::InvalidArgumentError("value is not a trama.interaction.v1.Interaction");
  }
  // Nobody decides by it, and the work's readers need not hold what a person wrote twice.
  interaction.clear_raw_original();
  interaction.clear_raw_content_type();
  if (absl::Status checked = CheckInteraction(interaction); !checked.ok()) return checked;
  if (channels.contains(interaction.channel())) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("channel \"", interaction.channel(),
                   "\" has no outbound topic; declare it in the topics file"));
}

}  // namespace

IntakeBatch::IntakeBatch(const std::vector<Record>& records, const platform::ConfigView& config,
                         const std::set<std::string>& channels, const SecretOf& secret_of) {
  for (const Record& record : records) {
    Item item;
    absl::Status fits = Read(record, channels, item.interaction);
    const std::string& workspace = item.interaction.workspace();
    if (fits.ok()) {
      const absl::StatusOr<int32_t> partition = config.PartitionOf(workspace);
      fits = partition.status();
      item.partition = partition.value_or(0);
    }
    if (fits.ok()) {
      absl::StatusOr<std::string> secret = secret_of(workspace);
      fits = secret.status();
      if (fits.ok()) item.secret = *std::move(secret);
    }
    if (!fits.ok()) {
      refused_.push_back({record, std::string(fits.message()), workspace});
      continue;
    }
    item.source.set_topic(record.topic);
    item.source.set_partition(record.partition);
    item.source.set_offset(record.offset);
    if (const std::string* trace = platform::FindHeader(record, "traceparent")) {
      item.span = platform::Span::Start(platform::SpanKind::kConsumer, "intake", *trace);
    }
    if (item.interaction.sender().has_identifier()) asked_[workspace].push_back(items_.size());
    items_.push_back(std::move(item));
  }
}

std::vector<SenderQuestion> IntakeBatch::Questions() const {
  std::vector<SenderQuestion> questions;
  for (const auto& [workspace, indexes] : asked_) {
    SenderQuestion& question = questions.emplace_back();
    question.request.set_workspace(workspace);
    question.traceparent = items_[indexes.front()].span.traceparent();
    for (const size_t index : indexes) {
      *question.request.add_identifiers() = items_[index].interaction.sender().identifier();
    }
  }
  return questions;
}

void IntakeBatch::TakeAnswer(size_t question, const absl::StatusOr<ResolveResponse>& answer) {
  const auto asked = std::next(asked_.begin(), static_cast<std::ptrdiff_t>(question));
  const std::vector<size_t>& indexes = asked->second;
  if (!answer.ok() || answer->resolutions_size() != static_cast<int>(indexes.size())) return;
  for (size_t i = 0; i < indexes.size(); ++i) {
    items_[indexes[i]].resolution = answer->resolutions(static_cast<int>(i));
  }
}

absl::StatusOr<std::vector<Record>> IntakeBatch::Records(const IntakeTopics& topics,
                                                         absl::Time now) const {
  std::vector<Record> records;
  for (const Item& item : items_) {
    absl::StatusOr<Record> work = WorkRecord(item, topics.work, now);
    if (!work.ok()) return work.status();
    records.push_back(*std::move(work));
  }
  for (const Refused& refused : refused_) {
    Record& letter = records.emplace_back();
    letter = platform::DeadLetterOf(refused.record, {.service = kService,
                                                     .reason = refused.reason,
                                                     .failed_at = now,
                                                     .workspace = refused.workspace});
    letter.topic = topics.dead_letters;
  }
  return records;
}

absl::StatusOr<Record> IntakeBatch::WorkRecord(const Item& item, const std::string& topic,
                                               absl::Time now) {
  OutRecord out;
  out.topic = topic;
  out.key = item.interaction.workspace();
  out.type = v1::Work::descriptor()->full_name();
  out.id = item.interaction.interaction_id();
  out.subject = item.interaction.interaction_id();
  out.time = now;
  out.traceparent = item.span.traceparent();
  out.value = MakeWork(item.source, item.interaction, item.secret,
                       item.resolution ? &*item.resolution : nullptr)
                  .SerializeAsString();
  return platform::EventRecord(std::move(out), item.partition, kSource);
}

size_t IntakeBatch::pending_count() const {
  return static_cast<size_t>(std::count_if(items_.begin(), items_.end(), [](const Item& item) {
    return item.interaction.sender().has_identifier() && !item.resolution;
  }));
}

std::vector<std::string> IntakeBatch::Complaints() const {
  std::vector<std::string> complaints;
  for (const Refused& refused : refused_) {
    complaints.push_back(absl::StrCat(platform::Place(refused.record), ": ", refused.reason));
  }
  return complaints;
}

}  // namespace trama::routing
