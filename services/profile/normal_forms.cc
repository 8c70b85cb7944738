#include "services/profile/normal_forms.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"

namespace trama::profile {
namespace {

// Lengths keep apart what would read alike.
std::string KeyOf(std::string_view kind, std::string_view scope, std::string_view raw,
                  std::string_view default_region) {
  return absl::StrCat(kind.size(), ":", ToAbsl(kind), scope.size(), ":", ToAbsl(scope),
                      default_region.size(), ":", ToAbsl(default_region), ToAbsl(raw));
}

}  // namespace

absl::StatusOr<Identifier> NormalForms::Of(std::string_view kind, std::string_view scope,
                                           std::string_view raw, std::string_view default_region) {
  if (kind.size() + scope.size() + raw.size() + default_region.size() > kRawBytesMax) {
    return NormaliseIdentifier(kind, scope, raw, default_region);
  }
  std::string key = KeyOf(kind, scope, raw, default_region);
  {
    const std::lock_guard lock(mutex_);
    if (const Identifier* known = Find(key)) return *known;
  }
  absl::StatusOr<Identifier> identifier = NormaliseIdentifier(kind, scope, raw, default_region);
  if (!identifier.ok()) return identifier;
  const std::lock_guard lock(mutex_);
  Remember(std::move(key), *identifier);
  return identifier;
}

const Identifier* NormalForms::Find(const std::string& key) {
  if (const auto known = young_.find(key); known != young_.end()) return &known->second;
  const auto known = old_.find(key);
  if (known == old_.end()) return nullptr;
  Remember(key, known->second);
  return &young_.find(key)->second;
}

void NormalForms::Remember(std::string key, const Identifier& identifier) {
  // A copy: it may lie in what is about to be forgotten.
  Identifier kept = identifier;
  if (young_.size() >= kYoungMax) old_ = std::exchange(young_, Forms());
  young_.insert_or_assign(std::move(key), std::move(kept));
}

size_t NormalForms::size() const {
  const std::lock_guard lock(mutex_);
  return young_.size() + old_.size();
}

}  // namespace trama::profile
