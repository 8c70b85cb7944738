#include "services/channels/open/signature.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::open_channel {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

// printf '%s' '1700000000.{"events":[]}' | openssl dgst -sha256 -hmac 'a secret of 24 letters..'
constexpr char kSecret[] = "a secret of 24 letters..";
constexpr char kBody[] = R"({"events":[]})";
constexpr char kTimestamp[] = "1700000000";
constexpr char kHex[] = "09c7ca09f97e2760b590ab77b85dae6d86f225a862e6a5073c39db040498e9bb";
const absl::Time kSigned = absl::FromUnixSeconds(1'700'000'000);

// The example of the Standard Webhooks specification and of its reference libraries.
constexpr char kStandardSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr char kStandardId[] = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr char kStandardTimestamp[] = "1614265330";
constexpr char kStandardBody[] = R"({"test": 2432232314})";
constexpr char kStandardSignature[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const absl::Time kStandardNow = absl::FromUnixSeconds(1'614'265'330);

absl::Status Check(std::string_view timestamp, const std::string& signature,
                   const std::vector<std::string>& secrets = {kSecret}, absl::Time now = kSigned) {
  SignatureHeaders headers;
  headers.timestamp = timestamp;
  headers.signature = signature;
  return CheckSignature(headers, kBody, secrets, now);
}

absl::Status CheckStandard(std::string_view signature, const std::vector<std::string>& secrets,
                           absl::Time now = kStandardNow) {
  SignatureHeaders headers;
  headers.webhook_id = kStandardId;
  headers.webhook_timestamp = kStandardTimestamp;
  headers.webhook_signature = signature;
  return CheckSignature(headers, kStandardBody, secrets, now);
}

TEST(SignatureTest, WhatOpensslSignsIsTaken) {
  EXPECT_TRUE(Check(kTimestamp, absl::StrCat("v1=", kHex)).ok());
  EXPECT_TRUE(Check(kTimestamp, absl::StrCat("V1=", absl::AsciiStrToUpper(kHex))).ok());
}

TEST(SignatureTest, OneOfSeveralIsEnough) {
  const std::string other(64, '0');
  EXPECT_TRUE(Check(kTimestamp, absl::StrCat("v1=", other, ",v1=", kHex)).ok());
  EXPECT_TRUE(Check(kTimestamp, absl::StrCat("v0=abc, v1=", kHex)).ok());
  EXPECT_FALSE(Check(kTimestamp, absl::StrCat("v1=", other)).ok());
}

TEST(SignatureTest, PresentAndNextSecretAreTaken) {
  EXPECT_TRUE(Check(kTimestamp, absl::StrCat("v1=", kHex), {"the next secret", kSecret}).ok());
  EXPECT_TRUE(Check(kTimestamp, absl::StrCat("v1=", kHex), {kSecret, "the next secret"}).ok());
  EXPECT_FALSE(Check(kTimestamp, absl::StrCat("v1=", kHex), {"another secret"}).ok());
}

TEST(SignatureTest, WhatIsMissingOrCutIsRefused) {
  for (const std::string& signature :
       {std::string(), std::string("v1="), std::string(kHex), absl::StrCat("sha256=", kHex),
        absl::StrCat("v1=", std::string(kHex).substr(0, 63)), absl::StrCat("v1=", kHex, "0")}) {
    EXPECT_EQ(Check(kTimestamp, signature).code(), absl::StatusCode::kPermissionDenied)
        << signature;
  }
}

TEST(SignatureTest, TimestampIsPartOfWhatIsSigned) {
  EXPECT_FALSE(Check("1700000001", absl::StrCat("v1=", kHex)).ok());
  for (const char* timestamp : {"", "now", "1700000000.5", "99999999999999999999"}) {
    EXPECT_EQ(Check(timestamp, absl::StrCat("v1=", kHex)).code(),
              absl::StatusCode::kPermissionDenied)
        << timestamp;
  }
}

TEST(SignatureTest, RequestIsTakenForFiveMinutesOnly) {
  const std::string signature = absl::StrCat("v1=", kHex);
  EXPECT_TRUE(Check(kTimestamp, signature, {kSecret}, kSigned + kClockSkewMax).ok());
  EXPECT_TRUE(Check(kTimestamp, signature, {kSecret}, kSigned - kClockSkewMax).ok());
  EXPECT_FALSE(
      Check(kTimestamp, signature, {kSecret}, kSigned + kClockSkewMax + absl::Seconds(1)).ok());
  EXPECT_FALSE(
      Check(kTimestamp, signature, {kSecret}, kSigned - kClockSkewMax - absl::Seconds(1)).ok());
}

TEST(SignatureTest, BodyIsSignedAsItWasSent) {
  SignatureHeaders headers;
  headers.timestamp = kTimestamp;
  const std::string signature = absl::StrCat("v1=", kHex);
  headers.signature = signature;
  EXPECT_FALSE(CheckSignature(headers, R"({"events": []})", {kSecret}, kSigned).ok());
}

TEST(SignatureTest, SignaturesAreBounded) {
  std::string many;
  for (size_t i = 0; i < kSignaturesMax; ++i) absl::StrAppend(&many, "v1=00,");
  EXPECT_FALSE(Check(kTimestamp, absl::StrCat(many, "v1=", kHex)).ok());
}

TEST(StandardWebhooksTest, ExampleOfTheSpecificationIsTaken) {
  EXPECT_TRUE(CheckStandard(kStandardSignature, {kStandardSecret}).ok());
  EXPECT_TRUE(CheckStandard(absl::StrCat("v1,AAAA v1a,x ", kStandardSignature),
                            {"no base64 at all!", kStandardSecret})
                  .ok());
  EXPECT_FALSE(CheckStandard("v1,AAAA", {kStandardSecret}).ok());
  EXPECT_FALSE(CheckStandard(kStandardSignature, {"no base64 at all!"}).ok());
  EXPECT_FALSE(
      CheckStandard(kStandardSignature, {kStandardSecret}, kStandardNow + absl::Hours(1)).ok());
}

TEST(SignRequestTest, SignsInBothWays) {
  EXPECT_THAT(SignRequest(kStandardId, kStandardBody, {kStandardSecret}, kStandardNow),
              Contains(Pair("webhook-signature", kStandardSignature)));
  const auto headers = SignRequest("id", kBody, {kSecret}, kSigned);
  EXPECT_THAT(headers, Contains(Pair("X-Trama-Timestamp", kTimestamp)));
  EXPECT_THAT(headers, Contains(Pair("X-Trama-Signature", absl::StrCat("v1=", kHex))));
  // Dots are no base64.
  EXPECT_THAT(headers, Not(Contains(Key("webhook-signature"))));
}

TEST(SignRequestTest, SignsWithThePresentAndTheNextSecret) {
  const auto headers = SignRequest("id", kBody, {"0123456789abcdef", kSecret}, kSigned);
  for (const char* known : {"0123456789abcdef", kSecret}) {
    SignatureHeaders received;
    received.timestamp = headers[0].second;
    received.signature = headers[1].second;
    EXPECT_TRUE(CheckSignature(received, kBody, {known}, kSigned).ok()) << known;
  }
}

}  // namespace
}  // namespace trama::open_channel
