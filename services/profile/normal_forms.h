#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "services/kernel/identifier.h"

namespace trama::profile {

// NormaliseIdentifier with a memory: to read one telephone number takes libphonenumber as long as
// all the rest of a call, and those who work on a conversation ask for its customer again and
// again. Bounded: the young are as many as kYoungMax, then they are the old, and whoever was not
// asked for since the last such change is forgotten. Thread-safe.
class NormalForms {
 public:
  static constexpr size_t kYoungMax = 4096;
  static constexpr size_t kRawBytesMax = 128;  // Longer ones are read each time.

  absl::StatusOr<Identifier> Of(std::string_view kind, std::string_view scope, std::string_view raw,
                                std::string_view default_region);
  size_t size() const;

 private:
  using Forms = absl::flat_hash_map<std::string, Identifier>;

  const Identifier* Find(const std::string& key);
  void Remember(std::string key, const Identifier& identifier);

  mutable std::mutex mutex_;
  Forms young_;  // Guarded by mutex_,
  Forms old_;    // and so is this.
};

}  // namespace trama::profile
