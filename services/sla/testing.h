#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "services/kernel/testing/load_rows.h"
#include "services/sla/sla_machine.h"
#include "trama/config/v1/resources.pb.h"

namespace trama::sla::testing {

using google::protobuf::util::TimeUtil;

// Monday, 5 January 2026, 09:00:00 in UTC: second 0 of the tests.
inline absl::Time Start() { return absl::FromUnixSeconds(1767603600); }

inline google::protobuf::Timestamp ToProto(absl::Time time) {
  return TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(time));
}

// A configuration with one workspace "demo" to which policies and calendars are added.
class ConfigBuilder {
 public:
  config::v1::SlaPolicySpec& Policy(const std::string& name, const std::string& first_response,
                                    const std::string& queue_answer) {
    config::v1::Resource& resource = Add("SlaPolicy", name);
    resource.mutable_sla_policy()->set_first_response(first_response);
    resource.mutable_sla_policy()->set_queue_answer(queue_answer);
    return *resource.mutable_sla_policy();
  }

  // Monday to Friday, 09:00 to 17:00, UTC.
  void OfficeHours(const std::string& name) {
    config::v1::CalendarSpec& spec = *Add("Calendar", name).mutable_calendar();
    spec.set_time_zone("UTC");
    for (auto* day : {spec.mutable_monday(), spec.mutable_tuesday(), spec.mutable_wednesday(),
                      spec.mutable_thursday(), spec.mutable_friday()}) {
      day->Add("09:00-17:00");
    }
  }

  config::v1::QueueSpec& Queue(const std::string& name) {
    return *Add("Queue", name).mutable_queue();
  }

  ConfigRevision Revision(int64_t number) {
    snapshot_.set_revision(number);
    return {number, std::make_shared<config::v1::Snapshot>(snapshot_)};
  }

  void Clear() { snapshot_.Clear(); }

 private:
  config::v1::Resource& Add(const std::string& kind, const std::string& name) {
    config::v1::Resource& resource = *snapshot_.add_resources();
    resource.set_kind(kind);
    resource.mutable_metadata()->set_name(name);
    resource.mutable_metadata()->set_workspace("demo");
    return resource;
  }

  config::v1::Snapshot snapshot_;
};

// One event in short words: "breached first_response due +600s".
inline std::string InWords(const v1::SlaEvent& event) {
  const std::string kind =
      event.kind() == v1::CLOCK_KIND_FIRST_RESPONSE ? "first response" : "queue answer";
  const auto in_time = [&] { return event.fulfilled().in_time() ? " in time" : " late"; };
  switch (event.fact_case()) {
    case v1::SlaEvent::kActivated:
      return absl::StrCat(kind, " activated");
    case v1::SlaEvent::kWarned:
      return absl::StrCat(kind, " warned");
    case v1::SlaEvent::kBreached:
      return absl::StrCat(kind, " breached");
    case v1::SlaEvent::kFulfilled:
      return absl::StrCat(kind, " fulfilled", in_time());
    case v1::SlaEvent::kCanceled:
      return absl::StrCat(kind, " canceled: ", event.canceled().reason());
    case v1::SlaEvent::kRetargeted:
      return absl::StrCat(kind, " retargeted: ", event.retargeted().reason());
    case v1::SlaEvent::kBreachRevised:
      return absl::StrCat(kind, " breach revised");
    default:
      return absl::StrCat(kind, " ", static_cast<int>(event.fact_case()));
  }
}

// Drives one SlaMachine by hand: At(seconds) moves the clock, each verb applies one event and
// returns what was published, in words.
class Driver {
 public:
  using Words = std::vector<std::string>;

  Driver() { Apply(TakenOver{1}); }

  void At(absl::Duration since_start) {
    now_ = Start() + since_start;
    caught_up_ = now_;
  }
  // From now on what happens is read so much later.
  void ReadLate(absl::Duration lag) { lag_ = lag; }
  // What has been read of the log ends here, though the clock goes on.
  void ReadOnlyUpTo(absl::Duration since_start) { caught_up_ = Start() + since_start; }

  Words Configure(ConfigBuilder& config) { return Apply(config.Revision(++revision_)); }

  Words Tick() { return Apply(trama::Tick{}); }

  Words Open(const std::string& id) {
    auto event = Event(id);
    event.mutable_opened()->set_interaction_id("i1");
    Words words = Apply(Entry(event));
    Append(words, Message(id));
    return words;
  }
  Words Message(const std::string& id, bool automatic = false) {
    auto event = Event(id);
    *event.mutable_message_received()->mutable_received_at() = ToProto(now_);
    event.mutable_message_received()->set_automatic(automatic);
    return Apply(Entry(event));
  }
  Words Queue(const std::string& id, const std::string& queue, int priority = 0,
              bool new_entry = true) {
    auto event = Event(id);
    event.mutable_queued()->set_queue(queue);
    event.mutable_queued()->set_priority(priority);
    event.mutable_queued()->set_is_new_entry(new_entry);
    *event.mutable_queued()->mutable_enqueued_at() = ToProto(now_);
    return Apply(Entry(event));
  }
  Words Accept(const std::string& id) {
    auto event = Event(id);
    event.mutable_accepted()->set_agent_id("ana");
    return Apply(Entry(event));
  }
  Words ReplyBy(const std::string& id, bool human = true) {
    auto event = Event(id);
    event.mutable_reply_sent()->set_is_human_public(human);
    return Apply(Entry(event));
  }
  Words Resolve(const std::string& id) {
    auto event = Event(id);
    event.mutable_resolved();
    return Apply(Entry(event));
  }
  Words Reopen(const std::string& id) {
    auto event = Event(id);
    *event.mutable_reopened()->mutable_received_at() = ToProto(now_);
    return Apply(Entry(event));
  }
  Words Abandon(const std::string& id) {
    auto event = Event(id);
    event.mutable_abandoned();
    return Apply(Entry(event));
  }
  Words Close(const std::string& id) {
    auto event = Event(id);
    event.mutable_closed();
    return Apply(Entry(event));
  }
  Words Learn(const std::string& id) {
    auto event = Event(id);
    event.mutable_facts_learned();
    return Apply(Entry(event));
  }
  // A receipt for a message of a conversation that is closed.
  Words ReceiptWhenClosed(const std::string& id) {
    auto event = Event(id);
    event.set_state(conversation::v1::STATE_CLOSED);
    event.mutable_delivery_changed();
    return Apply(Entry(event));
  }
  Words Repeat() { return Apply(Entry(last_)); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const Request& request) {
    Command command;
    command.request = std::make_shared<Request>(request);
    Effects effects;
    machine_->Apply({now_ + lag_, caught_up_}, command, effects);
    if (!effects.replies.at(0).status.ok()) return effects.replies.at(0).status;
    return static_cast<const Response&>(*effects.replies.at(0).response);
  }

  // Another process takes over with the rows that were written.
  void Restart(ConfigBuilder& config) {
    TakeOver();
    Apply(config.Revision(revision_));
  }
  // The same before a configuration has come; Configure() then brings a newer one.
  void TakeOver() {
    machine_ = std::make_unique<SlaMachine>();
    trama::testing::LoadRows(rows_, *machine_);
    Apply(TakenOver{2});
  }

  Words Apply(const Input& input) {
    Effects effects;
    machine_->Apply({now_ + lag_, caught_up_}, input, effects);
    machine_->CheckInvariants();
    for (const RowChange& change : machine_->TakeChangedRows()) {
      if (change.value) {
        rows_[change.key] = *change.value;
      } else {
        rows_.erase(change.key);
      }
    }
    Words words;
    for (const OutRecord& record : effects.records) {
      v1::SlaEvent event;
      if (!event.ParseFromString(record.value)) std::abort();
      words.push_back(InWords(event));
      events_.push_back(event);
    }
    return words;
  }

  absl::Time now() const { return now_; }
  const SlaMachine& machine() const { return *machine_; }
  const std::vector<v1::SlaEvent>& events() const { return events_; }
  size_t row_count() const { return rows_.size(); }

 private:
  conversation::v1::ConversationEvent Event(const std::string& id) {
    conversation::v1::ConversationEvent event;
    event.set_workspace("demo");
    event.set_channel("email");
    event.set_conversation_id(id);
    event.set_sequence(++sequences_[id]);
    event.set_event_id(absl::StrCat(id, "/", event.sequence()));
    *event.mutable_occurred_at() = ToProto(now_);
    return event;
  }

  LogEntry Entry(const conversation::v1::ConversationEvent& event) {
    last_ = event;
    LogEntry entry;
    entry.topic = SlaTopics().conversations;
    entry.message = std::make_shared<conversation::v1::ConversationEvent>(event);
    return entry;
  }

  static void Append(Words& words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
  }

  absl::Time now_ = Start();
  absl::Time caught_up_ = Start();
  absl::Duration lag_;
  int64_t revision_ = 0;
  std::unique_ptr<SlaMachine> machine_ = std::make_unique<SlaMachine>();
  std::map<std::string, std::string> rows_;
  std::map<std::string, int64_t> sequences_;
  std::vector<v1::SlaEvent> events_;
  conversation::v1::ConversationEvent last_;
};

class SlaMachineTest : public ::testing::Test, public Driver {
 protected:
  void SetUp() override {
    config_.Policy("standard", "10m", "1m");
    Configure(config_);
  }
  // A conversation that waits in queue "support" since second 0.
  void OpenAndQueue(const std::string& id) {
    Open(id);
    Queue(id, "support");
  }

  ConfigBuilder config_;
};

}  // namespace trama::sla::testing
