#include "services/channels/sms/signature.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/kernel/digest.h"

namespace trama::sms {
namespace {

const std::string kSid = "SM" + std::string(32, '0');

// The vector that the vendor's SDKs for node, Python and Java agree on.
SignedRequest Vector() {
  SignedRequest request;
  request.url = "https://x.test/twilio/sms?a=b";
  request.is_form = true;
  request.form = {{"From", "+14155550100"}, {"Body", "hé +&= "}, {"MessageSid", kSid}};
  request.body = "not used for forms";
  request.signature = "i+tN95tNXbMXx/Yvf8tR1KNQ0Ns=";
  return request;
}

const SigningSecrets kSecrets{.auth_tokens = {"tok"}};

TEST(SignatureTest, VendorsVectorIsComputed) {
  const SignedRequest request = Vector();
  EXPECT_EQ(ComputeSignature(SignatureAlgorithm::kHmacSha1, "tok", request.url, request.form),
            "i+tN95tNXbMXx/Yvf8tR1KNQ0Ns=");
  EXPECT_TRUE(CheckSignature(request, kSecrets).ok());
}

TEST(SignatureTest, EveryChangedByteIsNoticed) {
  SignedRequest request = Vector();
  request.form[1].second = "hé +&=";
  EXPECT_EQ(CheckSignature(request, kSecrets).code(), absl::StatusCode::kPermissionDenied);

  request = Vector();
  request.url = "https://x.test/twilio/sms?a=c";
  EXPECT_FALSE(CheckSignature(request, kSecrets).ok());

  request = Vector();
  request.form.emplace_back("New", "1");
  EXPECT_FALSE(CheckSignature(request, kSecrets).ok());

  EXPECT_FALSE(CheckSignature(Vector(), {.auth_tokens = {"other"}}).ok());
}

TEST(SignatureTest, MissingEmptyAndMisshapenSignaturesAreRefused) {
  for (const char* signature : {"", "x", "i+tN95tNXbMXx/Yvf8tR1KNQ0Ns", "====", "\xff"}) {
    SignedRequest request = Vector();
    request.signature = signature;
    EXPECT_EQ(CheckSignature(request, kSecrets).code(), absl::StatusCode::kPermissionDenied);
  }
}

TEST(SignatureTest, NobodySignsWhenNoSecretIsConfigured) {
  SignedRequest request = Vector();
  const std::string by_empty_key =
      ComputeSignature(SignatureAlgorithm::kHmacSha1, "", request.url, request.form);
  request.signature = by_empty_key;
  EXPECT_FALSE(CheckSignature(request, {}).ok());
}

TEST(SignatureTest, BothTokensAreGoodDuringARotation) {
  EXPECT_TRUE(CheckSignature(Vector(), {.auth_tokens = {"next", "tok"}}).ok());
}

TEST(SignatureTest, RepeatedParametersCountOnceAndSorted) {
  const Params repeated = {{"A", "2"}, {"A", "1"}, {"A", "2"}, {"B", "3"}};
  EXPECT_EQ(ComputeSignature(SignatureAlgorithm::kHmacSha1, "k", "u", repeated),
            ComputeSignature(SignatureAlgorithm::kHmacSha1, "k", "uA1A2B3", {}));
}

TEST(SignatureTest, SharedKeyIsChosenByItsId) {
  SignedRequest request = Vector();
  const SigningSecrets secrets{.auth_tokens = {"tok"}, .shared_keys = {{"k1", "s1"}, {"k2", "s2"}}};
  const std::string by_k2 =
      ComputeSignature(SignatureAlgorithm::kHmacSha256, "s2", request.url, request.form);
  request.signature = by_k2;
  request.signature_settings = "key=k2,algorithm=HMAC_SHA256";
  EXPECT_TRUE(CheckSignature(request, secrets).ok());
  request.signature_settings = " key = k2 , algorithm = hmac_sha256 ";
  EXPECT_TRUE(CheckSignature(request, secrets).ok());
  request.signature_settings = "key=k1,algorithm=HMAC_SHA256";
  EXPECT_FALSE(CheckSignature(request, secrets).ok());
  request.signature_settings = "key=k2,algorithm=HMAC_SHA1";
  EXPECT_FALSE(CheckSignature(request, secrets).ok());
  request.signature_settings = "";
  EXPECT_FALSE(CheckSignature(request, secrets).ok());
}

TEST(SignatureTest, UnknownAlgorithmIsRefusedWhateverTheSignature) {
  SignedRequest request = Vector();
  request.signature_settings = "key=k1,algorithm=HMAC_MD5";
  EXPECT_EQ(CheckSignature(request, kSecrets).code(), absl::StatusCode::kPermissionDenied);
}

TEST(SignatureTest, SettingsWithoutAlgorithmMeanSha1) {
  SignedRequest request = Vector();
  request.signature_settings = "something=else";
  EXPECT_TRUE(CheckSignature(request, kSecrets).ok());
}

TEST(SignatureTest, UrlWithAndWithoutItsPortIsTheSame) {
  EXPECT_EQ(WithPort("https://x.test/p"), "https://x.test:443/p");
  EXPECT_EQ(WithPort("http://x.test?q=:1"), "http://x.test:80?q=:1");
  EXPECT_EQ(WithPort("https://x.test:8443/p"), "https://x.test:8443/p");
  EXPECT_EQ(WithoutPort("https://x.test:8443/p:1"), "https://x.test/p:1");
  EXPECT_EQ(WithoutPort("https://[::1]:8443/p"), "https://[::1]/p");
  EXPECT_EQ(WithPort("https://[::1]/p"), "https://[::1]:443/p");

  for (const char* signed_url :
       {"https://x.test/twilio/sms?a=b", "https://x.test:443/twilio/sms?a=b"}) {
    for (const char* told :
         {"https://x.test/twilio/sms?a=b", "https://x.test:443/twilio/sms?a=b"}) {
      SignedRequest request = Vector();
      const std::string signature =
          ComputeSignature(SignatureAlgorithm::kHmacSha1, "tok", signed_url, request.form);
      request.url = told;
      request.signature = signature;
      EXPECT_TRUE(CheckSignature(request, kSecrets).ok()) << signed_url << " told " << told;
    }
  }
}

TEST(SignatureTest, JsonBodyIsBoundByItsDigestInTheQuery) {
  const std::string body = R"({"EventType":"onMessageAdded"})";
  SignedRequest request;
  request.body = body;
  request.url = absl::StrCat("https://x.test/in?bodySHA256=", HexSha256(body));
  const std::string signature =
      ComputeSignature(SignatureAlgorithm::kHmacSha1, "tok", request.url, {});
  request.signature = signature;
  EXPECT_TRUE(CheckSignature(request, kSecrets).ok());

  request.body = R"({"EventType":"onMessageRemoved"})";
  EXPECT_FALSE(CheckSignature(request, kSecrets).ok());
}

TEST(SignatureTest, JsonBodyThatNothingBindsIsRefused) {
  SignedRequest request;
  request.body = "{}";
  request.url = "https://x.test/in";
  const std::string signature =
      ComputeSignature(SignatureAlgorithm::kHmacSha1, "tok", request.url, {});
  request.signature = signature;
  EXPECT_FALSE(CheckSignature(request, kSecrets).ok());
}

TEST(SignatureTest, GetIsSignedByItsUrlAlone) {
  SignedRequest request;
  request.url = "https://x.test/in?MessageSid=SM1&From=%2B14155550100";
  const std::string signature =
      ComputeSignature(SignatureAlgorithm::kHmacSha1, "tok", request.url, {});
  request.signature = signature;
  EXPECT_TRUE(CheckSignature(request, kSecrets).ok());
}

}  // namespace
}  // namespace trama::sms
