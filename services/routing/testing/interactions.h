#pragma once

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/platform/config/config_view.h"
#include "services/platform/kafka/record.h"
#include "trama/config/v1/resources.pb.h"
#include "trama/interaction/v1/interaction_events.pb.h"

// What the intake reads, for its tests.
namespace trama::routing::testing {

inline constexpr char kSecret[] = "0123456789abcdef";

// The workspaces "demo" at partition 1 and "other" at partition 2.
inline std::shared_ptr<const platform::ConfigView> TwoWorkspaces() {
  auto snapshot = std::make_shared<config::v1::Snapshot>();
  snapshot->set_revision(1);
  int32_t partition = 0;
  for (const char* name : {"demo", "other"}) {
    config::v1::Resource& resource = *snapshot->add_resources();
    resource.set_kind("Workspace");
    resource.mutable_metadata()->set_name(name);
    resource.mutable_workspace()->set_partition(++partition);
    resource.mutable_workspace()->set_identity_secret(absl::StrCat("env:", name));
  }
  return std::make_shared<platform::ConfigView>(std::move(snapshot));
}

// "+1415555" and four digits of `number`.
inline interaction::v1::Interaction Sms(const std::string& id, int number = 123,
                                        const std::string& workspace = "demo") {
  interaction::v1::Interaction message;
  message.set_interaction_id(id);
  message.set_workspace(workspace);
  message.set_channel("sms");
  message.set_channel_account("line");
  message.set_kind(interaction::v1::KIND_MESSAGE);
  auto& identifier = *message.mutable_sender()->mutable_identifier();
  identifier.set_kind(types::v1::IDENTIFIER_KIND_PHONE);
  identifier.set_value(absl::StrCat("+1415555", 1000 + number));
  message.add_parts()->mutable_text()->set_body("hello");
  return message;
}

// As it was read from its topic.
inline platform::Record RecordOf(const interaction::v1::Interaction& message, int64_t offset,
                                 int32_t partition = 0) {
  platform::Record record;
  record.topic = "trama.interactions.v1";
  record.partition = partition;
  record.offset = offset;
  record.key = message.workspace();
  record.value = message.SerializeAsString();
  record.headers = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
  return record;
}

}  // namespace trama::routing::testing
