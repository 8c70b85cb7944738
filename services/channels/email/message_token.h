#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trama::email {

// What a mail of ours has to tell when an answer or a bounce comes back, so that its owner is found
// without any store.
struct OutgoingIds {
  std::string message_id;       // Of the outbound message (a UUID).
  std::string conversation_id;  // A UUID.
  int32_t partition = 0;        // The workspace's partition number.

  friend bool operator==(const OutgoingIds&, const OutgoingIds&) = default;
};

inline constexpr int32_t kTokenPartitionMax = 1023;
inline constexpr size_t kTokenBytes = 63;  // A local part may have 64 (RFC 5321, 4.5.3.1.1).

// A token that only we can have made: letter, both ids, the number and 40 bits of an HMAC over them
// and `scope` ("workspace/account"), in lower-case base32, because some servers change the case of
// local parts.
//
//   'm' in the Message-ID   <m…@firm.example>
//   'b' in the return path  b…@firm.example   (VERP)
std::string MakeToken(char letter, std::string_view secret, std::string_view scope,
                      const OutgoingIds& ids);

// None when it is not one of ours, or was made for another scope.
std::optional<OutgoingIds> ReadToken(char letter, std::string_view secret, std::string_view scope,
                                     std::string_view token);

// The local part of "<local@domain>" or "local@domain"; empty when there is none.
std::string_view LocalPart(std::string_view address);

}  // namespace trama::email
