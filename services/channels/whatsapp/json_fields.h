#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nlohmann/json.hpp"

// Reads JSON that somebody else has written: whatever has another type than expected counts as
// absent, so that a vendor's change of one field never costs the rest.
namespace trama::whatsapp {

// Keeps the order of the fields: what is cut out of a body looks as it did.
using Json = nlohmann::ordered_json;

// How deep a body may be nested; the library walks it recursively.
inline constexpr int kJsonDepthMax = 64;

// None when it is no JSON, nested deeper than kJsonDepthMax, or has an object of more than
// channels::kJsonKeysMax keys.
std::optional<Json> ParseJson(std::string_view text);

// The text of a string; of an integer its decimal digits, since the vendor writes ids and times
// both ways. Empty for everything else and for absence.
std::string TextOf(const Json& object, const char* name);
std::optional<int64_t> NumberOf(const Json& object, const char* name);
std::optional<double> DecimalOf(const Json& object, const char* name);
bool FlagOf(const Json& object, const char* name);

// The object or array of that name; an empty one when absent. The reference is good as long as
// `object`.
const Json& ObjectOf(const Json& object, const char* name);
const Json& ArrayOf(const Json& object, const char* name);

}  // namespace trama::whatsapp
