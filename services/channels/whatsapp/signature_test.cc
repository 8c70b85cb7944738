#include "services/channels/whatsapp/signature.h"

#include "gtest/gtest.h"

namespace trama::whatsapp {
namespace {

// Computed with openssl dgst -sha256 -hmac.
constexpr char kBody[] = R"({"object":"whatsapp_business_account","entry":[]})";

TEST(SignatureTest, EitherSecretOfARotationSigns) {
  const std::vector<std::string> secrets = {"now", "next"};
  EXPECT_EQ(FindSigner(ComputeSignature("now", kBody), kBody, secrets), 0);
  EXPECT_EQ(FindSigner(ComputeSignature("next", kBody), kBody, secrets), 1);
  EXPECT_EQ(FindSigner(ComputeSignature("before", kBody), kBody, secrets), -1);
}

TEST(SignatureTest, IsOverTheBytesAsTheyCame) {
  const std::string signature = ComputeSignature("s", "{\"a\":\"\\u00e4\"}");
  EXPECT_EQ(FindSigner(signature, "{\"a\":\"\\u00e4\"}", {"s"}), 0);
  EXPECT_EQ(FindSigner(signature, "{\"a\":\"\u00e4\"}", {"s"}), -1);
}

TEST(SignatureTest, WhatIsNoSignatureIsNone) {
  const std::string right = ComputeSignature("s", kBody);
  for (const std::string& header :
       {std::string(), std::string("sha256="), right.substr(7), right.substr(0, 70), right + "0",
        "sha1=" + right.substr(7), "SHA256=" + right.substr(7)}) {
    EXPECT_EQ(FindSigner(header, kBody, {"s"}), -1) << header;
  }
  EXPECT_EQ(FindSigner(right, kBody, {}), -1);
}

}  // namespace
}  // namespace trama::whatsapp
