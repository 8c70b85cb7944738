#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/config/hosts.h"
#include "services/config/spec_checks.h"
#include "services/kernel/email_address.h"
#include "services/kernel/phone.h"
#include "services/kernel/strings.h"

namespace trama::config {
namespace {

constexpr absl::Duration kAmbiguityWaitMin = absl::Milliseconds(100);
constexpr absl::Duration kAmbiguityWaitMax = absl::Hours(1);
constexpr size_t kFromNameMaxCharacters = 128;

void CheckAddress(const std::string& address, const std::string& path, Violations& out) {
  const absl::StatusOr<EmailAddress> parsed = EmailAddress::Parse(address);
  if (!parsed.ok()) {
    AddViolation(out, path, absl::StrCat("\"", address, "\" is not an e-mail address"));
  }
}

bool IsThisHost(const std::string& host) {
  return host == "localhost" || host == "::1" || absl::StartsWith(host, "127.");
}

void CheckSmtp(const v1::EmailAccount& email, const std::string& path, Violations& out) {
  std::string host;
  const std::string server = Below(path, "smtp_server");
  if (email.smtp_server().empty()) {
    AddViolation(out, server, "is missing: host:port of the relay that takes our mail");
  } else if (!SplitHostPort(email.smtp_server(), &host)) {
    AddViolation(out, server,
                 absl::StrCat("\"", email.smtp_server(),
                              "\" is not host:port, for example "
                              "smtp.firm.example:587"));
  }
  const std::string tls = Below(path, "smtp_tls");
  if (email.smtp_tls() == v1::EmailAccount::TLS_UNSPECIFIED) {
    AddViolation(out, tls, "is missing: STARTTLS, IMPLICIT, or NONE for a relay on this host");
  } else if (email.smtp_tls() == v1::EmailAccount::NONE && !host.empty() && !IsThisHost(host)) {
    AddViolation(out, tls,
                 "NONE is only for a relay on the same host (127.0.0.1, ::1, localhost); take "
                 "STARTTLS or IMPLICIT");
  }
  CheckSecret(email.smtp_password(), /*required=*/!email.smtp_user().empty(),
              Below(path, "smtp_password"), out);
  if (email.smtp_user().empty() && !email.smtp_password().empty()) {
    AddViolation(out, Below(path, "smtp_user"), "is missing: smtp_password is somebody's");
  }
}

void CheckDkim(const v1::DkimKey& dkim, const std::string& path, Violations& out) {
  if (!IsHost(dkim.domain()) || dkim.domain().find('.') == std::string::npos) {
    AddViolation(out, Below(path, "domain"),
                 absl::StrCat("\"", dkim.domain(), "\" is not a domain such as firm.example"));
  }
  if (!IsHost(dkim.selector())) {
    AddViolation(out, Below(path, "selector"),
                 absl::StrCat("\"", dkim.selector(), "\" is not a selector such as s2026"));
  }
  CheckSecret(dkim.private_key(), /*required=*/true, Below(path, "private_key"), out);
}

void CheckEmail(const v1::EmailAccount& email, const std::string& path, Violations& out) {
  CheckAddress(email.address(), Below(path, "address"), out);
  for (int i = 0; i < email.aliases_size(); ++i) {
    CheckAddress(email.aliases(i), Item(Below(path, "aliases"), i), out);
  }
  if (email.from_name().size() > 4 * kFromNameMaxCharacters) {
    AddViolation(out, Below(path, "from_name"), "is longer than 128 characters");
  }
  CheckSmtp(email, path, out);
  if (email.has_dkim()) CheckDkim(email.dkim(), Below(path, "dkim"), out);
  CheckSecret(email.token_secret(), /*required=*/true, Below(path, "token_secret"), out);
}

// A Twilio SID: two letters that say of what, and 32 hexadecimal digits.
bool IsSid(std::string_view sid, std::string_view prefix) {
  constexpr size_t kDigits = 32;
  return sid.size() == prefix.size() + kDigits && sid.substr(0, prefix.size()) == prefix &&
         std::all_of(sid.begin() + static_cast<ptrdiff_t>(prefix.size()), sid.end(),
                     [](char digit) { return absl::ascii_isxdigit(digit); });
}

void CheckKeys(const v1::SmsAccount& sms, const std::string& path, Violations& out) {
  if (sms.auth_tokens().empty()) {
    AddViolation(out, Below(path, "auth_tokens"),
                 "is missing: references to the account's auth tokens, the one for calls first");
  }
  for (int i = 0; i < sms.auth_tokens_size(); ++i) {
    CheckSecret(sms.auth_tokens(i), /*required=*/true, Item(Below(path, "auth_tokens"), i), out);
  }
  for (int i = 0; i < sms.shared_keys_size(); ++i) {
    const std::string at = Item(Below(path, "shared_keys"), i);
    if (sms.shared_keys(i).id().empty()) AddViolation(out, Below(at, "id"), "is missing");
    CheckSecret(sms.shared_keys(i).key(), /*required=*/true, Below(at, "key"), out);
  }
}

void CheckNumbers(const v1::SmsAccount& sms, const std::string& path, Violations& out) {
  if (sms.numbers().empty()) {
    AddViolation(out, path, "is missing: the account's numbers in E.164, such as +14155550123");
  }
  for (int i = 0; i < sms.numbers_size(); ++i) {
    const absl::StatusOr<PhoneNumber> number = ParsePhone(sms.numbers(i), "");
    if (number.ok() && number->e164 == sms.numbers(i)) continue;
    AddViolation(out, Item(path, i),
                 absl::StrCat("\"", sms.numbers(i),
                              "\" is not a number in E.164 form such as +14155550123"));
  }
}

void CheckMediaHosts(const google::protobuf::RepeatedPtrField<std::string>& hosts,
                     const std::string& path, Violations& out) {
  for (int i = 0; i < hosts.size(); ++i) {
    std::string host;
    if (IsHost(hosts[i]) || SplitHostPort(hosts[i], &host)) continue;
    AddViolation(out, Item(path, i), absl::StrCat("\"", hosts[i], "\" is not a host name"));
  }
}

void CheckSms(const v1::SmsAccount& sms, const std::string& path, Violations& out) {
  if (!IsSid(sms.account_sid(), "AC")) {
    AddViolation(out, Below(path, "account_sid"),
                 "must be the account's SID: AC and 32 hexadecimal digits");
  }
  CheckKeys(sms, path, out);
  CheckNumbers(sms, Below(path, "numbers"), out);
  if (!sms.messaging_service_sid().empty() && !IsSid(sms.messaging_service_sid(), "MG")) {
    AddViolation(out, Below(path, "messaging_service_sid"),
                 "must be the service's SID: MG and 32 hexadecimal digits");
  }
  if (sms.public_base_url().empty()) {
    AddViolation(out, Below(path, "public_base_url"),
                 "is missing: the URL under which the vendor reaches us; it is part of what he "
                 "signs");
  }
  CheckUrl(sms.public_base_url(), Below(path, "public_base_url"), out);
  CheckUrl(sms.api_base_url(), Below(path, "api_base_url"), out);
  CheckMediaHosts(sms.media_hosts(), Below(path, "media_hosts"), out);
  CheckDuration(sms.ambiguity_wait(), kAmbiguityWaitMin, kAmbiguityWaitMax,
                Below(path, "ambiguity_wait"), out);
}

// An id of Meta's: decimal digits.
void CheckMetaId(const std::string& id, std::string_view what, bool is_needed,
                 const std::string& path, Violations& out) {
  constexpr size_t kDigitsMax = 32;
  const bool is_id =
      !id.empty() && id.size() <= kDigitsMax &&
      std::all_of(id.begin(), id.end(), [](char c) { return absl::ascii_isdigit(c); });
  if (is_id || (id.empty() && !is_needed)) return;
  AddViolation(out, path,
               absl::StrCat(id.empty() ? "is missing: " : absl::StrCat("\"", id, "\" is not "),
                            "the digits by which the vendor names ", ToAbsl(what)));
}

void CheckApiVersion(const std::string& version, const std::string& path, Violations& out) {
  absl::string_view digits = version;
  if (version.empty()) return;
  const bool is_version =
      absl::ConsumePrefix(&digits, "v") && absl::ConsumeSuffix(&digits, ".0") && !digits.empty() &&
      digits.size() <= 3 &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return absl::ascii_isdigit(c); });
  if (!is_version) {
    AddViolation(out, path, absl::StrCat("\"", version, "\" is not a version such as v26.0"));
  }
}

void CheckWhatsApp(const v1::WhatsAppAccount& whatsapp, const std::string& path, Violations& out) {
  CheckMetaId(whatsapp.phone_number_id(), "the telephone number", /*is_needed=*/true,
              Below(path, "phone_number_id"), out);
  CheckMetaId(whatsapp.business_account_id(), "the business account", /*is_needed=*/true,
              Below(path, "business_account_id"), out);
  CheckMetaId(whatsapp.portfolio_id(), "the business portfolio", /*is_needed=*/false,
              Below(path, "portfolio_id"), out);
  if (whatsapp.app_secrets().empty()) {
    AddViolation(out, Below(path, "app_secrets"),
                 "is missing: references to the secrets of the app that signs the webhooks");
  }
  for (int i = 0; i < whatsapp.app_secrets_size(); ++i) {
    CheckSecret(whatsapp.app_secrets(i), /*required=*/true, Item(Below(path, "app_secrets"), i),
                out);
  }
  CheckSecret(whatsapp.verify_token(), /*required=*/true, Below(path, "verify_token"), out);
  CheckSecret(whatsapp.access_token(), /*required=*/true, Below(path, "access_token"), out);
  CheckUrl(whatsapp.api_base_url(), Below(path, "api_base_url"), out);
  CheckApiVersion(whatsapp.api_version(), Below(path, "api_version"), out);
  CheckMediaHosts(whatsapp.media_hosts(), Below(path, "media_hosts"), out);
  CheckDuration(whatsapp.ambiguity_wait(), kAmbiguityWaitMin, kAmbiguityWaitMax,
                Below(path, "ambiguity_wait"), out);
}

}  // namespace

void CheckChannelAccount(const v1::ChannelAccountSpec& spec, const std::string& path,
                         Violations& out) {
  CheckDisplayName(spec.display_name(), Below(path, "display_name"), out);
  CheckChannel(spec.channel(), Below(path, "channel"), out);
  if (spec.state() == v1::ChannelAccountSpec::STATE_UNSPECIFIED) {
    AddViolation(out, Below(path, "state"), "is missing: ON, DRAINING or OFF");
  }
  if (spec.settings_case() == v1::ChannelAccountSpec::SETTINGS_NOT_SET) {
    AddViolation(out, path,
                 absl::StrCat("has no settings: give ",
                              spec.channel().empty() ? "email, sms or whatsapp" : spec.channel()));
    return;
  }
  const std::string& given =
      v1::ChannelAccountSpec::descriptor()->FindFieldByNumber(spec.settings_case())->name();
  if (given != spec.channel()) {
    AddViolation(out, Below(path, given),
                 absl::StrCat("are settings of another channel than \"", spec.channel(), "\""));
  }
  if (spec.has_email()) CheckEmail(spec.email(), Below(path, "email"), out);
  if (spec.has_sms()) CheckSms(spec.sms(), Below(path, "sms"), out);
  if (spec.has_whatsapp()) CheckWhatsApp(spec.whatsapp(), Below(path, "whatsapp"), out);
  if (spec.has_open()) CheckOpenAccount(spec.open(), Below(path, "open"), out);
}

}  // namespace trama::config
