#include "tools/cli/json.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "google/protobuf/util/json_util.h"
#include "tools/cli/kinds.h"
#include "yaml-cpp/yaml.h"

namespace trama::tramactl {
namespace {

// Would a reader of YAML take this text for a number, a date, a truth value or nothing?
bool LooksLikeSomethingElse(const std::string& text) {
  if (text.empty()) return true;
  // Of these numbers, dates and times of day are made.
  static constexpr char kNumeric[] = "0123456789+-.:_eExXoTZ ";
  if (text.find_first_not_of(kNumeric) == std::string::npos &&
      text.find_first_of("0123456789") != std::string::npos) {
    return true;
  }
  static constexpr const char* kWords[] = {"true", "false", "yes", "no", "on",
                                           "off",  "null",  "~",   "y",  "n"};
  const std::string lower = absl::AsciiStrToLower(text);
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&lower](const char* word) { return lower == word; });
}

void EmitText(const std::string& text, YAML::Emitter& out) {
  if (LooksLikeSomethingElse(text)) out << YAML::DoubleQuoted;
  out << text;
}

void Emit(const Json& json, YAML::Emitter& out) {
  switch (json.type()) {
    case Json::value_t::object:
      if (json.empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const auto& [key, value] : json.items()) {
        out << YAML::Key;
        EmitText(key, out);
        out << YAML::Value;
        Emit(value, out);
      }
      out << YAML::EndMap;
      return;
    case Json::value_t::array:
      if (json.empty()) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const Json& value : json) Emit(value, out);
      out << YAML::EndSeq;
      return;
    case Json::value_t::string:
      return EmitText(json.get_ref<const std::string&>(), out);
    default:
      out << ToLine(json);
      return;
  }
}

}  // namespace

Json ToJson(const google::protobuf::Message& message) {
  std::string text;
  const auto written = google::protobuf::util::MessageToJsonString(message, &text);
  if (!written.ok()) return Json{{"undecoded", written.ToString()}};
  return Json::parse(text);
}

Json ResourceJson(const config::v1::Resource& resource) {
  Json json;
  json["apiVersion"] = resource.api_version();
  json["kind"] = resource.kind();
  json["metadata"] = ToJson(resource.metadata());
  const google::protobuf::Message* spec = SpecOf(resource);
  json["spec"] = spec == nullptr ? Json::object() : ToJson(*spec);
  return json;
}

std::string ToLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ToText(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string ToYaml(const Json& json) {
  YAML::Emitter out;
  Emit(json, out);
  return std::string(out.c_str()) + "\n";
}

}  // namespace trama::tramactl
