#include "tools/cli/yaml_message.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"
#include "services/kernel/suggestion.h"

namespace trama::tramactl {
namespace {

using Field = google::protobuf::FieldDescriptor;

constexpr char kTwice[] = "is there twice; keep one of the two";

std::string Below(const std::string& path, const std::string& name) {
  return path.empty() ? name : absl::StrCat(path, ".", name);
}

const Field* FindField(const google::protobuf::Descriptor& message, const std::string& name) {
  if (const Field* field = message.FindFieldByName(name)) return field;
  return message.FindFieldByCamelcaseName(name);
}

// The fields' names, spelled as somebody does who writes `like`.
std::vector<std::string> FieldNames(const google::protobuf::Descriptor& message,
                                    const std::string& like) {
  const bool snake = like.find('_') != std::string::npos;
  std::vector<std::string> names;
  for (int i = 0; i < message.field_count(); ++i) {
    names.push_back(snake ? message.field(i)->name() : message.field(i)->camelcase_name());
  }
  return names;
}

std::vector<std::string> ValueNames(const google::protobuf::EnumDescriptor& values) {
  std::vector<std::string> names;
  for (int i = 0; i < values.value_count(); ++i) {
    if (values.value(i)->number() != 0) names.push_back(values.value(i)->name());
  }
  return names;
}

// "requiredSkills" and "required_skills" are the same field.
bool SameField(const std::string& a, const std::string& b) {
  const auto plain = [](const std::string& name) {
    std::string letters;
    for (const char letter : name) {
      if (letter != '_') letters += absl::ascii_tolower(letter);
    }
    return letters;
  };
  return plain(a) == plain(b);
}

const YAML::Node& Nothing() {
  static const auto& nothing = *new YAML::Node(YAML::NodeType::Undefined);
  return nothing;
}

// An entry of a map and how it is spelled there.
struct Member {
  std::string name;
  YAML::Node node{YAML::NodeType::Undefined};
};

Member MemberOf(const YAML::Node& node, const std::string& name) {
  if (!node.IsMap()) return {};
  for (const auto& entry : node) {
    if (entry.first.IsScalar() && SameField(entry.first.Scalar(), name)) {
      return {entry.first.Scalar(), entry.second};
    }
  }
  return {};
}

YAML::Node ItemOf(const YAML::Node& node, const std::string& key) {
  size_t index = 0;
  if (node.IsSequence() && absl::SimpleAtoi(key, &index) && index < node.size()) return node[index];
  if (!node.IsMap()) return Nothing();
  for (const auto& entry : node) {
    if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
  }
  return Nothing();
}

// The other field of its oneof that is set already; null when there is none.
const Field* Beside(const Field& field, const google::protobuf::Message& message) {
  const google::protobuf::OneofDescriptor* oneof = field.real_containing_oneof();
  return oneof == nullptr ? nullptr
                          : message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
}

bool ParseBool(const std::string& text, bool* value) {
  *value = text == "true";
  return text == "true" || text == "false";
}

}  // namespace

void YamlReader::Wrong(const YAML::Node& node, const std::string& path, std::string text) {
  mistakes_.push_back({file_, PlaceOf(node), path, std::move(text)});
}

bool YamlReader::WithinLimits(const YAML::Node& node, const std::string& path) {
  if (++nodes_ > kYamlNodesMax) {
    if (nodes_ == kYamlNodesMax + 1) Wrong(node, path, "the file holds too many values");
    return false;
  }
  if (depth_ <= kYamlDepthMax) return true;
  Wrong(node, path, "is nested too deeply");
  return false;
}

bool YamlReader::Entries(const YAML::Node& node, const std::string& path,
                         std::vector<Entry>& entries) {
  if (!node.IsMap()) {
    Wrong(node, path, "must be a map of names and values");
    return false;
  }
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      Wrong(entry.first, path, "has a key that is not a text");
    } else if (!seen.insert(entry.first.Scalar()).second) {
      Wrong(entry.first, Below(path, entry.first.Scalar()), kTwice);
    } else {
      entries.push_back({entry.first.Scalar(), entry.first, entry.second});
    }
  }
  return true;
}

std::optional<std::string> YamlReader::Text(const YAML::Node& node, const std::string& path) {
  if (!node.IsScalar()) {
    Wrong(node, path, node.IsNull() ? "has no value" : "must be a single value");
    return std::nullopt;
  }
  absl::StatusOr<std::string> text = Substitute(node.Scalar(), environment_);
  if (text.ok()) return *std::move(text);
  Wrong(node, path, std::string(text.status().message()));
  return std::nullopt;
}

void YamlReader::Read(const YAML::Node& node, const std::string& path,
                      google::protobuf::Message& message) {
  if (node.IsNull() || !WithinLimits(node, path)) return;
  std::vector<Entry> entries;
  if (!Entries(node, path, entries)) return;
  ++depth_;
  std::set<const Field*> seen;
  for (const auto& [name, key, value] : entries) {
    const Field* field = FindField(*message.GetDescriptor(), name);
    if (field == nullptr) {
      Wrong(key, Below(path, name),
            absl::StrCat("is not a field",
                         DidYouMean(name, FieldNames(*message.GetDescriptor(), name))));
    } else if (!seen.insert(field).second) {
      Wrong(key, Below(path, name), kTwice);
    } else if (value.IsNull()) {
      continue;
    } else if (const Field* other = Beside(*field, message)) {
      Wrong(key, Below(path, name),
            absl::StrCat("cannot stand beside ", other->name(), "; keep one of the two"));
    } else {
      ReadField(value, Below(path, name), *field, message);
    }
  }
  --depth_;
}

void YamlReader::ReadField(const YAML::Node& node, const std::string& path, const Field& field,
                           google::protobuf::Message& message) {
  if (field.is_map()) return ReadMap(node, path, field, message);
  if (!field.is_repeated()) return ReadValue(node, path, field, message);
  if (!node.IsSequence()) return Wrong(node, path, "must be a list, such as [a, b]");
  for (size_t i = 0; i < node.size(); ++i) {
    ReadValue(node[i], absl::StrCat(path, "[", i, "]"), field, message);
  }
}

void YamlReader::ReadMap(const YAML::Node& node, const std::string& path, const Field& field,
                         google::protobuf::Message& message) {
  std::vector<Entry> entries;
  if (!Entries(node, path, entries)) return;
  const Field& key_field = *field.message_type()->map_key();
  const Field& value_field = *field.message_type()->map_value();
  for (const auto& [name, key, value] : entries) {
    const std::string at = absl::StrCat(path, "[", name, "]");
    google::protobuf::Message& entry = *message.GetReflection()->AddMessage(&message, &field);
    ReadScalar(key, at, key_field, name, entry);
    ReadValue(value, at, value_field, entry);
  }
}

void YamlReader::ReadValue(const YAML::Node& node, const std::string& path, const Field& field,
                           google::protobuf::Message& message) {
  if (!WithinLimits(node, path)) return;
  if (field.cpp_type() != Field::CPPTYPE_MESSAGE) {
    if (const std::optional<std::string> text = Text(node, path)) {
      ReadScalar(node, path, field, *text, message);
    }
    return;
  }
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  google::protobuf::Message& inner = field.is_repeated()
                                         ? *reflection.AddMessage(&message, &field)
                                         : *reflection.MutableMessage(&message, &field);
  auto* timestamp = dynamic_cast<google::protobuf::Timestamp*>(&inner);
  if (timestamp == nullptr) return Read(node, path, inner);
  const std::optional<std::string> text = Text(node, path);
  if (text && !google::protobuf::util::TimeUtil::FromString(*text, timestamp)) {
    Wrong(node, path, absl::StrCat("\"", *text, "\" is not a time such as 2026-04-21T09:30:00Z"));
  }
}

void YamlReader::ReadScalar(const YAML::Node& node, const std::string& path, const Field& field,
                            const std::string& text, google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const auto store = [&](auto value, auto add, auto set) {
    field.is_repeated() ? (reflection.*add)(&message, &field, value)
                        : (reflection.*set)(&message, &field, value);
  };
  using R = google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case Field::CPPTYPE_STRING:
      return store(text, &R::AddString, &R::SetString);
    case Field::CPPTYPE_INT32: {
      int32_t value = 0;
      if (absl::SimpleAtoi(text, &value)) return store(value, &R::AddInt32, &R::SetInt32);
      return Wrong(node, path, absl::StrCat("\"", text, "\" is not a whole number"));
    }
    case Field::CPPTYPE_INT64: {
      int64_t value = 0;
      if (absl::SimpleAtoi(text, &value)) return store(value, &R::AddInt64, &R::SetInt64);
      return Wrong(node, path, absl::StrCat("\"", text, "\" is not a whole number"));
    }
    case Field::CPPTYPE_DOUBLE: {
      double value = 0;
      if (absl::SimpleAtod(text, &value)) return store(value, &R::AddDouble, &R::SetDouble);
      return Wrong(node, path, absl::StrCat("\"", text, "\" is not a number"));
    }
    case Field::CPPTYPE_BOOL: {
      bool value = false;
      if (ParseBool(text, &value)) return store(value, &R::AddBool, &R::SetBool);
      return Wrong(node, path, absl::StrCat("\"", text, "\" must be true or false"));
    }
    case Field::CPPTYPE_ENUM: {
      const auto* value = field.enum_type()->FindValueByName(text);
      if (value != nullptr) return store(value, &R::AddEnum, &R::SetEnum);
      const std::vector<std::string> names = ValueNames(*field.enum_type());
      return Wrong(node, path,
                   absl::StrCat("\"", text, "\" is not one of ", absl::StrJoin(names, ", "),
                                DidYouMean(text, names)));
    }
    default:
      return Wrong(node, path, "cannot be written in YAML");
  }
}

Located Locate(const YAML::Node& root, const std::string& path) {
  Located found{root, ""};
  size_t position = 0;
  while (position < path.size()) {
    Member next;
    const size_t start = position + (path[position] == '.' ? 1 : 0);
    size_t end = std::min(path.find_first_of(".[", start), path.size());
    if (path[position] == '[') {
      end = std::min(path.find(']', position), path.size() - 1) + 1;
      const std::string key = path.substr(position + 1, end - position - 2);
      next = {absl::StrCat("[", key, "]"), ItemOf(found.node, key)};
    } else {
      next = MemberOf(found.node, path.substr(start, end - start));
      if (!found.path.empty()) next.name.insert(0, ".");
    }
    if (!next.node.IsDefined()) break;
    found.node.reset(next.node);
    found.path += next.name;
    position = end;
  }
  // What the file does not hold has only our own spelling.
  const std::string rest = path.substr(position);
  found.path += found.path.empty() && !rest.empty() && rest[0] == '.' ? rest.substr(1) : rest;
  return found;
}

}  // namespace trama::tramactl
