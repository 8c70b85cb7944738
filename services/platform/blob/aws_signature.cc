#include "services/platform/blob/aws_signature.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/digest.h"
#include "services/platform/http/url.h"

namespace trama::platform {
namespace {

constexpr char kAlgorithm[] = "AWS4-HMAC-SHA256";
constexpr char kService[] = "s3";
constexpr char kEnd[] = "aws4_request";

struct Canonical {
  std::string request;
  std::string signed_headers;
};

Canonical CanonicalOf(const AwsRequest& request) {
  auto headers = request.headers;
  std::sort(headers.begin(), headers.end());
  std::vector<std::string> names;
  std::string lines;
  for (const auto& [name, value] : headers) {
    names.push_back(name);
    absl::StrAppend(&lines, name, ":", std::string(absl::StripAsciiWhitespace(value)), "\n");
  }
  Canonical canonical;
  canonical.signed_headers = absl::StrJoin(names, ";");
  canonical.request =
      absl::StrCat(request.method, "\n", request.path, "\n", AwsQuery(request.query), "\n", lines,
                   "\n", canonical.signed_headers, "\n", request.payload_sha256);
  return canonical;
}

}  // namespace

std::string AwsDate(absl::Time at) {
  return absl::FormatTime("%Y%m%dT%H%M%SZ", at, absl::UTCTimeZone());
}

std::string AwsQuery(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::string> fields;
  for (const auto& [name, value] : query) {
    fields.push_back(absl::StrCat(PercentEncode(name), "=", PercentEncode(value)));
  }
  std::sort(fields.begin(), fields.end());
  return absl::StrJoin(fields, "&");
}

std::string AwsAuthorization(const AwsKey& key, const AwsRequest& request, absl::Time at) {
  const std::string date = AwsDate(at);
  const std::string day = date.substr(0, date.find('T'));
  const std::string scope = absl::StrCat(day, "/", key.region, "/", kService, "/", kEnd);
  const Canonical canonical = CanonicalOf(request);
  const std::string to_sign =
      absl::StrCat(kAlgorithm, "\n", date, "\n", scope, "\n", HexSha256(canonical.request));
  std::string signing = absl::StrCat("AWS4", key.secret_key);
  for (const std::string& part : {day, key.region, std::string(kService), std::string(kEnd)}) {
    signing = HmacSha256(signing, part);
  }
  return absl::StrCat(kAlgorithm, " Credential=", key.access_key, "/", scope,
                      ",SignedHeaders=", canonical.signed_headers,
                      ",Signature=", absl::BytesToHexString(HmacSha256(signing, to_sign)));
}

}  // namespace trama::platform
