#include "tools/cli/topic_decoder.h"

#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/text.h"
#include "trama/agent/v1/agent_events.pb.h"
#include "trama/config/v1/resources.pb.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/deadletter/v1/deadletter.pb.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/engine/v1/engine.pb.h"
#include "trama/interaction/v1/interaction_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"
#include "trama/profile/v1/profile_events.pb.h"
#include "trama/reporting/v1/report_rows.pb.h"
#include "trama/routing/v1/work.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

namespace trama::tramactl {
namespace {

using google::protobuf::Message;

// Named one by one: a linker leaves out what nobody names, however it is registered.
const Message* PrototypeOf(const std::string& type) {
  static const auto& prototypes =
      *new std::vector<const Message*>{&agent::v1::AgentEvent::default_instance(),
                                       &config::v1::ConfigRecord::default_instance(),
                                       &conversation::v1::ConversationEvent::default_instance(),
                                       &deadletter::v1::DeadLetter::default_instance(),
                                       &delivery::v1::Delivery::default_instance(),
                                       &engine::v1::Owner::default_instance(),
                                       &interaction::v1::Interaction::default_instance(),
                                       &outbound::v1::OutboundMessage::default_instance(),
                                       &profile::v1::ProfileRow::default_instance(),
                                       &reporting::v1::ClosedInterval::default_instance(),
                                       &routing::v1::Work::default_instance(),
                                       &sla::v1::SlaEvent::default_instance()};
  for (const Message* prototype : prototypes) {
    if (prototype->GetDescriptor()->full_name() == type) return prototype;
  }
  return nullptr;
}

Json Undecoded(const std::string& value, const std::string& why) {
  return Json{{"undecoded", why}, {"base64", absl::Base64Escape(value)}};
}

std::string Text(const std::string& bytes) {
  return IsUtf8(bytes) ? bytes : absl::StrCat("base64:", absl::Base64Escape(bytes));
}

}  // namespace

Json ValueJson(const std::string& topic, const platform::Record& record,
               const platform::TopicsFile& topics) {
  if (!record.value.has_value()) return nullptr;
  const platform::TopicSpec* spec = topics.Find(topic);
  if (spec == nullptr) return Undecoded(*record.value, "the topic is not one of Trama's");
  const Message* prototype = PrototypeOf(spec->value);
  if (prototype == nullptr) return Undecoded(*record.value, "internal: " + spec->value);
  const std::unique_ptr<Message> message(prototype->New());
  if (!message->ParseFromString(*record.value)) {
    return Undecoded(*record.value, "not a " + spec->value);
  }
  return ToJson(*message);
}

Json RecordJson(const platform::Record& record, const platform::TopicsFile& topics) {
  Json json;
  json["topic"] = record.topic;
  json["partition"] = record.partition;
  json["offset"] = record.offset;
  if (record.timestamp != absl::InfinitePast()) {
    json["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", record.timestamp, absl::UTCTimeZone());
  }
  json["key"] = Text(record.key);
  for (const platform::Header& header : record.headers) {
    if (header.key == "content-type" || header.key == "ce_specversion") continue;
    json["headers"][header.key] = Text(header.value);
  }
  json["value"] = ValueJson(record.topic, record, topics);
  return json;
}

}  // namespace trama::tramactl
