// The records of topics, as those services read them that fold: profile, reporting, delivery, the
// followers of the configuration, a loop that takes over. Input: which of them; records as
// fuzz::Frames.

#include <string>
#include <vector>

#include "services/channels/common/delivery_plan.h"
#include "services/channels/common/media_job.h"
#include "services/platform/config/config_fold.h"
#include "services/platform/engine/loop_rows.h"
#include "services/profile/input.h"
#include "services/reporting/agent_time.h"
#include "services/reporting/kpi_fold.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/quiet_protobuf.h"

namespace trama {
namespace {

using Frames = std::vector<std::string_view>;

constexpr char kSecret[] = "0123456789abcdef";
const absl::Time kNow = absl::FromUnixSeconds(1'795'350'000);

template <typename Message>
std::optional<Message> Parse(std::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  return message;
}

profile::Owners OwnersFor(const profile::Input& input) {
  types::v1::Identifier identifier;
  identifier.set_kind(types::v1::IDENTIFIER_KIND_PHONE);
  identifier.set_value("+14155550123");
  profile::Owners owners;
  for (const profile::OwnedId& id : profile::OwnersAsked(input)) {
    owners[id] = {.customer_id = "customer-1", .identifier = identifier};
  }
  return owners;
}

// Rows as they stand after `input`, by their key.
using Rows = std::map<profile::RowKey, profile::v1::ProfileRow>;

void FoldInto(Rows& rows, const profile::Input& input, const profile::Placement& placement) {
  profile::RowSet set;
  for (const profile::RowKey& key : profile::RowsOf(input, placement)) {
    const auto known = rows.find(key);
    set.Load(key, known == rows.end() ? std::nullopt : std::optional(known->second));
  }
  profile::Fold(input, placement, set);
  for (const profile::RowSet::Change& change : set.Touched()) {
    TRAMA_CHECK(profile::ParseRowId(profile::RowIdOf(change.key)).value() == change.key);
    const auto row = Parse<profile::v1::ProfileRow>(change.bytes);
    TRAMA_CHECK(row.has_value());
    rows[change.key] = *row;
  }
}

std::map<profile::RowKey, int64_t> VersionsOf(const Rows& rows) {
  std::map<profile::RowKey, int64_t> versions;
  for (const auto& [key, row] : rows) versions[key] = row.version();
  return versions;
}

// What is taken in can be kept, and a repeat changes nothing.
void CheckProfile(const Frames& frames) {
  Rows rows;
  for (const std::string_view frame : frames) {
    if (frame.empty()) continue;
    const auto kind = static_cast<profile::InputKind>(static_cast<unsigned char>(frame[0]) % 5);
    const absl::StatusOr<profile::Input> input = profile::ReadInput(kind, frame.substr(1));
    if (!input.ok()) continue;
    const auto placement = profile::PlaceInput(*input, kSecret, OwnersFor(*input));
    if (!placement.has_value()) continue;
    FoldInto(rows, *input, *placement);
    const auto versions = VersionsOf(rows);
    FoldInto(rows, *input, *placement);
    TRAMA_CHECK(VersionsOf(rows) == versions);
  }
}

void CheckReporting(const Frames& frames) {
  reporting::Folded folded;
  reporting::AgentStates agents;
  for (const std::string_view frame : frames) {
    if (const auto event = Parse<conversation::v1::ConversationEvent>(frame)) {
      reporting::Fold(*event, reporting::ServiceLevels(), folded);
    }
    if (const auto event = Parse<sla::v1::SlaEvent>(frame)) reporting::Fold(*event, folded);
    if (const auto event = Parse<agent::v1::AgentEvent>(frame)) {
      reporting::Fold(*event, agents, folded);
    }
  }
  for (const reporting::Increment& increment : folded.increments) {
    TRAMA_CHECK(increment.group.bucket % reporting::kBucketSeconds == 0);
    // A breach is taken back when it turns out to be none.
    TRAMA_CHECK(increment.by >= 0 || increment.counter == reporting::counter::kSlaBreached);
  }
}

// Nothing leaves twice, whatever the log says of it.
void CheckDelivery(const Frames& frames) {
  channels::DeliveryRules rules;
  rules.channel = "sms";
  channels::DeliveryPlan plan(rules);
  plan.SetAccounts(channels::DeliveryAccounts{{"demo/sms", {}}});
  bool recalls = true;
  int64_t offset = 0;
  std::set<std::string> sent;
  for (const std::string_view frame : frames) {
    channels::DeliveryEffects effects;
    if (const auto message = Parse<outbound::v1::OutboundMessage>(frame)) {
      recalls = false;
      if (!message->message_id().empty()) {
        plan.Take(offset++, std::make_shared<outbound::v1::OutboundMessage>(*message), "", kNow,
                  effects);
      }
    }
    if (const auto delivery = Parse<delivery::v1::Delivery>(frame)) {
      if (recalls) plan.Recall(*delivery);
      plan.Heard(*delivery);
    }
    plan.Tick(kNow, effects);
    for (const channels::SenderCall& call : effects.sends) {
      TRAMA_CHECK(sent.insert(call.message->message_id()).second);
      channels::SendOutcome outcome;
      outcome.kind = channels::SendOutcome::Kind::kSent;
      plan.SendEnded(call.message->message_id(), call.attempt.number, outcome, kNow, 0.5, effects);
    }
    for (const channels::DeliveryRecord& record : effects.records) {
      TRAMA_CHECK(Parse<delivery::v1::Delivery>(record.delivery.SerializeAsString()).has_value());
    }
  }
}

// What looks at the bytes alone overlooks no file.
void CheckMedia(std::string_view bytes) {
  const auto interaction = Parse<interaction::v1::Interaction>(bytes);
  if (!interaction.has_value()) return;
  const auto jobs = channels::MediaJobsOf(*interaction, interaction->channel());
  TRAMA_CHECK(jobs.empty() || channels::MayHaveFiles(bytes));
  for (const channels::MediaJob& job : jobs) {
    const interaction::v1::Interaction failed = channels::MediaFailed(job, "it is too large", kNow);
    TRAMA_CHECK(Parse<interaction::v1::Interaction>(failed.SerializeAsString()).has_value());
    TRAMA_CHECK(failed.interaction_id() == channels::MediaFailed(job, "", kNow).interaction_id());
  }
}

// Revisions rise; those that look resources up find what the revision lists.
void CheckConfig(const Frames& frames) {
  platform::ConfigFold fold;
  int64_t revision = 0;
  for (const std::string_view frame : frames) {
    platform::Record record;
    record.key = std::string(frame.substr(0, 2));
    if (frame.size() > 2) record.value = std::string(frame.substr(2));
    const absl::StatusOr<platform::ConfigPtr> taken = fold.Take(record);
    if (!taken.ok() || *taken == nullptr) continue;
    TRAMA_CHECK((*taken)->revision() >= revision);
    revision = (*taken)->revision();
    for (const config::v1::Resource& resource : (*taken)->snapshot()->resources()) {
      TRAMA_CHECK((*taken)->Find(resource.kind(), resource.metadata().workspace(),
                                 resource.metadata().name()) != nullptr);
    }
  }
}

void CheckLoopRows(const Frames& frames) {
  for (const char* key : {"loop/clock", "loop/incarnation", "loop/life", "loop/offset/t"}) {
    platform::LoopRows rows;
    for (const std::string_view frame : frames) rows.Load(key, frame).IgnoreError();
    platform::LoopRows again;
    const RowChange clock = platform::ClockChange(rows.clock);
    TRAMA_CHECK(again.Load(clock.key, *clock.value).ok());
    const RowChange incarnation = platform::IncarnationChange(rows.incarnation);
    TRAMA_CHECK(again.Load(incarnation.key, *incarnation.value).ok());
    TRAMA_CHECK(again.incarnation == rows.incarnation);
  }
}

}  // namespace
}  // namespace trama

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  if (size < 1) return 0;
  const std::string_view text = fuzz::Text(data + 1, size - 1);
  const std::vector<std::string_view> frames = fuzz::Frames(text);
  switch (data[0] % 6) {
    case 0:
      CheckProfile(frames);
      break;
    case 1:
      CheckReporting(frames);
      break;
    case 2:
      CheckDelivery(frames);
      break;
    case 3:
      for (const std::string_view frame : frames) CheckMedia(frame);
      break;
    case 4:
      CheckConfig(frames);
      break;
    default:
      CheckLoopRows(frames);
      break;
  }
  return 0;
}
