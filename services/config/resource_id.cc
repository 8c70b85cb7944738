#include "services/config/resource_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/kernel/check.h"
#include "services/kernel/resources/resources.h"
#include "services/kernel/strings.h"

namespace trama::config {
namespace {

const google::protobuf::OneofDescriptor& OneofOf(const google::protobuf::Descriptor& message,
                                                 const char* name) {
  const google::protobuf::OneofDescriptor* oneof = message.FindOneofByName(name);
  TRAMA_CHECK(oneof != nullptr);
  return *oneof;
}

std::string KindOf(const google::protobuf::FieldDescriptor& spec) {
  return std::string(absl::StripSuffix(spec.message_type()->name(), "Spec"));
}

}  // namespace

std::string ResourceId::Key() const { return ResourceKey(kind, workspace, name); }

std::string ResourceId::Label() const { return absl::StrCat(KindInWords(kind), " ", name); }

const std::vector<std::string>& Kinds() {
  static const auto& kinds = *[] {
    auto* names = new std::vector<std::string>;
    const auto& oneof = OneofOf(*v1::Resource::descriptor(), "spec");
    for (int i = 0; i < oneof.field_count(); ++i) names->push_back(KindOf(*oneof.field(i)));
    std::sort(names->begin(), names->end());
    return names;
  }();
  return kinds;
}

const google::protobuf::FieldDescriptor* SpecField(std::string_view kind) {
  const auto& oneof = OneofOf(*v1::Resource::descriptor(), "spec");
  for (int i = 0; i < oneof.field_count(); ++i) {
    if (KindOf(*oneof.field(i)) == kind) return oneof.field(i);
  }
  return nullptr;
}

std::string KindInWords(std::string_view kind) {
  std::string words;
  for (const char letter : kind) {
    if (absl::ascii_isupper(letter) && !words.empty()) words += ' ';
    words += absl::ascii_tolower(letter);
  }
  return words;
}

const std::vector<std::string>& Channels() {
  static const auto& channels = *[] {
    auto* names = new std::vector<std::string>;
    const auto& oneof = OneofOf(*v1::ChannelAccountSpec::descriptor(), "settings");
    for (int i = 0; i < oneof.field_count(); ++i) names->push_back(oneof.field(i)->name());
    std::sort(names->begin(), names->end());
    return names;
  }();
  return channels;
}

ResourceId IdOf(const v1::Resource& resource) {
  return {resource.kind(), resource.metadata().workspace(), resource.metadata().name()};
}

ResourceId IdOf(const v1::ResourceRef& ref) { return {ref.kind(), ref.workspace(), ref.name()}; }

std::optional<ResourceId> ParseKey(std::string_view key) {
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(key), '/');
  if (parts.size() != 3 || parts[0].empty() || parts[2].empty()) return std::nullopt;
  return ResourceId{parts[0], parts[1], parts[2]};
}

}  // namespace trama::config
