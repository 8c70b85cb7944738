#include "services/channels/email/dkim.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::email {
namespace {

constexpr int kKeyBitsMin = 1024;
// In this order; those that the mail does not have are left out, but for the extra From.
constexpr const char* kSigned[] = {"From",     "To",           "Cc",           "Subject",
                                   "Date",     "Message-ID",   "In-Reply-To",  "References",
                                   "Reply-To", "MIME-Version", "Content-Type", "Auto-Submitted"};

struct Header {
  std::string name;
  std::string value;  // With its folds, without the last line break.
};

struct Mail {
  std::vector<Header> headers;
  std::string_view body;
};

absl::StatusOr<Mail> Split(std::string_view message) {
  Mail mail;
  const size_t end = message.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return absl::InvalidArgumentError("the mail has no empty line after its headers");
  }
  mail.body = message.substr(end + 4);
  std::string_view rest = message.substr(0, end + 2);
  while (!rest.empty()) {
    size_t line_end = rest.find("\r\n");
    while (line_end + 2 < rest.size() &&
           (rest[line_end + 2] == ' ' || rest[line_end + 2] == '\t')) {
      line_end = rest.find("\r\n", line_end + 2);
    }
    const std::string_view line = rest.substr(0, line_end);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return absl::InvalidArgumentError("the mail has a header line without a colon");
    }
    mail.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
    rest.remove_prefix(line_end + 2);
  }
  return mail;
}

absl::StatusOr<std::string> RsaSha256(EVP_PKEY* key, std::string_view data) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  std::string signature(static_cast<size_t>(EVP_PKEY_size(key)), '\0');
  size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(data.data()), data.size()) != 1) {
    return absl::InternalError("the DKIM key did not sign");
  }
  signature.resize(size);
  return signature;
}

// "b=" in lines of at most 76, folded with a tab.
std::string Folded(std::string_view text) {
  std::string folded;
  for (size_t at = 0; at < text.size(); at += 72) {
    absl::StrAppend(&folded, at == 0 ? "" : "\r\n\t", ToAbsl(text.substr(at, 72)));
  }
  return folded;
}

}  // namespace

std::string RelaxedHeader(std::string_view name, std::string_view value) {
  std::string unfolded;
  bool space = false;
  for (const char c : value) {
    if (c == '\r' || c == '\n') continue;
    if (c == ' ' || c == '\t') {
      space = true;
      continue;
    }
    if (space && !unfolded.empty()) unfolded += ' ';
    space = false;
    unfolded += c;
  }
  const absl::string_view bare = absl::StripAsciiWhitespace(ToAbsl(name));
  return absl::StrCat(absl::AsciiStrToLower(bare), ":", unfolded);
}

std::string RelaxedBody(std::string_view body) {
  std::string canonical;
  size_t empty_lines = 0;
  while (!body.empty()) {
    const size_t end = body.find("\r\n");
    std::string line;
    bool space = false;
    for (const char c : body.substr(0, end)) {
      if (c == ' ' || c == '\t') {
        space = true;
        continue;
      }
      if (space) line += ' ';
      space = false;
      line += c;
    }
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 2);
    if (line.empty()) {
      ++empty_lines;
      continue;
    }
    for (; empty_lines > 0; --empty_lines) canonical += "\r\n";
    absl::StrAppend(&canonical, line, "\r\n");
  }
  return canonical;
}

absl::StatusOr<DkimSigner> DkimSigner::Create(std::string domain, std::string selector,
                                              std::string_view private_key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(private_key.data(), static_cast<int>(private_key.size())), &BIO_free);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr);
  if (key == nullptr) return absl::InvalidArgumentError("the DKIM key is not a PEM private key");
  std::shared_ptr<void> owned(key, [](void* gone) { EVP_PKEY_free(static_cast<EVP_PKEY*>(gone)); });
  if (EVP_PKEY_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_bits(key) < kKeyBitsMin) {
    return absl::InvalidArgumentError(
        absl::StrCat("the DKIM key must be an RSA key of at least ", kKeyBitsMin, " bits"));
  }
  return DkimSigner(std::move(domain), std::move(selector), std::move(owned));
}

absl::StatusOr<std::string> DkimSigner::Sign(std::string_view message, absl::Time now) const {
  const absl::StatusOr<Mail> mail = Split(message);
  if (!mail.ok()) return mail.status();

  std::string names, signed_headers;
  for (const char* wanted : kSigned) {
    // From the last to the first, as RFC 6376, 5.4.2 counts repeated headers.
    for (auto header = mail->headers.rbegin(); header != mail->headers.rend(); ++header) {
      if (!absl::EqualsIgnoreCase(header->name, wanted)) continue;
      absl::StrAppend(&names, names.empty() ? "" : ":", wanted);
      absl::StrAppend(&signed_headers, RelaxedHeader(header->name, header->value), "\r\n");
    }
  }
  absl::StrAppend(&names, ":From");

  const std::string value =
      absl::StrCat(" v=1; a=rsa-sha256; c=relaxed/relaxed; d=", domain_, "; s=", selector_,
                   ";\r\n\tt=", absl::ToUnixSeconds(now), "; h=", names,
                   ";\r\n\tbh=", absl::Base64Escape(Sha256(RelaxedBody(mail->body))), ";\r\n\tb=");
  absl::StrAppend(&signed_headers, RelaxedHeader("DKIM-Signature", value));
  absl::StatusOr<std::string> signature =
      RsaSha256(static_cast<EVP_PKEY*>(key_.get()), signed_headers);
  if (!signature.ok()) return signature.status();
  return absl::StrCat("DKIM-Signature:", value, Folded(absl::Base64Escape(*signature)), "\r\n");
}

}  // namespace trama::email
