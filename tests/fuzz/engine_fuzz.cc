// The records of topics, as the engines take them in: an interaction of any channel on its way
// through the intake to routing, receipts, what sla and routing tell each other. Input: which
// engine; records as fuzz::Frames, each its kind and its bytes.

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/testing/load_rows.h"
#include "services/routing/routing_machine.h"
#include "services/routing/testing/config_builder.h"
#include "services/routing/work_records.h"
#include "services/sla/sla_machine.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/quiet_protobuf.h"
#include "trama/delivery/v1/delivery_events.pb.h"

namespace trama {
namespace {

constexpr char kSecret[] = "0123456789abcdef";
const absl::Time kStart = absl::FromUnixSeconds(1'795'350'000);
constexpr int kTicksMax = 1000;

ConfigRevision Configuration() {
  static const ConfigRevision& revision = *[] {
    routing::testing::ConfigBuilder config;
    config.Queue("support");
    config.Agent("ana");
    ConfigRevision built = config.Next();
    auto snapshot = std::make_shared<config::v1::Snapshot>(
        static_cast<const config::v1::Snapshot&>(*built.snapshot));
    config::v1::Resource& policy = *snapshot->add_resources();
    policy.set_kind("SlaPolicy");
    policy.mutable_metadata()->set_name("standard");
    policy.mutable_metadata()->set_workspace("demo");
    policy.mutable_sla_policy()->set_first_response("10m");
    policy.mutable_sla_policy()->set_queue_answer("1m");
    built.snapshot = std::move(snapshot);
    return new ConfigRevision(std::move(built));
  }();
  return revision;
}

// A machine under a loop that checks what it promises.
template <typename Machine>
class Loop {
 public:
  explicit Loop(std::unique_ptr<Machine> machine) : machine_(std::move(machine)) {
    Apply(TakenOver{1});
    Apply(Configuration());
    Tick();
  }

  // How many records it brings.
  size_t Apply(const Input& input) {
    Effects effects;
    machine_->Apply({.now = now_, .caught_up = now_}, input, effects);
    machine_->CheckInvariants();
    for (const RowChange& change : machine_->TakeChangedRows()) {
      if (change.value.has_value()) {
        rows_[change.key] = *change.value;
      } else {
        rows_.erase(change.key);
      }
    }
    for (const OutRecord& record : effects.records) {
      TRAMA_CHECK(!record.topic.empty() && !record.key.empty() && !record.type.empty());
      TRAMA_CHECK(ids_.insert(absl::StrCat(record.topic, " ", record.id)).second);
    }
    return effects.records.size();
  }

  void Tick() {
    for (int ticks = 0; machine_->NextDeadline() <= now_; ++ticks) {
      TRAMA_CHECK(ticks < kTicksMax);
      Apply(trama::Tick{});
    }
  }

  // Also once more: that changes nothing.
  void Take(const MessagePtr& message, const std::string& topic) {
    LogEntry entry;
    entry.topic = topic;
    entry.offset = offset_;
    entry.id = absl::StrCat("id-", offset_++);
    entry.message = message;
    Apply(entry);
    Tick();
    TRAMA_CHECK(Apply(entry) == 0);
  }

  void Wait(absl::Duration time) {
    now_ += time;
    Tick();
  }

  const std::map<std::string, std::string>& rows() const { return rows_; }
  int64_t offset() const { return offset_; }

 private:
  std::unique_ptr<Machine> machine_;
  absl::Time now_ = kStart;
  int64_t offset_ = 0;
  std::map<std::string, std::string> rows_;
  std::set<std::string> ids_;
};

template <typename Message>
std::shared_ptr<Message> Parse(std::string_view bytes) {
  auto message = std::make_shared<Message>();
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ? message : nullptr;
}

// As the intake does.
MessagePtr WorkOf(std::string_view bytes, int64_t offset) {
  const auto interaction = Parse<interaction::v1::Interaction>(bytes);
  if (interaction == nullptr || !routing::CheckInteraction(*interaction).ok()) return nullptr;
  // The configuration has but this one.
  interaction->set_workspace("demo");
  routing::v1::Source source;
  source.set_topic("trama.interactions.v1");
  source.set_offset(offset);
  return std::make_shared<routing::v1::Work>(
      routing::MakeWork(source, *interaction, kSecret, nullptr));
}

MessagePtr InputOfRouting(uint8_t kind, std::string_view bytes, int64_t offset) {
  if (kind == 0) return WorkOf(bytes, offset);
  if (kind == 1) return Parse<delivery::v1::Delivery>(bytes);
  return Parse<sla::v1::SlaEvent>(bytes);
}

template <typename Machine, typename InputOf>
void Play(std::string_view text, std::unique_ptr<Machine> machine, std::unique_ptr<Machine> heir,
          const std::string& topic, InputOf input_of) {
  Loop<Machine> loop(std::move(machine));
  for (const std::string_view frame : fuzz::Frames(text)) {
    if (frame.empty()) continue;
    const uint8_t head = static_cast<uint8_t>(frame[0]);
    const MessagePtr message = input_of(head % 3, frame.substr(1), loop.offset());
    if (message != nullptr) loop.Take(message, topic);
    loop.Wait(absl::Seconds(head / 3));
  }
  // Whoever takes over understands the rows.
  trama::testing::LoadRows(loop.rows(), *heir);
  Loop<Machine> next(std::move(heir));
}

}  // namespace
}  // namespace trama

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  if (size < 1) return 0;
  const std::string_view text = fuzz::Text(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    Play(text, std::make_unique<routing::RoutingMachine>(0),
         std::make_unique<routing::RoutingMachine>(0), "", InputOfRouting);
  } else {
    Play(text, std::make_unique<sla::SlaMachine>(), std::make_unique<sla::SlaMachine>(),
         sla::SlaTopics().conversations, [](uint8_t, std::string_view bytes, int64_t) {
           return MessagePtr(Parse<conversation::v1::ConversationEvent>(bytes));
         });
  }
  return 0;
}
