#include "services/platform/base/tokens.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

using Json = nlohmann::json;

constexpr size_t kSubjectBytesMax = 128;
constexpr std::array<std::string_view, 5> kRoles = {"agent", "supervisor", "admin", "integrator",
                                                    "service"};
constexpr std::array<std::string_view, 4> kFields = {"token_sha256", "subject", "workspace",
                                                     "roles"};

template <typename Words>
bool IsOneOf(std::string_view word, const Words& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

absl::Status Wrong(size_t entry, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("entry ", entry, ": ", what));
}

bool IsHexSha256(const std::string& text) {
  return text.size() == 2 * kSha256Bytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

absl::StatusOr<std::string> TextField(const Json& entry, size_t number, const char* name,
                                      bool needed) {
  const auto it = entry.find(name);
  if (it == entry.end()) {
    if (!needed) return std::string();
    return Wrong(number, absl::StrCat("field ", name, " is missing"));
  }
  if (!it->is_string()) return Wrong(number, absl::StrCat("field ", name, " must be text"));
  return it->get<std::string>();
}

absl::StatusOr<std::vector<std::string>> RolesField(const Json& entry, size_t number) {
  const auto it = entry.find("roles");
  if (it == entry.end() || !it->is_array() || it->empty()) {
    return Wrong(number, "field roles must be a list of at least one role");
  }
  std::vector<std::string> roles;
  for (const Json& role : *it) {
    if (!role.is_string() || !IsOneOf(role.get<std::string>(), kRoles)) {
      return Wrong(number,
                   absl::StrCat("role ", role.dump(-1, ' ', false, Json::error_handler_t::replace),
                                " is unknown; use agent, supervisor, admin, integrator or "
                                "service"));
    }
    roles.push_back(role.get<std::string>());
  }
  return roles;
}

struct TokenEntry {
  std::string digest;  // 32 raw bytes in hex.
  Caller caller;
};

absl::StatusOr<TokenEntry> ParseEntry(const Json& json, size_t number) {
  if (!json.is_object()) return Wrong(number, "must be an object");
  for (const auto& [name, value] : json.items()) {
    if (!IsOneOf(name, kFields)) {
      return Wrong(number, absl::StrCat("field \"", name, "\" is unknown; known are ",
                                        "token_sha256, subject, workspace and roles"));
    }
  }
  TokenEntry entry;
  absl::StatusOr<std::string> digest = TextField(json, number, "token_sha256", true);
  if (!digest.ok()) return digest.status();
  if (!IsHexSha256(*digest)) {
    return Wrong(number,
                 "field token_sha256 must be 64 lower-case hex digits, as sha256sum prints");
  }
  entry.digest = *std::move(digest);

  absl::StatusOr<std::string> subject = TextField(json, number, "subject", true);
  if (!subject.ok()) return subject.status();
  if (!IsSubject(*subject)) {
    return Wrong(number, "field subject must be 1 to 128 of a-z A-Z 0-9 . _ - @");
  }
  entry.caller.subject = *std::move(subject);

  absl::StatusOr<std::string> workspace = TextField(json, number, "workspace", false);
  if (!workspace.ok()) return workspace.status();
  if (!workspace->empty() && !IsSubject(*workspace)) {
    return Wrong(number, "field workspace must be 1 to 128 of a-z A-Z 0-9 . _ - @, or empty");
  }
  entry.caller.workspace = *std::move(workspace);

  absl::StatusOr<std::vector<std::string>> roles = RolesField(json, number);
  if (!roles.ok()) return roles.status();
  entry.caller.roles = *std::move(roles);
  if (entry.caller.HasRole("agent") && entry.caller.workspace.empty()) {
    return Wrong(number, "role agent needs a workspace, because agents belong to one");
  }
  return entry;
}

}  // namespace

// Ordered by digest; a digest says nothing about the token, so its comparison may end early.
struct TokenStore::Entries {
  std::map<std::string, Caller, std::less<>> by_digest;

  static absl::StatusOr<std::shared_ptr<const Entries>> Parse(std::string_view text) {
    const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded())
      return absl::InvalidArgumentError("is not JSON; write a list of entries");
    if (!json.is_array()) return absl::InvalidArgumentError("must be a JSON list of entries");
    if (json.size() > kTokensMax) {
      return absl::InvalidArgumentError(absl::StrCat("has ", json.size(), " entries but at most ",
                                                     kTokensMax, " are allowed; remove old ones"));
    }
    auto entries = std::make_shared<Entries>();
    size_t number = 0;
    for (const Json& item : json) {
      absl::StatusOr<TokenEntry> entry = ParseEntry(item, ++number);
      if (!entry.ok()) return entry.status();
      if (!entries->by_digest.try_emplace(entry->digest, entry->caller).second) {
        return Wrong(number, "token_sha256 stands twice; every subject needs its own token");
      }
    }
    return entries;
  }
};

TokenStore::TokenStore() : entries_(std::make_shared<Entries>()) {}
TokenStore::~TokenStore() = default;

absl::StatusOr<std::unique_ptr<TokenStore>> TokenStore::Parse(std::string_view json) {
  absl::StatusOr<std::shared_ptr<const Entries>> entries = Entries::Parse(json);
  if (!entries.ok()) return entries.status();
  auto store = std::make_unique<TokenStore>();
  store->entries_ = *std::move(entries);
  return store;
}

absl::StatusOr<std::unique_ptr<TokenStore>> TokenStore::Open(const std::string& path) {
  auto store = std::make_unique<TokenStore>();
  store->file_ = WatchedFile(path, kTokensFileBytesMax);
  if (absl::Status read = store->ReloadIfChanged(); !read.ok()) return read;
  return store;
}

absl::Status TokenStore::ReloadIfChanged() {
  const std::lock_guard reloading(reload_mutex_);
  absl::StatusOr<std::optional<std::string>> content = file_.ReadIfChanged();
  if (!content.ok()) return content.status();
  if (!content->has_value()) return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<const Entries>> entries = Entries::Parse(**content);
  if (!entries.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tokens file ", file_.path(), ": ", entries.status().message()));
  }
  const std::lock_guard lock(mutex_);
  entries_ = *std::move(entries);
  return absl::OkStatus();
}

std::optional<Caller> TokenStore::Find(std::string_view bearer) const {
  if (bearer.empty() || bearer.size() > kTokenBytesMax) return std::nullopt;
  std::shared_ptr<const Entries> entries;
  {
    const std::lock_guard lock(mutex_);
    entries = entries_;
  }
  const auto it = entries->by_digest.find(TokenSha256(bearer));
  if (it == entries->by_digest.end()) return std::nullopt;
  return it->second;
}

size_t TokenStore::size() const {
  const std::lock_guard lock(mutex_);
  return entries_->by_digest.size();
}

absl::StatusOr<std::unique_ptr<ServiceToken>> ServiceToken::Open(const std::string& path) {
  auto token = std::make_unique<ServiceToken>();
  token->file_ = WatchedFile(path, kTokenBytesMax);
  if (absl::Status read = token->ReloadIfChanged(); !read.ok()) return read;
  return token;
}

absl::Status ServiceToken::ReloadIfChanged() {
  const std::lock_guard reloading(reload_mutex_);
  absl::StatusOr<std::optional<std::string>> content = file_.ReadIfChanged();
  if (!content.ok()) return content.status();
  if (!content->has_value()) return absl::OkStatus();
  const std::string token(absl::StripAsciiWhitespace(**content));
  const bool printable = std::all_of(token.begin(), token.end(),
                                     [](unsigned char c) { return absl::ascii_isgraph(c); });
  if (token.empty() || !printable) {
    return absl::InvalidArgumentError(
        absl::StrCat("token file ", file_.path(), " must hold one line with one bearer token"));
  }
  const std::lock_guard lock(mutex_);
  token_ = token;
  return absl::OkStatus();
}

std::string ServiceToken::Get() const {
  const std::lock_guard lock(mutex_);
  return token_;
}

bool IsSubject(std::string_view name) {
  return !name.empty() && name.size() <= kSubjectBytesMax &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-' || c == '@';
         });
}

std::string TokenSha256(std::string_view token) { return HexSha256(token); }

}  // namespace trama::platform
