#include "services/channels/whatsapp/json_fields.h"

#include "absl/strings/numbers.h"
#include "services/channels/common/json_limits.h"
#include "services/kernel/strings.h"

namespace trama::whatsapp {

namespace {

const Json* Find(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(name);
  return it == object.end() ? nullptr : &*it;
}

}  // namespace

std::optional<Json> ParseJson(std::string_view text) {
  if (channels::ExcessOf(text, kJsonDepthMax) != channels::JsonExcess::kNone) return std::nullopt;
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

std::string TextOf(const Json& object, const char* name) {
  const Json* value = Find(object, name);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  if (value->is_number_integer()) return value->dump();
  return {};
}

std::optional<int64_t> NumberOf(const Json& object, const char* name) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(TextOf(object, name), &number)) return std::nullopt;
  return number;
}

std::optional<double> DecimalOf(const Json& object, const char* name) {
  const Json* value = Find(object, name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  double number = 0;
  if (value->is_string() && absl::SimpleAtod(value->get<std::string>(), &number)) return number;
  return std::nullopt;
}

bool FlagOf(const Json& object, const char* name) {
  const Json* value = Find(object, name);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

const Json& ObjectOf(const Json& object, const char* name) {
  static const Json& empty = *new Json(Json::object());
  const Json* value = Find(object, name);
  return value != nullptr && value->is_object() ? *value : empty;
}

const Json& ArrayOf(const Json& object, const char* name) {
  static const Json& empty = *new Json(Json::array());
  const Json* value = Find(object, name);
  return value != nullptr && value->is_array() ? *value : empty;
}

}  // namespace trama::whatsapp
