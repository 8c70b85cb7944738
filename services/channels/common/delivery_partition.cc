#include "services/channels/common/delivery_partition.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "services/kernel/pause.h"
#include "services/platform/base/log.h"
#include "services/platform/base/span.h"
#include "services/platform/kafka/dead_letter.h"
#include "services/platform/kafka/kafka_error.h"
#include "services/platform/net/serial_executor.h"

namespace trama::channels {

namespace {

namespace dv = delivery::v1;

constexpr absl::Duration kAccountsEvery = absl::Milliseconds(200);
constexpr absl::Duration kPositionEvery = absl::Seconds(1);
constexpr absl::Duration kWaitMax = absl::Milliseconds(500);
constexpr absl::Duration kRetryFirst = absl::Milliseconds(100);
constexpr absl::Duration kRetryMax = absl::Seconds(10);
constexpr absl::Duration kCommitPause = absl::Milliseconds(30);
// From writing down an attempt to making it. Who was stopped for longer (a frozen machine) may have
// a successor, which waits for a receipt and then sends: by then nothing may leave here any more.
constexpr absl::Duration kCallAfterRecordMax = absl::Seconds(20);
constexpr absl::Duration kServedWell = absl::Seconds(30);
// A takeover may take a minute (kReadPastTimeout of the log), a round far less.
constexpr absl::Duration kDeliveryStaleAfter = absl::Minutes(3);

std::string StatusLabel(dv::Status status) {
  switch (status) {
    case dv::STATUS_ATTEMPTING:
      return "attempting";
    case dv::STATUS_SENT:
      return "sent";
    case dv::STATUS_RETRYING:
      return "retrying";
    case dv::STATUS_UNKNOWN:
      return "unknown";
    default:
      return "failed";
  }
}

std::string_view OutcomeLabel(SendOutcome::Kind kind) {
  switch (kind) {
    case SendOutcome::Kind::kSent:
      return "sent";
    case SendOutcome::Kind::kRetry:
      return "retry";
    case SendOutcome::Kind::kAmbiguous:
      return "ambiguous";
    case SendOutcome::Kind::kFailed:
      return "failed";
  }
  return "";
}

bool HasAttempt(const DeliveryEffects& effects) { return !effects.sends.empty(); }
bool HasOutcome(const DeliveryEffects& effects) {
  return effects.records.size() > effects.sends.size();
}

// A sender that threw has broken its promise; what it has sent by then nobody knows.
SendOutcome OutcomeOfThrow() {
  SendOutcome outcome;
  outcome.kind = SendOutcome::Kind::kAmbiguous;
  outcome.failure.set_reason(dv::Failure::REASON_OTHER);
  outcome.failure.set_detail("the attempt ended with an exception");
  return outcome;
}

}  // namespace

DeliveryPartition::DeliveryPartition(const DeliveryWiring& wiring, int32_t number)
    : wiring_(wiring),
      number_(number),
      label_(std::to_string(number)),
      heartbeat_(wiring.health.AddHeartbeat(absl::StrCat("delivery of partition number ", number),
                                            kDeliveryStaleAfter)),
      random_(std::random_device()()) {
  thread_ = std::thread([this] { Run(); });
}

DeliveryPartition::~DeliveryPartition() {
  Stop(false);
  Join();
}

void DeliveryPartition::Stop(bool drain) {
  Stopping expected = Stopping::kNo;
  if (drain) {
    stopping_.compare_exchange_strong(expected, Stopping::kDrain);
  } else {
    stopping_ = Stopping::kNow;
  }
  inbox_->Wake();
}

void DeliveryPartition::Join() {
  if (thread_.joinable()) thread_.join();
}

void DeliveryPartition::At(DeliveryMoment moment) const {
  if (wiring_.options.on_moment) wiring_.options.on_moment(moment);
}

double DeliveryPartition::Jitter() { return std::uniform_real_distribution<double>(0, 1)(random_); }

void DeliveryPartition::Run() {
  for (int failures = 0; stopping_ == Stopping::kNo;) {
    absl::Status status = TakeOver();
    if (status.ok()) {
      const absl::Duration began = wiring_.clock.Monotonic();
      status = Serve();
      // Two that take the number from each other must not do so without pause.
      if (wiring_.clock.Monotonic() - began > kServedWell) failures = 0;
    }
    inbox_->SetConsumer(nullptr);
    if (status.ok()) break;  // Stopped.
    platform::Log(platform::LogLevel::kWarning, "delivery takes over again",
                  {{"channel", wiring_.options.rules.channel},
                   {"partition", number_},
                   {"why", status},
                   {"kind", platform::KindName(platform::KindOf(status))}});
    WaitBeforeRetry(++failures);
  }
  for (auto* gauge : {&wiring_.metrics.open, &wiring_.metrics.in_flight, &wiring_.metrics.window}) {
    gauge->With({wiring_.options.rules.channel, label_}).Set(0);
  }
}

void DeliveryPartition::WaitBeforeRetry(int failures) {
  const absl::Duration wait = DoublingPause(kRetryFirst, kRetryMax, failures);
  heartbeat_->Beat();
  inbox_->WaitForWake(wait);
}

absl::Status DeliveryPartition::TakeOver() {
  const absl::Duration began = wiring_.clock.Monotonic();
  heartbeat_->Beat();
  plan_ = std::make_unique<DeliveryPlan>(wiring_.options.rules);
  log_ = std::make_unique<DeliveryLog>(wiring_.kafka, wiring_.options, wiring_.clock, number_);
  past_read_ = false;
  accounts_read_at_ = -absl::InfiniteDuration();
  int64_t past = 0;
  const absl::Status taken = log_->TakeOver([&](const dv::Delivery& delivery) {
    if (delivery.channel() != wiring_.options.rules.channel) return;
    ++past;
    plan_->Recall(delivery);
  });
  if (!taken.ok()) return taken;
  inbox_->SetConsumer(&log_->consumer());
  const absl::Duration took = wiring_.clock.Monotonic() - began;
  wiring_.metrics.takeover_seconds.With({wiring_.options.rules.channel})
      .Observe(absl::ToDoubleSeconds(took));
  platform::Log(platform::LogLevel::kInfo, "delivery took over",
                {{"channel", wiring_.options.rules.channel},
                 {"partition", number_},
                 {"past_records", past},
                 {"seconds", took}});
  At(DeliveryMoment::kTakenOver);
  return absl::OkStatus();
}

absl::Status DeliveryPartition::Serve() {
  absl::Duration drain_until = absl::InfiniteDuration();
  while (true) {
    heartbeat_->Beat();
    if (stopping_ == Stopping::kNow) return absl::OkStatus();
    if (stopping_ == Stopping::kDrain && drain_until == absl::InfiniteDuration()) {
      plan_->StopStarting();
      drain_until = wiring_.clock.Monotonic() + wiring_.options.drain_max;
    }
    RefreshAccounts();
    if (absl::Status set = log_->SetReading(plan_->WantsMore()); !set.ok()) return set;
    const auto batch = log_->Poll(WaitLimit());
    if (!batch.ok()) return batch.status();
    if (absl::Status round = Round(*batch); !round.ok()) return round;
    // One that begins before the markers of the last are written would be refused anyway, and what
    // comes meanwhile shares the next one.
    if (wrote_) absl::SleepFor(kCommitPause);

    const bool drained = drain_until != absl::InfiniteDuration() &&
                         (plan_->in_flight() == 0 || wiring_.clock.Monotonic() >= drain_until);
    const absl::Duration now = wiring_.clock.Monotonic();
    if (drained || now - position_committed_at_ >= kPositionEvery) {
      position_committed_at_ = now;
      // A position that was not noted means more to read at the next takeover, nothing else.
      const absl::Status noted = log_->CommitPosition(plan_->OldestOpen());
      if (noted.ok()) {
        At(DeliveryMoment::kPositionCommitted);
      } else {
        platform::Log(platform::LogLevel::kWarning, "position of delivery not committed",
                      {{"partition", number_}, {"why", noted}});
      }
    }
    if (drained) return absl::OkStatus();
  }
}

absl::Duration DeliveryPartition::WaitLimit() const {
  const absl::Duration until_due = plan_->NextDeadline() - wiring_.clock.Now();
  return std::clamp(until_due, absl::ZeroDuration(), kWaitMax);
}

void DeliveryPartition::RefreshAccounts() {
  const absl::Duration now = wiring_.clock.Monotonic();
  if (now - accounts_read_at_ < kAccountsEvery) return;
  accounts_read_at_ = now;
  plan_->SetAccounts(wiring_.accounts());
}

absl::Status DeliveryPartition::Round(const platform::RecordBatch& batch) {
  DeliveryEffects effects;
  std::vector<platform::Record> dead_letters;
  for (const platform::Record& record : batch.records) Apply(record, effects, dead_letters);
  for (const EndedCall& ended : inbox_->TakeAll()) {
    Feed(ended, effects);
    if (std::holds_alternative<SendOutcome>(ended.outcome)) {
      unsettled_.insert_or_assign(ended.message_id, ended);
    }
  }
  plan_->Tick(wiring_.clock.Now(), effects);

  const absl::Duration began = wiring_.clock.Monotonic();
  const absl::Status committed = log_->Commit(effects.records, dead_letters, wiring_.clock.Now(),
                                              [&] { CountAndTell(effects, /*committed=*/false); });
  if (!committed.ok()) return committed;
  wrote_ = !effects.records.empty();
  if (wrote_) {
    wiring_.metrics.commit_seconds.With({wiring_.options.rules.channel})
        .Observe(absl::ToDoubleSeconds(wiring_.clock.Monotonic() - began));
  }
  CountAndTell(effects, /*committed=*/true);
  if (!past_read_ && log_->PastIsRead()) {
    past_read_ = true;
    plan_->ForgetPast();
  }
  // Until then a message that an outcome belongs to may still have to be read.
  if (past_read_) unsettled_.clear();
  if (HasAttempt(effects) && wiring_.clock.Monotonic() - began > kCallAfterRecordMax) {
    return absl::DeadlineExceededError(
        "this process stood still between writing down attempts and making them; they count as "
        "lost");
  }
  StartCalls(effects);
  return absl::OkStatus();
}

void DeliveryPartition::CountAndTell(const DeliveryEffects& effects, bool committed) {
  if (HasAttempt(effects)) {
    At(committed ? DeliveryMoment::kAttemptCommitted : DeliveryMoment::kAttemptNotCommitted);
  }
  if (HasOutcome(effects)) {
    At(committed ? DeliveryMoment::kOutcomeCommitted : DeliveryMoment::kOutcomeNotCommitted);
  }
  if (!committed) return;
  const std::string& channel = wiring_.options.rules.channel;
  for (const DeliveryRecord& record : effects.records) {
    wiring_.metrics.records.With({channel, StatusLabel(record.delivery.status())}).Increment();
  }
  wiring_.metrics.open.With({channel, label_}).Set(static_cast<double>(plan_->open()));
  wiring_.metrics.in_flight.With({channel, label_}).Set(plan_->in_flight());
  const std::optional<int64_t> oldest = plan_->OldestOpen();
  wiring_.metrics.window.With({channel, label_})
      .Set(oldest.has_value() ? static_cast<double>(newest_offset_ - *oldest + 1) : 0);
}

void DeliveryPartition::Apply(const platform::Record& record, DeliveryEffects& effects,
                              std::vector<platform::Record>& dead_letters) {
  if (log_->IsOutbound(record)) {
    newest_offset_ = record.offset;
    TakeMessage(record, effects, dead_letters);
    return;
  }
  dv::Delivery delivery;
  if (!record.value.has_value() || !delivery.ParseFromString(*record.value)) return;
  if (delivery.channel() == wiring_.options.rules.channel) plan_->Heard(delivery);
}

void DeliveryPartition::TakeMessage(const platform::Record& record, DeliveryEffects& effects,
                                    std::vector<platform::Record>& dead_letters) {
  const absl::Time now = wiring_.clock.Now();
  auto message = std::make_shared<outbound::v1::OutboundMessage>();
  if (!record.value.has_value() || !message->ParseFromString(*record.value) ||
      message->message_id().empty() || message->workspace().empty()) {
    platform::DeadLetterReason why;
    why.service = wiring_.options.rules.channel;
    why.reason = "not an outbound message";
    why.failed_at = now;
    platform::Record letter = platform::DeadLetterOf(record, why);
    letter.topic = wiring_.options.dead_letter_topic;
    dead_letters.push_back(std::move(letter));
    return;
  }
  // Receipts must come to where delivery listens.
  message->set_partition(number_);
  const std::string* traceparent = platform::FindHeader(record, "traceparent");
  const std::string id = message->message_id();
  const bool opened = plan_->Take(record.offset, std::move(message),
                                  traceparent == nullptr ? "" : *traceparent, now, effects);
  if (!opened) return;
  if (const auto known = unsettled_.find(id); known != unsettled_.end()) {
    Feed(known->second, effects);
  }
}

void DeliveryPartition::Feed(const EndedCall& ended, DeliveryEffects& effects) {
  const absl::Time now = wiring_.clock.Now();
  if (const auto* sent = std::get_if<SendOutcome>(&ended.outcome)) {
    plan_->SendEnded(ended.message_id, ended.attempt, *sent, now, Jitter(), effects);
  } else {
    plan_->FindEnded(ended.message_id, ended.attempt, std::get<FindOutcome>(ended.outcome), now,
                     effects);
  }
}

void DeliveryPartition::StartCalls(const DeliveryEffects& effects) {
  // The coroutines hold what they need: a call may outlive this object.
  const auto spawn = [&](const SenderCall& call, auto awaitable, auto on_throw, auto observe) {
    boost::asio::co_spawn(
        platform::SerialExecutor(wiring_.io), std::move(awaitable),
        [inbox = inbox_, id = call.message->message_id(), attempt = call.attempt.number, on_throw,
         observe](const std::exception_ptr& thrown, auto outcome) {
          if (thrown) outcome = on_throw();
          observe(outcome);
          inbox->CallEnded({id, attempt, std::move(outcome)});
        });
  };
  for (const SenderCall& call : effects.sends) {
    const auto span = std::make_shared<platform::Span>(platform::Span::Start(
        platform::SpanKind::kConsumer, absl::StrCat("deliver ", wiring_.options.rules.channel),
        call.attempt.traceparent));
    span->Set("trama.attempt", int64_t{call.attempt.number});
    Attempt attempt = call.attempt;
    attempt.traceparent = span->traceparent();
    const auto observe = [span, clock = &wiring_.clock, began = wiring_.clock.Monotonic(),
                          metrics = &wiring_.metrics, channel = wiring_.options.rules.channel,
                          on_moment = wiring_.options.on_moment](const SendOutcome& outcome) {
      metrics->send_seconds.With({channel, OutcomeLabel(outcome.kind)})
          .Observe(absl::ToDoubleSeconds(clock->Monotonic() - began));
      if (outcome.kind != SendOutcome::Kind::kSent) span->Fail(OutcomeLabel(outcome.kind));
      span->Finish();
      if (on_moment) on_moment(DeliveryMoment::kVendorAnswered);
    };
    spawn(call, wiring_.sender.Send(call.message, std::move(attempt)), OutcomeOfThrow, observe);
  }
  for (const SenderCall& call : effects.finds) {
    spawn(
        call, wiring_.sender.Find(call.message, call.attempt, call.taken),
        [] { return FindOutcome{}; }, [](const FindOutcome&) {});
  }
}

}  // namespace trama::channels
