#include "tests/contract/compatibility.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "services/kernel/check.h"

namespace trama::contract {
namespace {

namespace pb = google::protobuf;

void Fill(const pb::FileDescriptorSet& set, pb::DescriptorPool& pool) {
  for (const pb::FileDescriptorProto& file : set.file()) {
    TRAMA_CHECK(pool.BuildFile(file) != nullptr);
  }
}

std::string OneofOf(const pb::FieldDescriptor& field) {
  const pb::OneofDescriptor* oneof = field.real_containing_oneof();
  return oneof == nullptr ? "" : std::string(oneof->name());
}

std::string TypeOf(const pb::FieldDescriptor& field) {
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

class Comparison {
 public:
  explicit Comparison(const pb::DescriptorPool& now) : now_(now) {}

  void Message(const pb::Descriptor& was) {
    const pb::Descriptor* is = now_.FindMessageTypeByName(was.full_name());
    if (is == nullptr) return Say(was.full_name(), "message is gone");
    for (int i = 0; i < was.field_count(); ++i) Field(*was.field(i), *is);
    for (int i = 0; i < was.nested_type_count(); ++i) {
      if (!was.nested_type(i)->options().map_entry()) Message(*was.nested_type(i));
    }
    for (int i = 0; i < was.enum_type_count(); ++i) Enum(*was.enum_type(i));
  }

  void Enum(const pb::EnumDescriptor& was) {
    const pb::EnumDescriptor* is = now_.FindEnumTypeByName(was.full_name());
    if (is == nullptr) return Say(was.full_name(), "enum is gone");
    for (int i = 0; i < was.value_count(); ++i) {
      const pb::EnumValueDescriptor& value = *was.value(i);
      const pb::EnumValueDescriptor* same = is->FindValueByNumber(value.number());
      if (same == nullptr) {
        Say(value.full_name(), absl::StrCat("value ", value.number(), " is gone"));
      } else if (same->name() != value.name()) {
        Say(value.full_name(), absl::StrCat("value ", value.number(), " now means ", same->name()));
      }
    }
  }

  void Service(const pb::ServiceDescriptor& was) {
    const pb::ServiceDescriptor* is = now_.FindServiceByName(was.full_name());
    if (is == nullptr) return Say(was.full_name(), "service is gone");
    for (int i = 0; i < was.method_count(); ++i) {
      const pb::MethodDescriptor& method = *was.method(i);
      const pb::MethodDescriptor* same = is->FindMethodByName(method.name());
      if (same == nullptr) {
        Say(method.full_name(), "method is gone");
      } else if (same->input_type()->full_name() != method.input_type()->full_name() ||
                 same->output_type()->full_name() != method.output_type()->full_name() ||
                 same->server_streaming() != method.server_streaming() ||
                 same->client_streaming() != method.client_streaming()) {
        Say(method.full_name(), "method has another signature");
      }
    }
  }

  std::vector<std::string> Take() { return std::move(found_); }

 private:
  void Field(const pb::FieldDescriptor& was, const pb::Descriptor& message) {
    const pb::FieldDescriptor* is = message.FindFieldByNumber(was.number());
    if (is == nullptr) {
      if (!message.IsReservedNumber(was.number()) || !message.IsReservedName(was.name())) {
        Say(was.full_name(),
            absl::StrCat("field ", was.number(), " is gone; reserve its number and its name"));
      }
      return;
    }
    if (is->name() != was.name()) {
      Say(was.full_name(), absl::StrCat("field ", was.number(), " is now called ", is->name()));
    }
    if (TypeOf(*is) != TypeOf(was)) {
      Say(was.full_name(), absl::StrCat("was ", TypeOf(was), ", is ", TypeOf(*is)));
    }
    if (is->is_repeated() != was.is_repeated())
      Say(was.full_name(), "changed between one and many");
    if (is->has_presence() != was.has_presence()) Say(was.full_name(), "changed its presence");
    if (OneofOf(*is) != OneofOf(was)) Say(was.full_name(), "moved into or out of a oneof");
  }

  void Say(const std::string& where, const std::string& what) {
    found_.push_back(absl::StrCat(where, ": ", what));
  }

  const pb::DescriptorPool& now_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> IncompatibleChanges(const pb::FileDescriptorSet& landed,
                                             const pb::FileDescriptorSet& now) {
  pb::DescriptorPool landed_pool;
  pb::DescriptorPool now_pool;
  Fill(landed, landed_pool);
  Fill(now, now_pool);

  Comparison comparison(now_pool);
  for (const pb::FileDescriptorProto& proto : landed.file()) {
    const pb::FileDescriptor* file = landed_pool.FindFileByName(proto.name());
    for (int i = 0; i < file->message_type_count(); ++i) comparison.Message(*file->message_type(i));
    for (int i = 0; i < file->enum_type_count(); ++i) comparison.Enum(*file->enum_type(i));
    for (int i = 0; i < file->service_count(); ++i) comparison.Service(*file->service(i));
  }
  return comparison.Take();
}

}  // namespace trama::contract
