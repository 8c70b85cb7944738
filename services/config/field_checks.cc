#include "services/config/field_checks.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/config/hosts.h"
#include "services/config/resource_id.h"
#include "services/kernel/resources/resources.h"
#include "services/kernel/strings.h"
#include "services/kernel/suggestion.h"
#include "services/kernel/text.h"
#include "unicode/uloc.h"

namespace trama::config {
namespace {

constexpr size_t kDisplayNameMaxCharacters = 128;

std::string Quoted(std::string_view text) {
  constexpr size_t kShownMaxBytes = 80;
  return absl::StrCat("\"", ToAbsl(TruncateUtf8(text, kShownMaxBytes)),
                      text.size() > kShownMaxBytes ? "…" : "", "\"");
}

bool IsNameLetter(char letter) {
  return absl::ascii_islower(letter) || absl::ascii_isdigit(letter);
}

// The loader of zones also takes paths and "localtime", which mean another thing on every machine.
bool LooksLikeZone(std::string_view zone) {
  if (zone.empty() || zone.front() == '/' || zone == "localtime") return false;
  if (zone.find("..") != std::string_view::npos) return false;
  return std::all_of(zone.begin(), zone.end(), [](char letter) {
    return absl::ascii_isalnum(letter) || strchr("/_+-", letter) != nullptr;
  });
}

bool IsEnvironmentName(std::string_view name) {
  if (name.empty() || absl::ascii_isdigit(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char letter) { return absl::ascii_isalnum(letter) || letter == '_'; });
}

void CheckText(std::string_view text, const std::string& path, Violations& out) {
  if (text.size() > kTextMaxBytes) {
    AddViolation(out, path, absl::StrCat("is longer than ", kTextMaxBytes, " bytes"));
  }
  if (std::any_of(text.begin(), text.end(),
                  [](char letter) { return absl::ascii_iscntrl(letter); })) {
    AddViolation(out, path, "contains a control character, such as a line break");
  }
}

void CheckSingle(const google::protobuf::Message& message,
                 const google::protobuf::FieldDescriptor& field, const std::string& path,
                 Violations& out) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  using Field = google::protobuf::FieldDescriptor;
  if (field.cpp_type() == Field::CPPTYPE_STRING) {
    std::string scratch;
    CheckText(reflection.GetStringReference(message, &field, &scratch), path, out);
  } else if (field.cpp_type() == Field::CPPTYPE_ENUM) {
    const int number = reflection.GetEnumValue(message, &field);
    if (field.enum_type()->FindValueByNumber(number) == nullptr) {
      AddViolation(out, path, absl::StrCat(number, " is not known to this version of the service"));
    }
  } else if (field.cpp_type() == Field::CPPTYPE_MESSAGE) {
    CheckTexts(reflection.GetMessage(message, &field), path, out);
  }
}

std::string KeyOf(const google::protobuf::Message& entry) {
  const google::protobuf::FieldDescriptor& key = *entry.GetDescriptor()->map_key();
  if (key.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_INT32) {
    return absl::StrCat(entry.GetReflection()->GetInt32(entry, &key));
  }
  return entry.GetReflection()->GetString(entry, &key);
}

void CheckMap(const google::protobuf::Message& message,
              const google::protobuf::FieldDescriptor& field, const std::string& path,
              Violations& out) {
  std::map<std::string, const google::protobuf::Message*> entries;  // In a fixed order.
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    const auto& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    entries.emplace(KeyOf(entry), &entry);
  }
  for (const auto& [key, entry] : entries) {
    Violations of_key;
    CheckText(key, path, of_key);
    if (key.empty()) AddViolation(of_key, path, "has an entry without a name");
    if (of_key.empty()) {
      CheckSingle(*entry, *entry->GetDescriptor()->map_value(), Item(path, key), out);
    }
    out.insert(out.end(), of_key.begin(), of_key.end());
  }
}

void CheckRepeated(const google::protobuf::Message& message,
                   const google::protobuf::FieldDescriptor& field, const std::string& path,
                   Violations& out) {
  using Field = google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const int count = reflection.FieldSize(message, &field);
  if (static_cast<size_t>(count) > kEntriesMax) {
    return AddViolation(out, path, absl::StrCat("has ", count, " entries; at most ", kEntriesMax));
  }
  if (field.is_map()) return CheckMap(message, field, path, out);
  for (int i = 0; i < count; ++i) {
    if (field.cpp_type() == Field::CPPTYPE_STRING) {
      std::string scratch;
      CheckText(reflection.GetRepeatedStringReference(message, &field, i, &scratch), Item(path, i),
                out);
    } else if (field.cpp_type() == Field::CPPTYPE_MESSAGE) {
      CheckTexts(reflection.GetRepeatedMessage(message, &field, i), Item(path, i), out);
    }
  }
}

}  // namespace

std::string Below(std::string_view path, std::string_view field) {
  return path.empty() ? std::string(field) : absl::StrCat(ToAbsl(path), ".", ToAbsl(field));
}

std::string Item(std::string_view path, int index) {
  return absl::StrCat(ToAbsl(path), "[", index, "]");
}

std::string Item(std::string_view path, std::string_view key) {
  return absl::StrCat(ToAbsl(path), "[", ToAbsl(key), "]");
}

void AddViolation(Violations& out, std::string path, std::string description) {
  out.push_back({std::move(path), std::move(description)});
}

void CheckTexts(const google::protobuf::Message& message, const std::string& path,
                Violations& out) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    const std::string below = Below(path, field->name());
    if (field->is_repeated()) {
      CheckRepeated(message, *field, below, out);
    } else {
      CheckSingle(message, *field, below, out);
    }
  }
}

void CheckName(std::string_view name, const std::string& path, Violations& out) {
  if (name.empty()) return AddViolation(out, path, "is missing");
  const bool letters_fine = std::all_of(name.begin(), name.end(), [](char letter) {
    return IsNameLetter(letter) || letter == '-' || letter == '.';
  });
  if (!letters_fine || !IsNameLetter(name.front()) || !IsNameLetter(name.back())) {
    return AddViolation(out, path,
                        Quoted(name) +
                            " may hold lower-case letters, digits, '-' and '.' only, with a letter "
                            "or digit at both ends");
  }
  if (name.size() > kNameMaxBytes) {
    AddViolation(out, path, absl::StrCat("has ", name.size(), " letters; at most ", kNameMaxBytes));
  }
}

void CheckDisplayName(std::string_view name, const std::string& path, Violations& out) {
  if (CountCodePoints(name) > kDisplayNameMaxCharacters) {
    AddViolation(out, path,
                 absl::StrCat("is longer than ", kDisplayNameMaxCharacters, " characters"));
  }
}

void CheckRange(int64_t value, int64_t min, int64_t max, const std::string& path, Violations& out) {
  if (value >= min && value <= max) return;
  AddViolation(out, path, absl::StrCat(value, " must lie between ", min, " and ", max));
}

void CheckDuration(std::string_view text, absl::Duration min, absl::Duration max,
                   const std::string& path, Violations& out) {
  if (text.empty()) return;
  const absl::StatusOr<absl::Duration> duration = SpecDuration(text, absl::ZeroDuration());
  if (!duration.ok()) {
    return AddViolation(out, path, Quoted(text) + " is not a duration such as 20s, 5m or 4h30m");
  }
  if (*duration < min || *duration > max) {
    AddViolation(out, path,
                 absl::StrCat(Quoted(text), " must lie between ", absl::FormatDuration(min),
                              " and ", absl::FormatDuration(max)));
  } else if (*duration != absl::Floor(*duration, absl::Milliseconds(1))) {
    AddViolation(out, path, Quoted(text) + " is finer than a millisecond");
  }
}

void CheckSecret(std::string_view reference, bool required, const std::string& path,
                 Violations& out) {
  if (reference.empty()) {
    if (required) {
      AddViolation(out, path, "is missing: a reference, file:/path or env:NAME");
    }
    return;
  }
  std::string_view rest = reference;
  if (absl::StartsWith(ToAbsl(rest), "file:/")) {
    rest.remove_prefix(strlen("file:"));
    if (rest.size() > 1 && rest.find("..") == std::string_view::npos) return;
  } else if (absl::StartsWith(ToAbsl(rest), "env:")) {
    rest.remove_prefix(strlen("env:"));
    if (IsEnvironmentName(rest)) return;
  }
  AddViolation(out, path,
               "must be a reference, file:/path or env:NAME, and never the secret itself");
}

void CheckTimeZone(std::string_view zone, const std::string& path, Violations& out) {
  if (zone.empty()) {
    return AddViolation(out, path, "is missing: an IANA time zone such as America/Sao_Paulo");
  }
  absl::TimeZone loaded;
  if (!LooksLikeZone(zone) || !absl::LoadTimeZone(std::string(zone), &loaded)) {
    AddViolation(out, path, Quoted(zone) + " is not an IANA time zone such as America/Sao_Paulo");
  }
}

void CheckRegion(std::string_view region, const std::string& path, Violations& out) {
  if (region.empty()) {
    return AddViolation(out, path, "is missing: an ISO 3166 country such as BR");
  }
  for (const char* const* country = uloc_getISOCountries(); *country != nullptr; ++country) {
    if (region == *country) return;
  }
  AddViolation(out, path, Quoted(region) + " is not an ISO 3166 country such as BR or US");
}

void CheckChannel(std::string_view channel, const std::string& path, Violations& out) {
  const std::vector<std::string>& known = Channels();
  if (std::find(known.begin(), known.end(), channel) != known.end()) return;
  if (channel.empty()) return AddViolation(out, path, "is missing: a channel such as email");
  AddViolation(out, path,
               absl::StrCat(Quoted(channel), " is not a channel", DidYouMean(channel, known)));
}

void CheckUrl(std::string_view url, const std::string& path, Violations& out) {
  if (url.empty() || IsPlainUrl(url)) return;
  AddViolation(
      out, path,
      Quoted(url) + " is not an absolute http or https URL without user, query and fragment");
}

}  // namespace trama::config
