#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "trama/config/v1/config_service.pb.h"
#include "trama/config/v1/resources.pb.h"

namespace trama::config {

// What a resource is called. Ordered by kind, workspace, name.
struct ResourceId {
  std::string kind;       // "Queue"
  std::string workspace;  // Empty for a Workspace.
  std::string name;

  friend std::strong_ordering operator<=>(const ResourceId&, const ResourceId&) = default;
  friend bool operator==(const ResourceId&, const ResourceId&) = default;

  // The workspace that it is part of: its own name for a Workspace.
  const std::string& tenant() const { return workspace.empty() ? name : workspace; }
  // The key on the topics: "Queue/demo/billing", "Workspace//demo".
  std::string Key() const;
  // For a person: "queue billing".
  std::string Label() const;
};

inline constexpr char kWorkspaceKind[] = "Workspace";

// Every kind, sorted: the message types of Resource.spec without "Spec".
const std::vector<std::string>& Kinds();

// The field of Resource.spec that belongs to a kind; null when there is no such kind.
const google::protobuf::FieldDescriptor* SpecField(std::string_view kind);

// "SlaPolicy" → "sla policy".
std::string KindInWords(std::string_view kind);

// Names of the channels that an account can be of: the fields of ChannelAccountSpec.settings.
const std::vector<std::string>& Channels();

ResourceId IdOf(const v1::Resource& resource);
ResourceId IdOf(const v1::ResourceRef& ref);

// The reverse of ResourceId::Key(); none for other text.
std::optional<ResourceId> ParseKey(std::string_view key);

}  // namespace trama::config
