#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// UTF-8 helpers that several channels need.
namespace trama {

// Is it well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF)?
bool IsUtf8(std::string_view text);

// The text with every ill-formed sequence replaced by U+FFFD, one for each maximal part (Unicode
// 15, 3.9). What Protobuf's string fields and JSON need.
std::string CleanUtf8(std::string_view text);

// The longest beginning of at most `bytes_max` bytes that does not cut a code point in two.
// Ill-formed text is cut somewhere near.
std::string_view TruncateUtf8(std::string_view text, size_t bytes_max);

// How many code points well-formed text has; ill-formed sequences count once each.
size_t CountCodePoints(std::string_view text);

// Lower case by Unicode's rules without a language, in normal form C. Unlike FoldForMatch it keeps
// what differs only in more than case apart (straße, strasse).
std::string LowerUtf8(std::string_view text);

// For "does this text contain that": compatibility case folding (NFKC_Casefold), combining accents
// removed, runs of white space made one space, none at the ends. "Reclamação  URGENTE" and
// "reclamacao urgente" fold to the same.
std::string FoldForMatch(std::string_view text);

// Does `text` contain `wanted` after folding both? An empty `wanted` is contained in nothing.
bool ContainsFolded(std::string_view text, std::string_view wanted);

}  // namespace trama
