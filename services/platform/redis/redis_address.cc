#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"
#include "services/platform/base/server_address.h"
#include "services/platform/http/url.h"
#include "services/platform/redis/redis_client.h"

namespace trama::platform {
namespace {

constexpr std::string_view kPlain = "redis://";
constexpr std::string_view kTls = "rediss://";
constexpr uint16_t kDefaultPort = 6379;

// "user:password", either may be empty.
absl::Status ReadCredentials(std::string_view text, RedisOptions& options) {
  const size_t colon = std::min(text.find(':'), text.size());
  const absl::StatusOr<std::string> user = PercentDecode(text.substr(0, colon));
  const absl::StatusOr<std::string> password =
      PercentDecode(text.substr(std::min(colon + 1, text.size())));
  if (!user.ok() || !password.ok()) {
    return absl::InvalidArgumentError(
        "the redis address has a user or password with a broken escape, write %25 for a '%'");
  }
  options.username = *user;
  options.password = *password;
  return absl::OkStatus();
}

absl::StatusOr<ServerAddress> ReadHost(std::string_view text) {
  if (text.empty()) return ParseServerAddress(text);
  const bool has_port = text.find(':') != std::string_view::npos &&
                        (text.front() != '[' || text.find("]:") != std::string_view::npos);
  return ParseServerAddress(has_port ? std::string(text)
                                     : absl::StrCat(ToAbsl(text), ":", kDefaultPort));
}

// "host:port,host:port"
absl::Status ReadHosts(std::string_view text, RedisOptions& options) {
  bool first = true;
  for (const absl::string_view each : absl::StrSplit(ToAbsl(text), ',')) {
    absl::StatusOr<ServerAddress> address = ReadHost(ToStd(each));
    if (!address.ok()) return address.status();
    if (first) {
      options.host = address->host;
      options.port = address->port;
    } else {
      options.others.push_back(*std::move(address));
    }
    first = false;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RedisOptions> ParseRedisAddress(std::string_view text) {
  RedisOptions options;
  const bool tls = absl::StartsWith(ToAbsl(text), ToAbsl(kTls));
  const bool url = tls || absl::StartsWith(ToAbsl(text), ToAbsl(kPlain));
  if (!url) {
    const absl::Status read = ReadHosts(text, options);
    if (!read.ok()) return read;
    return options;
  }
  if (tls) options.tls.emplace();
  std::string_view rest = text.substr(tls ? kTls.size() : kPlain.size());
  const size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    const absl::Status read = ReadCredentials(rest.substr(0, at), options);
    if (!read.ok()) return read;
    rest.remove_prefix(at + 1);
  }
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view database = rest.substr(std::min(slash + 1, rest.size()));
  if (!database.empty() &&
      (!absl::SimpleAtoi(ToAbsl(database), &options.database) || options.database < 0)) {
    return absl::InvalidArgumentError(absl::StrCat("the redis address has the database \"",
                                                   ToAbsl(database),
                                                   "\", which must be a number such as 0"));
  }
  const absl::Status read = ReadHosts(rest.substr(0, slash), options);
  if (!read.ok()) return read;
  return options;
}

}  // namespace trama::platform
