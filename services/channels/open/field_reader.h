#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace trama::open_channel {

// Why an event is not taken.
struct Refusal {
  std::string field;   // "events[2].message.text"
  std::string reason;  // Goes on after the field: "is missing". Quotes nothing of the event.

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Reads the fields of one JSON object. The first mistake is kept in `refusal`; reading goes on with
// empty values, so that callers need not ask after each field. Null is the same as absent.
class FieldReader {
 public:
  using Json = nlohmann::ordered_json;

  // `object` may be anything; what is no object is a mistake.
  FieldReader(const Json& object, std::string path, std::optional<Refusal>& refusal);

  bool Has(const char* name) const { return Find(name) != nullptr; }

  // Text of at most `bytes_max` bytes, empty when absent.
  std::string Text(const char* name, size_t bytes_max) const;
  // A name of the integrator's, see IsExternalId.
  std::string Id(const char* name) const;
  std::string RequiredId(const char* name) const;
  bool Flag(const char* name) const;
  // Not negative; 0 when absent.
  int64_t Count(const char* name) const;
  // RFC 3339; the past and what clocks differ by. Must be there.
  absl::Time Moment(const char* name, absl::Time now) const;
  FieldReader Object(const char* name) const;
  // The elements of an array; a mistake when it is none or longer than `count_max`.
  const Json& Array(const char* name, size_t count_max) const;

  // "<path>.<name>"
  std::string PathOf(const char* name) const;
  void Refuse(const char* name, std::string reason) const;

 private:
  const Json* Find(const char* name) const;

  const Json& object_;
  const std::string path_;
  std::optional<Refusal>& refusal_;
};

}  // namespace trama::open_channel
