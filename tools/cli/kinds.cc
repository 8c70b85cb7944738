#include "tools/cli/kinds.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "services/kernel/strings.h"
#include "services/kernel/suggestion.h"

namespace trama::tramactl {
namespace {

const google::protobuf::OneofDescriptor& SpecOneof() {
  return *config::v1::Resource::descriptor()->FindOneofByName("spec");
}

std::string KindOf(const google::protobuf::FieldDescriptor& field) {
  return std::string(absl::StripSuffix(field.message_type()->name(), "Spec"));
}

// Letters only, lower case.
std::string Plain(std::string_view text) {
  std::string plain;
  for (const char letter : text) {
    if (letter != '-' && letter != '_' && letter != ' ') plain += absl::ascii_tolower(letter);
  }
  return plain;
}

std::string PluralOf(const std::string& word) {
  if (absl::EndsWith(word, "y")) return word.substr(0, word.size() - 1) + "ies";
  return word + "s";
}

}  // namespace

std::vector<std::string> Kinds() {
  std::vector<std::string> kinds;
  for (int i = 0; i < SpecOneof().field_count(); ++i)
    kinds.push_back(KindOf(*SpecOneof().field(i)));
  std::sort(kinds.begin(), kinds.end());
  return kinds;
}

std::vector<std::string> KindWords() {
  std::vector<std::string> words;
  for (const std::string& kind : Kinds()) {
    std::string word;
    for (const char letter : kind) {
      if (absl::ascii_isupper(letter) && !word.empty()) word += '-';
      word += absl::ascii_tolower(letter);
    }
    words.push_back(PluralOf(word));
  }
  return words;
}

const google::protobuf::FieldDescriptor* SpecField(std::string_view kind) {
  for (int i = 0; i < SpecOneof().field_count(); ++i) {
    if (KindOf(*SpecOneof().field(i)) == kind) return SpecOneof().field(i);
  }
  return nullptr;
}

absl::StatusOr<std::string> ParseKind(std::string_view text) {
  const std::string wanted = Plain(text);
  std::vector<std::string> names;
  for (const std::string& kind : Kinds()) {
    const std::string plain = Plain(kind);
    if (wanted == plain || wanted == PluralOf(plain)) return kind;
    names.push_back(plain);
    names.push_back(PluralOf(plain));
  }
  // "accounts" is what everybody says.
  if (wanted == "account" || wanted == "accounts") return std::string("ChannelAccount");
  return absl::InvalidArgumentError(absl::StrCat("\"", ToAbsl(text), "\" is not a kind",
                                                 DidYouMean(wanted, names), "; there are ",
                                                 absl::StrJoin(Kinds(), ", ")));
}

const google::protobuf::Message* SpecOf(const config::v1::Resource& resource) {
  const google::protobuf::FieldDescriptor* field =
      resource.GetReflection()->GetOneofFieldDescriptor(resource, &SpecOneof());
  return field == nullptr ? nullptr : &resource.GetReflection()->GetMessage(resource, field);
}

}  // namespace trama::tramactl
