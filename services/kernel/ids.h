#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

// Ids that are computed and never drawn: a repeated cause gives the same id, and readers drop the
// repeat. All are UUIDs of version 8 (RFC 9562, 5.8) in lower-case text, 36 characters, with 122
// bits of the digest in them. They are contracts: a change of the rules below makes repeats of what
// happened before the change look new.
namespace trama {

inline constexpr size_t kIdBytes = 36;

// The id of what `cause` (usually an id) brought about; `label` tells its effects apart, for
// example DerivedId(interaction_id, "conversation").
std::string DerivedId(std::string_view cause, std::string_view label);

// The same for the n-th of several effects. DerivedId(c, 1) and DerivedId(c, "1") differ.
std::string DerivedId(std::string_view cause, int64_t ordinal);

// The id of something that several values name together, for example
// DerivedId({"sms", account, vendor_event_id, "message"}). {"ab", "c"} and {"a", "bc"} differ.
std::string DerivedId(std::initializer_list<std::string_view> parts);

// The same for values that belong to a person (an address, a phone number): nobody without `secret`
// (of the workspace, at least kIdSecretMinBytes long) can find the value by trying all of them.
// A shorter secret is a broken promise of the caller and ends the process.
std::string KeyedId(std::string_view secret, std::initializer_list<std::string_view> parts);

inline constexpr size_t kIdSecretMinBytes = 16;

// Joins so that different lists never give equal text: each part as "<length in bytes>:<part>".
std::string JoinParts(std::initializer_list<std::string_view> parts);

// Is it a UUID of any version in lower-case text, as made above?
bool IsId(std::string_view text);

}  // namespace trama
