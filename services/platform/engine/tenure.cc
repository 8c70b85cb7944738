#include "services/platform/engine/tenure.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/platform/base/log.h"
#include "services/platform/engine/engine_errors.h"
#include "services/platform/kafka/dead_letter.h"

namespace trama::platform {
namespace {

// How long a full loop waits for the commit before it looks whether it shall stop.
constexpr absl::Duration kCommitWait = absl::Milliseconds(100);
// Of one turn, so that no kind of input keeps the others waiting.
constexpr size_t kRecordsPerTurnMax = 256;
constexpr size_t kCallsPerTurnMax = 128;
constexpr size_t kAnswersPerTurnMax = 128;

}  // namespace

Tenure::Tenure(const LoopContext& context, int32_t partition, Taken taken,
               std::shared_ptr<Inbox> inbox, InputEnds& ends, TenureView view)
    : context_(context),
      partition_(partition),
      incarnation_(taken.incarnation),
      inbox_(std::move(inbox)),
      ends_(ends),
      view_(std::move(view)),
      codec_(context.spec.inputs),
      consumer_(std::move(taken.consumer)),
      caution_(std::move(taken.caution)),
      config_(std::move(taken.config)),
      applier_(context, partition, taken.incarnation, std::move(taken.machine),
               std::move(taken.clock)) {
  CommitterOptions options;
  options.changelog = context_.spec.changelog;
  options.partition = partition_;
  options.timeout = context_.spec.times.transaction_timeout;
  options.pause = context_.spec.times.commit_pause;
  options.push = [this](const Push& push) { context_.spec.push(partition_, incarnation_, push); };
  options.on_change = [inbox = inbox_] { inbox->Wake(); };
  committer_ = std::make_unique<Committer>(std::move(taken.producer), std::move(options),
                                           context_.deps.clock, context_.metrics);
}

Tenure::~Tenure() {
  subscription_.reset();
  for (PendingCall& call : inbox_->Close()) {
    context_.metrics.refused.With({kRefusedNotOwner}).Increment();
    call.on_reply(NotOwnerError(), nullptr);
  }
  committer_.reset();
  applier_.FailCalls();
  // The next owner goes on to show them.
  const std::string partition = std::to_string(partition_);
  context_.metrics.inbox.With({partition}).Set(0);
  context_.metrics.overdue.With({partition}).Set(0);
  for (const EngineInput& input : context_.spec.inputs) {
    context_.metrics.lag.With({input.topic, partition}).Set(0);
  }
  if (context_.spec.on_dropped) context_.spec.on_dropped(partition_, incarnation_);
}

absl::Status Tenure::Run() {
  inbox_->Open(incarnation_, [this] { consumer_->Wake(); });
  if (context_.spec.on_serving) context_.spec.on_serving(partition_, incarnation_);
  if (caution_->deaths() >= Caution::kDeathsBeforeCaution) {
    context_.metrics.alarms.With({kAlarmCareful}).Increment();
    Log(LogLevel::kError, "owners have died here, applying record by record",
        {{"partition", partition_}, {"deaths", caution_->deaths()}});
  }
  subscription_ = context_.deps.config.Subscribe(
      [this](const ConfigPtr& config) { inbox_->PutConfig(config); });
  // What came between the takeover and the subscription.
  const ConfigPtr newest = context_.deps.config.Current();
  if (newest->revision() > config_->revision()) config_ = newest;

  applier_.Apply(TakenOver{incarnation_}, caught_up_.time());
  applier_.Apply(ConfigRevision{config_->revision(), config_->snapshot()}, caught_up_.time());
  while (true) {
    switch (view_.stop()) {
      case StopOrder::kLeave:
        return Leave();
      case StopOrder::kDrop:
        return absl::OkStatus();
      case StopOrder::kNone:
        break;
    }
    if (absl::Status turned = Turn(); !turned.ok()) return turned;
  }
}

absl::Status Tenure::Turn() {
  if (absl::Status committed = committer_->status(); !committed.ok()) return committed;
  if (Full()) {
    HandOver();
    if (Full()) {
      committer_->WaitIdle(kCommitWait);
      return absl::OkStatus();
    }
  }
  AskForEnds();
  if (pending_.empty()) {
    absl::StatusOr<RecordBatch> read =
        consumer_->Poll(TimeToWait(), std::min(Room(), kRecordsPerTurnMax));
    if (!read.ok()) return read.status();
    for (Record& record : read->records) pending_.push_back(std::move(record));
  }
  const absl::Duration begun = context_.deps.clock.Monotonic();
  TakeItems();
  TickIfDue();
  if (absl::Status taken = TakeRecords(begun); !taken.ok()) return taken;
  NoteCaughtUp();
  OncePerSecond();
  HandOver();
  return applier_.fault();
}

absl::Status Tenure::Leave() {
  for (PendingCall& call : inbox_->Close()) {
    context_.metrics.refused.With({kRefusedNotOwner}).Increment();
    call.on_reply(NotOwnerError(), nullptr);
  }
  RowChange left = Caution::Left();
  applier_.batch().PutRow(std::move(left.key), std::move(left.value));
  applier_.batch().AddRecord(OwnerRecord(context_.spec, partition_, incarnation_, /*address=*/"",
                                         context_.deps.clock.Now()));
  return Settle();
}

void Tenure::TakeItems() {
  Inbox::Items items = inbox_->Take(kAnswersPerTurnMax, std::min(Room(), kCallsPerTurnMax));
  if (items.ends.has_value()) TakeEnds(*items.ends);
  if (items.config != nullptr) TakeConfig(items.config);
  for (Answer& answer : items.answers) applier_.Apply(std::move(answer), caught_up_.time());
  for (PendingCall& call : items.calls) applier_.ApplyCall(std::move(call), caught_up_.time());
  if (items.config != nullptr || !items.answers.empty() || !items.calls.empty()) {
    ticks_.NoteInput();
  }
}

void Tenure::TakeConfig(const ConfigPtr& config) {
  if (config->revision() <= config_->revision()) return;
  config_ = config;
  applier_.Apply(ConfigRevision{config_->revision(), config_->snapshot()}, caught_up_.time());
}

void Tenure::TickIfDue() {
  const absl::Time now = applier_.Now();
  if (!ticks_.IsDue(now, applier_.NextDeadline())) return;
  ticks_.Ticked(now, applier_.Tick(caught_up_.time()));
}

absl::Status Tenure::TakeRecords(absl::Duration turn_begun) {
  const Clock& clock = context_.deps.clock;
  while (!pending_.empty() && !Full()) {
    if (absl::Status taken = TakeRecord(pending_.front()); !taken.ok()) return taken;
    pending_.pop_front();
    ticks_.NoteInput();
    if (clock.Monotonic() - turn_begun >= context_.spec.limits.batch_work_max) break;
  }
  return absl::OkStatus();
}

absl::Status Tenure::TakeRecord(const Record& record) {
  switch (caution_->WayOf(record.topic, record.offset)) {
    case Caution::Way::kAlone:
      return TakeAlone(record);
    case Caution::Way::kDeadLetter:
      SetAside(record,
               absl::StrCat("the process died ", Caution::kDeathsMax, " times while applying it"),
               "deaths");
      return absl::OkStatus();
    case Caution::Way::kTogether:
      DecodeAndApply(record);
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status Tenure::TakeAlone(const Record& record) {
  if (absl::Status settled = Settle(); !settled.ok()) return settled;
  RowChange note = caution_->AboutToApply(record.topic, record.offset);
  applier_.batch().PutRow(std::move(note.key), std::move(note.value));
  if (absl::Status settled = Settle(); !settled.ok()) return settled;
  DecodeAndApply(record);
  return Settle();
}

void Tenure::DecodeAndApply(const Record& record) {
  absl::StatusOr<LogEntry> entry = codec_.Decode(record);
  if (!entry.ok()) return SetAside(record, std::string(entry.status().message()), "undecodable");
  applier_.Apply(*std::move(entry), caught_up_.time());
  NotePassed(record);
}

void Tenure::NotePassed(const Record& record) {
  RowChange row = caution_->Passed(record.topic, record.offset);
  applier_.batch().PutRow(std::move(row.key), std::move(row.value));
  applied_[record.topic] = record.offset + 1;
}

void Tenure::SetAside(const Record& record, const std::string& reason, const char* why) {
  const std::string* traceparent = FindHeader(record, "traceparent");
  Record letter = DeadLetterOf(record, {.service = context_.spec.service,
                                        .reason = reason,
                                        .failed_at = applier_.Now(),
                                        .traceparent = traceparent ? *traceparent : ""});
  letter.topic = context_.spec.dead_letters;
  applier_.batch().AddRecord(std::move(letter));
  NotePassed(record);
  context_.metrics.dead_letters.With({record.topic, why}).Increment();
  context_.metrics.alarms.With({kAlarmDeadLetter}).Increment();
  Log(LogLevel::kError, "record set aside as a dead letter",
      {{"place", Place(record)}, {"reason", reason}});
}

}  // namespace trama::platform
