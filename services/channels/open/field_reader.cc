#include "services/channels/open/field_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/channels/open/account.h"
#include "services/kernel/moment.h"

namespace trama::open_channel {

namespace {

// What an integrator's clock may be ahead of ours.
constexpr absl::Duration kAheadMax = absl::Minutes(5);

const FieldReader::Json& Nothing() {
  static const auto& nothing = *new FieldReader::Json();
  return nothing;
}

}  // namespace

FieldReader::FieldReader(const Json& object, std::string path, std::optional<Refusal>& refusal)
    : object_(object), path_(std::move(path)), refusal_(refusal) {
  if (object_.is_object() || object_.is_null() || refusal_.has_value()) return;
  refusal_ = Refusal{path_, "is not an object"};
}

const FieldReader::Json* FieldReader::Find(const char* name) const {
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string FieldReader::PathOf(const char* name) const { return absl::StrCat(path_, ".", name); }

void FieldReader::Refuse(const char* name, std::string reason) const {
  if (!refusal_.has_value()) refusal_ = Refusal{PathOf(name), std::move(reason)};
}

std::string FieldReader::Text(const char* name, size_t bytes_max) const {
  const Json* value = Find(name);
  if (value == nullptr) return {};
  if (!value->is_string()) {
    Refuse(name, "is not a string");
    return {};
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() <= bytes_max) return text;
  Refuse(name, absl::StrCat("has ", text.size(), " bytes, at most ", bytes_max, " are taken"));
  return {};
}

std::string FieldReader::Id(const char* name) const {
  std::string id = Text(name, kIdBytesMax);
  if (id.empty() || IsExternalId(id)) return id;
  Refuse(name, "has control characters");
  return {};
}

std::string FieldReader::RequiredId(const char* name) const {
  std::string id = Id(name);
  if (id.empty()) Refuse(name, "is missing");
  return id;
}

bool FieldReader::Flag(const char* name) const {
  const Json* value = Find(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  Refuse(name, "is not true or false");
  return false;
}

int64_t FieldReader::Count(const char* name) const {
  const Json* value = Find(name);
  if (value == nullptr) return 0;
  if (value->is_number_integer()) {
    // Beyond int64 it would turn negative.
    const auto count = value->get<int64_t>();
    if (count >= 0) return count;
  }
  Refuse(name, "is not a whole number from 0 on");
  return 0;
}

absl::Time FieldReader::Moment(const char* name, absl::Time now) const {
  const std::string text = Text(name, /*bytes_max=*/64);
  if (text.empty()) {
    Refuse(name, "is missing");
    return absl::UnixEpoch();
  }
  absl::Time time;
  if (!ParseMoment(absl::RFC3339_full, text, &time) || time < absl::UnixEpoch()) {
    Refuse(name, "is not a moment of RFC 3339 such as 2026-05-01T12:00:00Z");
    return absl::UnixEpoch();
  }
  if (time > now + kAheadMax) Refuse(name, "lies in the future; set the clock that gave it");
  return time;
}

FieldReader FieldReader::Object(const char* name) const {
  const Json* value = Find(name);
  return FieldReader(value == nullptr ? Nothing() : *value, PathOf(name), refusal_);
}

const FieldReader::Json& FieldReader::Array(const char* name, size_t count_max) const {
  const Json* value = Find(name);
  if (value == nullptr) return Nothing();
  if (!value->is_array()) {
    Refuse(name, "is not an array");
    return Nothing();
  }
  if (value->size() <= count_max) return *value;
  Refuse(name, absl::StrCat("has ", value->size(), " elements, at most ", count_max, " are taken"));
  return Nothing();
}

}  // namespace trama::open_channel
