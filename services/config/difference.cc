#include "services/config/difference.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/config/field_checks.h"
#include "services/config/plan_parts.h"
#include "services/kernel/text.h"

namespace trama::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

std::string Cut(const std::string& text) {
  const std::string kept(TruncateUtf8(text, kDifferenceValueMaxBytes));
  return kept.size() == text.size() ? text : kept + "…";
}

std::string ValueText(const Message& message, const FieldDescriptor& field, int index) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::string text;
  if (field.is_map()) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, index);
    return ValueText(entry, *field.message_type()->map_value(), -1);
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    text = field.is_repeated() ? reflection.GetRepeatedString(message, &field, index)
                               : reflection.GetString(message, &field);
    return text.empty() ? "\"\"" : Cut(text);
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const Message& inner = field.is_repeated()
                               ? reflection.GetRepeatedMessage(message, &field, index)
                               : reflection.GetMessage(message, &field);
    // A text that is not UTF-8 stays out of it.
    if (!google::protobuf::util::MessageToJsonString(inner, &text).ok()) text = "{…}";
    return Cut(text);
  }
  google::protobuf::TextFormat::PrintFieldValueToString(message, &field,
                                                        field.is_repeated() ? index : -1, &text);
  return Cut(text);
}

int IndexOf(const MessageDifferencer::SpecificField& step) {
  return step.new_index >= 0 ? step.new_index : step.index;
}

// The key of the map's entry that a step of a path goes through. `holder` holds the last step's
// field.
std::string MapKey(const MessageDifferencer::SpecificField& step, const Message& holder) {
  const Message* entry = step.map_entry1 != nullptr ? step.map_entry1 : step.map_entry2;
  if (entry == nullptr) {
    entry = &holder.GetReflection()->GetRepeatedMessage(holder, step.field, IndexOf(step));
  }
  return ValueText(*entry, *step.field->message_type()->map_key(), -1);
}

std::string PathOf(const std::vector<MessageDifferencer::SpecificField>& steps,
                   const Message& holder) {
  std::string path;
  const FieldDescriptor* map = nullptr;  // Of the step before.
  for (const MessageDifferencer::SpecificField& step : steps) {
    if (step.field == nullptr) continue;  // An unknown field of a later release.
    const bool is_map_value = map != nullptr && step.field == map->message_type()->map_value();
    map = step.field->is_map() ? step.field : nullptr;
    if (is_map_value) continue;
    const bool is_spec = step.field->containing_type() == v1::Resource::descriptor() &&
                         step.field->containing_oneof() != nullptr;
    path = Below(path, is_spec ? "spec" : step.field->name());
    if (map != nullptr) {
      path = Item(path, MapKey(step, holder));
    } else if (step.field->is_repeated()) {
      path = Item(path, IndexOf(step));
    }
  }
  return path;
}

class DifferenceCollector final : public MessageDifferencer::Reporter {
 public:
  explicit DifferenceCollector(v1::ResourceDifference& difference) : difference_(difference) {}

  void ReportAdded(const Message&, const Message& after,
                   const std::vector<MessageDifferencer::SpecificField>& path) override {
    Add(path, nullptr, &after);
  }
  void ReportDeleted(const Message& before, const Message&,
                     const std::vector<MessageDifferencer::SpecificField>& path) override {
    Add(path, &before, nullptr);
  }
  void ReportModified(const Message& before, const Message& after,
                      const std::vector<MessageDifferencer::SpecificField>& path) override {
    // What a message differs in was reported before the message itself.
    const FieldDescriptor* field = path.back().field;
    const bool is_message =
        field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!is_message) Add(path, &before, &after);
  }

 private:
  // The messages are those that hold the last field of the path.
  void Add(const std::vector<MessageDifferencer::SpecificField>& path, const Message* before,
           const Message* after) {
    if (static_cast<size_t>(difference_.fields_size()) == kDifferencesPerResourceMax) {
      difference_.set_truncated(true);
      return;
    }
    const MessageDifferencer::SpecificField& last = path.back();
    v1::FieldDifference& field = *difference_.add_fields();
    field.set_field(PathOf(path, after != nullptr ? *after : *before));
    if (last.field == nullptr) return;
    if (before != nullptr) field.set_before(ValueText(*before, *last.field, last.index));
    if (after != nullptr) field.set_after(ValueText(*after, *last.field, IndexOf(last)));
  }

  v1::ResourceDifference& difference_;
};

v1::ResourceDifference Named(const ResourceId& id) {
  v1::ResourceDifference difference;
  difference.mutable_resource()->set_kind(id.kind);
  difference.mutable_resource()->set_workspace(id.workspace);
  difference.mutable_resource()->set_name(id.name);
  return difference;
}

// All that a difference cannot be in.
v1::Resource WithoutSpec(const v1::Resource& resource) {
  v1::Resource bare;
  bare.set_api_version(resource.api_version());
  bare.set_kind(resource.kind());
  bare.mutable_metadata()->set_name(resource.metadata().name());
  bare.mutable_metadata()->set_workspace(resource.metadata().workspace());
  return bare;
}

}  // namespace

v1::ResourceDifference DifferenceOf(const v1::Resource* before, const v1::Resource* after) {
  const v1::Resource old = before == nullptr ? WithoutSpec(*after) : Stripped(*before);
  const v1::Resource now = after == nullptr ? WithoutSpec(*before) : Stripped(*after);
  v1::ResourceDifference difference = Named(IdOf(old));
  DifferenceCollector collector(difference);
  MessageDifferencer differencer;
  differencer.ReportDifferencesTo(&collector);
  differencer.Compare(old, now);
  return difference;
}

std::vector<v1::ResourceDifference> DifferencesOf(const ConfigStore& before,
                                                  const ChangePlan& plan) {
  std::vector<v1::ResourceDifference> differences;
  size_t fields = 0;
  const auto add = [&](const ResourceId& id, const v1::Resource* old, const v1::Resource* now) {
    if (fields < kDifferencesMax) {
      differences.push_back(DifferenceOf(old, now));
      fields += static_cast<size_t>(differences.back().fields_size());
    } else {
      differences.push_back(Named(id));
      differences.back().set_truncated(true);
    }
  };
  for (const v1::Resource& resource : plan.written) {
    const ResourceId id = IdOf(resource);
    add(id, before.Find(id), &resource);
  }
  for (const ResourceId& id : plan.deleted) add(id, before.Find(id), nullptr);
  return differences;
}

}  // namespace trama::config
