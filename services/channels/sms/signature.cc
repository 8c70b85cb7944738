#include "services/channels/sms/signature.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::sms {

namespace {

constexpr absl::string_view kBodyDigest = "bodySHA256";

// "https://" + "host" + ":8443" + "/path?query"
struct UrlParts {
  std::string_view scheme;
  std::string_view host;
  std::string_view port;  // With its colon; empty when there is none.
  std::string_view rest;
};

UrlParts SplitUrl(std::string_view url) {
  UrlParts parts;
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return {{}, {}, {}, url};
  parts.scheme = url.substr(0, scheme_end + 3);
  const std::string_view after = url.substr(scheme_end + 3);
  const size_t authority_end = after.find_first_of("/?#");
  const std::string_view authority = after.substr(0, authority_end);
  parts.rest = after.substr(authority.size());
  // Only a colon after the closing bracket of an IPv6 literal starts the port.
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  parts.host = authority.substr(0, colon);
  if (colon != std::string_view::npos) parts.port = authority.substr(colon);
  return parts;
}

// The value of bodySHA256 in the URL's query; empty when there is none. Hex digits need no
// decoding.
std::string_view BodyDigestOf(std::string_view url) {
  const size_t query = url.find('?');
  if (query == std::string_view::npos) return {};
  for (absl::string_view field : absl::StrSplit(ToAbsl(url.substr(query + 1)), '&')) {
    if (absl::ConsumePrefix(&field, kBodyDigest) && absl::ConsumePrefix(&field, "=")) {
      return ToStd(field);
    }
  }
  return {};
}

// Which secrets may have signed.
std::vector<std::string_view> Candidates(const SigningSecrets& secrets,
                                         const SignatureSettings& settings) {
  std::vector<std::string_view> keys;
  if (!settings.key_id.empty()) {
    for (const auto& [id, key] : secrets.shared_keys) {
      if (id == settings.key_id) keys.push_back(key);
    }
  }
  if (keys.empty()) keys.assign(secrets.auth_tokens.begin(), secrets.auth_tokens.end());
  return keys;
}

// Each name and value in byte order of names, repeats once.
void AppendSignedFields(const Params& form, std::string& message) {
  std::vector<std::pair<std::string_view, std::string_view>> sorted(form.begin(), form.end());
  // The vendor sends them in order.
  if (!std::is_sorted(sorted.begin(), sorted.end())) std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  size_t bytes = message.size();
  for (const auto& [name, value] : sorted) bytes += name.size() + value.size();
  message.reserve(bytes);
  for (const auto& [name, value] : sorted) {
    message.append(name);
    message.append(value);
  }
}

std::string SignatureOf(SignatureAlgorithm algorithm, std::string_view key,
                        std::string_view message) {
  return absl::Base64Escape(algorithm == SignatureAlgorithm::kHmacSha256 ? HmacSha256(key, message)
                                                                         : HmacSha1(key, message));
}

}  // namespace

absl::Status ParseSignatureSettings(std::string_view header, SignatureSettings* settings) {
  if (header.empty()) return absl::OkStatus();
  for (absl::string_view part : absl::StrSplit(ToAbsl(header), ',', absl::SkipWhitespace())) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    const absl::string_view name = absl::StripAsciiWhitespace(field.first);
    const std::string value(absl::StripAsciiWhitespace(field.second));
    if (name == "key") {
      settings->key_id = value;
    } else if (name == "algorithm" && absl::EqualsIgnoreCase(value, "HMAC_SHA256")) {
      settings->algorithm = SignatureAlgorithm::kHmacSha256;
    } else if (name == "algorithm" && absl::EqualsIgnoreCase(value, "HMAC_SHA1")) {
      settings->algorithm = SignatureAlgorithm::kHmacSha1;
    } else if (name == "algorithm" && !value.empty()) {
      return absl::PermissionDeniedError("the signature algorithm is not known");
    }
  }
  return absl::OkStatus();
}

std::string WithoutPort(std::string_view url) {
  const UrlParts parts = SplitUrl(url);
  return absl::StrCat(ToAbsl(parts.scheme), ToAbsl(parts.host), ToAbsl(parts.rest));
}

std::string WithPort(std::string_view url) {
  const UrlParts parts = SplitUrl(url);
  if (!parts.port.empty() || parts.scheme.empty()) return std::string(url);
  const bool https = absl::EqualsIgnoreCase(ToAbsl(parts.scheme), "https://");
  return absl::StrCat(ToAbsl(parts.scheme), ToAbsl(parts.host), https ? ":443" : ":80",
                      ToAbsl(parts.rest));
}

std::string ComputeSignature(SignatureAlgorithm algorithm, std::string_view key,
                             std::string_view url, const Params& form) {
  std::string message(url);
  AppendSignedFields(form, message);
  return SignatureOf(algorithm, key, message);
}

absl::Status CheckSignature(const SignedRequest& request, const SigningSecrets& secrets) {
  if (request.signature.empty()) {
    return absl::PermissionDeniedError("header X-Twilio-Signature is missing");
  }
  SignatureSettings settings;
  if (absl::Status parsed = ParseSignatureSettings(request.signature_settings, &settings);
      !parsed.ok()) {
    return parsed;
  }
  if (!request.is_form && !request.body.empty()) {
    // The signature covers the URL only; the URL must then bind the body.
    const std::string wanted = absl::AsciiStrToLower(ToAbsl(BodyDigestOf(request.url)));
    if (!EqualInConstantTime(HexSha256(request.body), wanted)) {
      return absl::PermissionDeniedError("bodySHA256 in the query is not the body's digest");
    }
  }
  const std::vector<std::string_view> keys = Candidates(secrets, settings);
  for (const auto url_of : {&WithoutPort, &WithPort}) {
    std::string message = url_of(request.url);
    if (request.is_form) AppendSignedFields(request.form, message);
    for (const std::string_view key : keys) {
      // Only the right one ends early: the time must not tell which candidate came close.
      if (EqualInConstantTime(SignatureOf(settings.algorithm, key, message), request.signature)) {
        return absl::OkStatus();
      }
    }
  }
  return absl::PermissionDeniedError(
      "the signature does not match: is public_base_url the URL that the vendor was told, and is "
      "the auth token the present one?");
}

}  // namespace trama::sms
