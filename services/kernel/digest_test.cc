#include "services/kernel/digest.h"

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace trama {
namespace {

TEST(DigestTest, Sha256OfTheStandardsExample) {
  EXPECT_EQ(HexSha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexSha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(DigestTest, HmacSha256OfRfc4231Case2) {
  EXPECT_EQ(absl::BytesToHexString(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(DigestTest, TheLastKeyIsKeptOnlyForItself) {
  const std::vector<std::string> keys = {"a", "a", "", "", "b", "a", std::string(100, 'a'), "b"};
  std::map<std::string, std::string> first;
  for (const std::string& key : keys) {
    // A thread of its own has kept nothing.
    std::string fresh;
    std::thread([&] { fresh = HmacSha1(key, "data"); }).join();
    EXPECT_EQ(HmacSha1(key, "data"), fresh) << key;
    EXPECT_EQ(first.try_emplace(key, fresh).first->second, fresh) << key;
  }
  EXPECT_EQ(first.size(), 4u);
}

TEST(DigestTest, HmacOfAnEmptyKeyIsDefined) {
  EXPECT_EQ(absl::BytesToHexString(HmacSha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(DigestTest, HmacSha1GivesTheSignatureThatTwiliosLibrariesCompute) {
  const std::string signed_text =
      "https://x.test/twilio/sms?a=b"
      "Body"
      "h\xC3\xA9 +&= "
      "From"
      "+14155550100"
      "MessageSid"
      "SM00000000000000000000000000000000";
  EXPECT_EQ(absl::Base64Escape(HmacSha1("tok", signed_text)), "i+tN95tNXbMXx/Yvf8tR1KNQ0Ns=");
}

TEST(DigestTest, EqualInConstantTimeComparesContentAndLength) {
  EXPECT_TRUE(EqualInConstantTime("token", "token"));
  EXPECT_TRUE(EqualInConstantTime("", {}));
  EXPECT_FALSE(EqualInConstantTime("token", "tokem"));
  EXPECT_FALSE(EqualInConstantTime("token", "toke"));
}

}  // namespace
}  // namespace trama
