#include "tools/cli/customer_who.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/ids.h"
#include "services/kernel/suggestion.h"

namespace trama::tramactl {
namespace {

using types::v1::Identifier;
using types::v1::IdentifierKind;

const std::vector<std::pair<std::string, IdentifierKind>>& KindNames() {
  static const auto& names = *new std::vector<std::pair<std::string, IdentifierKind>>{
      {"email", types::v1::IDENTIFIER_KIND_EMAIL},
      {"phone", types::v1::IDENTIFIER_KIND_PHONE},
      {"channel", types::v1::IDENTIFIER_KIND_CHANNEL},
      {"account", types::v1::IDENTIFIER_KIND_ACCOUNT},
      {"device", types::v1::IDENTIFIER_KIND_DEVICE},
      {"reference", types::v1::IDENTIFIER_KIND_REFERENCE},
      {"sms", types::v1::IDENTIFIER_KIND_SMS_SENDER}};
  return names;
}

Identifier Make(IdentifierKind kind, std::string value) {
  Identifier identifier;
  identifier.set_kind(kind);
  identifier.set_value(std::move(value));
  return identifier;
}

bool IsScoped(IdentifierKind kind) {
  return kind != types::v1::IDENTIFIER_KIND_EMAIL && kind != types::v1::IDENTIFIER_KIND_PHONE;
}

bool LooksLikePhone(const std::string& text) {
  return !text.empty() && (text[0] == '+' || absl::ascii_isdigit(text[0])) &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return absl::ascii_isdigit(letter) ||
                  absl::string_view("+()-. ").find(letter) != absl::string_view::npos;
         });
}

}  // namespace

absl::StatusOr<Identifier> ParseIdentifierText(const std::string& text) {
  const std::pair<std::string, std::string> split = absl::StrSplit(text, absl::MaxSplits(':', 1));
  if (text.find(':') != std::string::npos) {
    for (const auto& [name, kind] : KindNames()) {
      if (split.first != name) continue;
      if (!IsScoped(kind)) return Make(kind, split.second);
      const std::pair<std::string, std::string> scoped =
          absl::StrSplit(split.second, absl::MaxSplits(':', 1));
      if (split.second.find(':') == std::string::npos) return Make(kind, split.second);
      Identifier identifier = Make(kind, scoped.second);
      identifier.set_scope(scoped.first);
      return identifier;
    }
  }
  if (text.find('@') != std::string::npos) return Make(types::v1::IDENTIFIER_KIND_EMAIL, text);
  if (LooksLikePhone(text)) return Make(types::v1::IDENTIFIER_KIND_PHONE, text);
  std::vector<std::string> names;
  for (const auto& [name, kind] : KindNames()) names.push_back(name);
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text, "\" is no address, number or kind:value", DidYouMean(split.first, names)));
}

absl::StatusOr<Who> ParseWho(const std::string& text) {
  if (IsId(text)) return Who{.customer_id = text};
  absl::StatusOr<Identifier> identifier = ParseIdentifierText(text);
  if (!identifier.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(identifier.status().message()), ", and no customer id either"));
  }
  return Who{.identifier = *std::move(identifier)};
}

std::string IdentifierText(const Identifier& identifier) {
  std::string kind = "identifier";
  for (const auto& [name, number] : KindNames()) {
    if (number == identifier.kind()) kind = name;
  }
  if (!identifier.scope().empty()) absl::StrAppend(&kind, ":", identifier.scope());
  return absl::StrCat(kind, ":", identifier.value());
}

}  // namespace trama::tramactl
