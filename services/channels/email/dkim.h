#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trama::email {

// Signs mails with DKIM (RFC 6376): rsa-sha256, relaxed/relaxed. `From` is signed once more than it
// stands there, so that nobody can add a second one.
//
// Thread-safe.
class DkimSigner {
 public:
  // `private_key` is PEM. InvalidArgument when it is not an RSA key of at least 1024 bits
  // (RFC 8301, 3.2).
  static absl::StatusOr<DkimSigner> Create(std::string domain, std::string selector,
                                           std::string_view private_key);

  // The DKIM-Signature header, with its line break, to be put in front of `message` (CRLF lines).
  absl::StatusOr<std::string> Sign(std::string_view message, absl::Time now) const;

 private:
  DkimSigner(std::string domain, std::string selector, std::shared_ptr<void> key)
      : domain_(std::move(domain)), selector_(std::move(selector)), key_(std::move(key)) {}

  std::string domain_;
  std::string selector_;
  std::shared_ptr<void> key_;  // EVP_PKEY.
};

// The canonical forms of RFC 6376, 3.4.2 and 3.4.4; for tests.
std::string RelaxedHeader(std::string_view name, std::string_view value);
std::string RelaxedBody(std::string_view body);

}  // namespace trama::email
