#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trama {

// Limits of RFC 5321, 4.5.3.1, in octets of the form that goes over the wire.
inline constexpr size_t kEmailLocalPartBytesMax = 64;
inline constexpr size_t kEmailDomainBytesMax = 255;
inline constexpr size_t kEmailAddressBytesMax = 254;

// One mailbox: an addr-spec of RFC 5321 / 5322, with UTF-8 as in RFC 6531. A value.
class EmailAddress {
 public:
  // Reads "local@domain" without angle brackets, display name or comments. Accepted beyond the RFC,
  // because mailboxes like that exist: dots anywhere in the local part, one dot after the domain,
  // '_' in the domain. InvalidArgument otherwise; its text never contains the address.
  static absl::StatusOr<EmailAddress> Parse(std::string_view addr_spec);

  // What stands before the '@', without quotes and escapes, in the case that was given.
  const std::string& local() const { return local_; }
  // Lower-case A-labels (IDNA: UTS #46, non-transitional), or an address literal "[192.0.2.1]".
  const std::string& domain() const { return domain_; }

  // To send to: the local part as given, in quotes where the RFC wants them.
  std::string Address() const;
  // To match by: Address() with the local part in lower case and normal form C.
  std::string Key() const;
  // Must the mail be sent with SMTPUTF8 (RFC 6531)?
  bool NeedsSmtpUtf8() const;

  // "help+c-7f3a@x.test" → {"help", "c-7f3a"}: split at the first '+' that is not the first
  // character. None when there is no such '+'.
  struct Plus {
    std::string base;
    std::string tag;
  };
  std::optional<Plus> SplitPlus() const;

  // Two addresses with equal keys *may* be one mailbox; only ever to suggest a merge to a human.
  // For gmail.com and googlemail.com dots and +tag are removed; for others it is Key().
  std::string SuggestedMergeKey() const;

  friend bool operator==(const EmailAddress&, const EmailAddress&) = default;

 private:
  std::string local_;
  std::string domain_;
};

// A domain name in lower-case A-labels, each label checked (1-63 of a-z 0-9 - _, no hyphen at its
// ends); one dot at the end is dropped. InvalidArgument otherwise.
absl::StatusOr<std::string> NormaliseDomain(std::string_view domain);

}  // namespace trama
