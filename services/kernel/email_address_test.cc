#include "services/kernel/email_address.h"

#include <string>

#include "gtest/gtest.h"

namespace trama {
namespace {

EmailAddress Parsed(std::string_view text) {
  absl::StatusOr<EmailAddress> address = EmailAddress::Parse(text);
  EXPECT_TRUE(address.ok()) << text << ": " << address.status();
  return address.ok() ? *std::move(address) : EmailAddress();
}

struct WrittenAddress {
  const char* given;
  const char* address;
  const char* key;
};

class WrittenAddressTest : public ::testing::TestWithParam<WrittenAddress> {};

TEST_P(WrittenAddressTest, IsSentToAsGivenAndMatchedInLowerCase) {
  const EmailAddress address = Parsed(GetParam().given);
  EXPECT_EQ(address.Address(), GetParam().address);
  EXPECT_EQ(address.Key(), GetParam().key);
  EXPECT_EQ(Parsed(address.Address()), address);
}

INSTANTIATE_TEST_SUITE_P(
    EmailAddress, WrittenAddressTest,
    ::testing::Values(
        WrittenAddress{"Ana.Souza@X.Test", "Ana.Souza@x.test", "ana.souza@x.test"},
        WrittenAddress{" ana@x.test\r\n", "ana@x.test", "ana@x.test"},
        WrittenAddress{"ana+news@x.test", "ana+news@x.test", "ana+news@x.test"},
        WrittenAddress{"!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*+-/=?^_`{|}~@x.test",
                       "!#$%&'*+-/=?^_`{|}~@x.test"},
        WrittenAddress{"\"Ana\"@x.test", "Ana@x.test", "ana@x.test"},
        WrittenAddress{"\"Ana B\"@x.test", "\"Ana B\"@x.test", "\"ana b\"@x.test"},
        WrittenAddress{"\"a@b\\\"\\\\\"@x.test", "\"a@b\\\"\\\\\"@x.test",
                       "\"a@b\\\"\\\\\"@x.test"},
        // Mailboxes that a large operator once gave out.
        WrittenAddress{"foo..bar.@x.test", "\"foo..bar.\"@x.test", "\"foo..bar.\"@x.test"},
        WrittenAddress{"jo\xC3\xA3o@x.test", "jo\xC3\xA3o@x.test", "jo\xC3\xA3o@x.test"},
        WrittenAddress{"JO\xC3\x83O@x.test", "JO\xC3\x83O@x.test", "jo\xC3\xA3o@x.test"},
        WrittenAddress{"ana@x.test.", "ana@x.test", "ana@x.test"},
        WrittenAddress{"ana@localhost", "ana@localhost", "ana@localhost"},
        WrittenAddress{"ana@a_b.test", "ana@a_b.test", "ana@a_b.test"},
        WrittenAddress{"ana@[192.0.2.1]", "ana@[192.0.2.1]", "ana@[192.0.2.1]"},
        WrittenAddress{"ana@[IPv6:2001:DB8::1]", "ana@[ipv6:2001:db8::1]",
                       "ana@[ipv6:2001:db8::1]"}));

struct Domain {
  const char* given;
  const char* a_labels;
};

class DomainTest : public ::testing::TestWithParam<Domain> {};

TEST_P(DomainTest, BecomesLowerCaseALabels) {
  const absl::StatusOr<std::string> domain = NormaliseDomain(GetParam().given);
  ASSERT_TRUE(domain.ok()) << domain.status();
  EXPECT_EQ(*domain, GetParam().a_labels);
}

INSTANTIATE_TEST_SUITE_P(
    EmailAddress, DomainTest,
    ::testing::Values(
        Domain{"B\xC3\xBC"
               "cher.Example",
               "xn--bcher-kva.example"},
        Domain{"bu\xCC\x88"
               "cher.example",  // The same, decomposed.
               "xn--bcher-kva.example"},
        Domain{"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
        Domain{"fa\xC3\x9F.de", "xn--fa-hia.de"},  // Non-transitional: not fass.de.
        Domain{"\xE4\xBE\x8B\xE3\x81\x88\xE3\x80\x82\xE3\x83\x86\xE3\x82\xB9\xE3\x83\x88",
               "xn--r8jz45g.xn--zckzah"},  // With an ideographic full stop.
        Domain{"r3---sn-x.test", "r3---sn-x.test"},
        Domain{"xn--i-7iq.ws", "xn--i-7iq.ws"}));  // An emoji: no IDNA 2008, but it exists.

TEST(EmailAddressTest, RefusesWhatIsNone) {
  for (const std::string& text : {
           std::string(""),
           std::string("ana"),
           std::string("@x.test"),
           std::string("ana@"),
           std::string("ana@@x.test"),
           std::string("a b@x.test"),
           std::string("<ana@x.test>"),
           std::string("ana@x..test"),
           std::string("ana@.test"),
           std::string("ana@-x.test"),
           std::string("ana@x-.test"),
           std::string("ana@x test"),
           std::string("ana@x.te,st"),
           std::string("\"ana@x.test"),
           std::string("\"ana\\"),
           std::string("\"ana\"x.test"),
           std::string("\"\"@x.test"),
           std::string("ana@[192.0.2.1"),
           std::string("ana@[x]"),
           std::string("ana@[]"),
           std::string("ana@["),
           std::string("a\0b@x.test", 10),
           std::string("ana@x\0.test", 11),
           std::string("ana@x.test\nBcc: eve@y.test"),
           std::string("\"a\nb\"@x.test"),
           std::string("\xFF@x.test"),
           std::string("ana\xC2\xA0@x.test"),
           std::string("ana\xE2\x80\xA8@x.test"),
       }) {
    const absl::StatusOr<EmailAddress> address = EmailAddress::Parse(text);
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(EmailAddressTest, ErrorsDoNotRepeatTheAddress) {
  const absl::Status status = EmailAddress::Parse("maria secreta@x.test").status();
  EXPECT_EQ(std::string(status.message()).find("secreta"), std::string::npos);
}

TEST(EmailAddressTest, TheLimitsOfRfc5321AreKept) {
  const std::string local(64, 'a');
  EXPECT_TRUE(EmailAddress::Parse(local + "@x.test").ok());
  EXPECT_FALSE(EmailAddress::Parse(local + "a@x.test").ok());

  const std::string label(63, 'b');
  EXPECT_TRUE(NormaliseDomain(label + ".test").ok());
  EXPECT_FALSE(NormaliseDomain(label + "b.test").ok());

  const std::string domain = label + "." + label + "." + label + "." + label;  // 255 bytes.
  EXPECT_TRUE(NormaliseDomain(domain).ok());
  EXPECT_FALSE(NormaliseDomain(domain + ".c").ok());

  const std::string long_domain = label + "." + label + "." + std::string(61, 'c');  // 189 bytes.
  EXPECT_TRUE(EmailAddress::Parse(local + "@" + long_domain).ok());
  EXPECT_FALSE(EmailAddress::Parse(local + "@" + long_domain + "c").ok());
}

TEST(EmailAddressTest, OnlyLocalPartsBeyondAsciiNeedSmtpUtf8) {
  EXPECT_TRUE(Parsed("jo\xC3\xA3o@x.test").NeedsSmtpUtf8());
  EXPECT_FALSE(Parsed("joao@b\xC3\xBC"
                      "cher.example")
                   .NeedsSmtpUtf8());
}

TEST(EmailAddressTest, PlusAddressesSplitAtTheFirstPlus) {
  const auto plus = Parsed("help+c-7f3a+x@x.test").SplitPlus();
  ASSERT_TRUE(plus.has_value());
  EXPECT_EQ(plus->base, "help");
  EXPECT_EQ(plus->tag, "c-7f3a+x");
  EXPECT_FALSE(Parsed("help@x.test").SplitPlus().has_value());
  EXPECT_FALSE(Parsed("+help@x.test").SplitPlus().has_value());
}

TEST(EmailAddressTest, MergesAreSuggestedAcrossGmailsSpellingsOnly) {
  EXPECT_EQ(Parsed("Ana.Souza+shop@googlemail.com").SuggestedMergeKey(), "anasouza@gmail.com");
  EXPECT_EQ(Parsed("anasouza@gmail.com").SuggestedMergeKey(), "anasouza@gmail.com");
  EXPECT_EQ(Parsed("ana.souza+shop@x.test").SuggestedMergeKey(), "ana.souza+shop@x.test");
  EXPECT_EQ(Parsed("+shop@gmail.com").SuggestedMergeKey(), "+shop@gmail.com");
}

}  // namespace
}  // namespace trama
