// Every parser of outside text against text that nobody meant: it may refuse, but what it accepts
// is canonical, and canonical text stays what it is.

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "services/kernel/calendar.h"
#include "services/kernel/email_address.h"
#include "services/kernel/identifier.h"
#include "services/kernel/phone.h"
#include "services/kernel/text.h"
#include "services/kernel/trace_context.h"

namespace trama {
namespace {

constexpr int kRounds = 4000;

// One of `seeds` with a few pieces put in, taken out or doubled.
std::string Mutated(std::mt19937_64& random, const std::vector<std::string>& seeds) {
  static const std::vector<std::string> kPieces = {"@",
                                                   ".",
                                                   "\"",
                                                   "\\",
                                                   "+",
                                                   "-",
                                                   ":",
                                                   "%",
                                                   "[",
                                                   "]",
                                                   " ",
                                                   "\n",
                                                   std::string(1, '\0'),
                                                   "1",
                                                   "9",
                                                   "54",
                                                   "15",
                                                   "a",
                                                   "Z",
                                                   "\xC3\xA1",
                                                   "A\xCC\x81",
                                                   "\xC4\xB0",
                                                   "\xCE\xA3",
                                                   "\xEF\xBC\xA1",
                                                   "\xE1\xBA\x9E",
                                                   "\xF0\x9F\x98\x80",
                                                   "\xFF",
                                                   "\xE2\x80\x8D",
                                                   "\xEF\xBC\x8E",
                                                   "xn--",
                                                   "ss"};
  std::string text = seeds[random() % seeds.size()];
  for (int i = static_cast<int>(random() % 4); i >= 0; --i) {
    const size_t at = random() % (text.size() + 1);
    switch (random() % 3) {
      case 0:
        text.insert(at, kPieces[random() % kPieces.size()]);
        break;
      case 1:
        text.erase(at, 1 + random() % 3);
        break;
      default:
        text.insert(at, text.substr(at, random() % 8));
        break;
    }
  }
  return text;
}

TEST(ParsersTest, AcceptedEmailAddressesHaveAStableKey) {
  std::mt19937_64 random(1);
  int accepted = 0;
  for (int i = 0; i < kRounds; ++i) {
    const std::string text = Mutated(random, {"ana.souza+x@mail.test", "\"a b\"@x.test",
                                              "jo\xC3\xA3o@b\xC3\xBC.test", "a@[192.0.2.1]"});
    const absl::StatusOr<EmailAddress> address = EmailAddress::Parse(text);
    if (!address.ok()) continue;
    ++accepted;
    const absl::StatusOr<EmailAddress> sent = EmailAddress::Parse(address->Address());
    ASSERT_TRUE(sent.ok()) << text << ": " << sent.status();
    ASSERT_EQ(*sent, *address) << text;
    const absl::StatusOr<EmailAddress> key = EmailAddress::Parse(address->Key());
    if (!key.ok()) continue;  // Lower case may need more bytes than the limit.
    ASSERT_EQ(key->Key(), address->Key()) << text;
  }
  EXPECT_GT(accepted, kRounds / 10);
}

TEST(ParsersTest, AcceptedPhonesMeetInOneForm) {
  std::mt19937_64 random(2);
  int accepted = 0;
  for (int i = 0; i < kRounds; ++i) {
    const std::string text =
        Mutated(random, {"+5511961234567", "+551161234567", "+5212221234567", "+522221234567",
                         "+5491123456789", "+541123456789", "+542966123456", "011 15-2345-6789",
                         "+14155550100", "+390212345678", "(11) 96123-4567", "044 222 123 4567"});
    const absl::StatusOr<PhoneNumber> phone = ParsePhone(text, i % 2 == 0 ? "AR" : "BR");
    if (!phone.ok()) continue;
    ++accepted;
    for (const std::string& form : phone->forms) {
      const absl::StatusOr<PhoneNumber> again = ParsePhone(form, "");
      ASSERT_TRUE(again.ok()) << text << " " << form << ": " << again.status();
      ASSERT_EQ(again->canonical, phone->canonical) << text << " " << form;
    }
  }
  EXPECT_GT(accepted, kRounds / 10);
}

TEST(ParsersTest, AcceptedIdentifiersReadBack) {
  std::mt19937_64 random(3);
  static constexpr const char* kKinds[] = {"email", "phone", "sms", "reference", "whatsapp"};
  int accepted = 0;
  for (int i = 0; i < kRounds; ++i) {
    const char* kind = kKinds[i % 5];
    const std::string scope = i % 5 < 2 ? "" : Mutated(random, {"bot:1", "100%", "BR"});
    const absl::StatusOr<Identifier> identifier = NormaliseIdentifier(
        kind, scope, Mutated(random, {"ana@x.test", "+5511961234567", "AB:12", "27543"}), "BR");
    if (!identifier.ok()) continue;
    ++accepted;
    const std::string text = FormatIdentifier(*identifier);
    const absl::StatusOr<Identifier> again = ParseIdentifier(text);
    ASSERT_TRUE(again.ok()) << text << ": " << again.status();
    ASSERT_EQ(*again, *identifier) << text;
  }
  EXPECT_GT(accepted, kRounds / 10);
}

TEST(ParsersTest, IdentifierTextIsCanonicalOrRefused) {
  std::mt19937_64 random(4);
  for (int i = 0; i < kRounds; ++i) {
    const std::string text =
        Mutated(random, {"email:ana@x.test", "phone:+5511961234567", "whatsapp:a%3Ab:c:d"});
    const absl::StatusOr<Identifier> identifier = ParseIdentifier(text);
    if (!identifier.ok()) continue;
    ASSERT_EQ(FormatIdentifier(*identifier), text);
  }
}

TEST(ParsersTest, CleanedTextIsUtf8AndFoldingIsStable) {
  std::mt19937_64 random(5);
  for (int i = 0; i < kRounds; ++i) {
    const std::string text = Mutated(random, {"Reclama\xC3\xA7\xC3\xA3o", "STRASSE", ""});
    ASSERT_TRUE(IsUtf8(CleanUtf8(text)));
    const std::string folded = FoldForMatch(text);
    ASSERT_EQ(FoldForMatch(folded), folded) << text;
    ASSERT_EQ(LowerUtf8(LowerUtf8(text)), LowerUtf8(text)) << text;
    const size_t bytes_max = random() % 12;
    ASSERT_LE(TruncateUtf8(text, bytes_max).size(), bytes_max);
    ASSERT_TRUE(!IsUtf8(text) || IsUtf8(TruncateUtf8(text, bytes_max))) << text;
  }
}

TEST(ParsersTest, TheSmallParsersRefuseOrRoundTrip) {
  std::mt19937_64 random(6);
  for (int i = 0; i < kRounds; ++i) {
    const std::string header =
        Mutated(random, {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
    if (const auto context = ParseTraceparent(header)) {
      ASSERT_EQ(ParseTraceparent(FormatTraceparent(*context)), context) << header;
    }
    const auto interval = ParseLocalInterval(Mutated(random, {"09:00-12:00", "22:00-06:00"}));
    if (interval.ok()) {
      ASSERT_LT(interval->start, interval->end);
      ASSERT_LE(interval->end, interval->start + 86400);
    }
    const std::string date = Mutated(random, {"2026-04-21"});
    if (const auto day = ParseDate(date); day.ok()) {
      ASSERT_EQ(*ParseDate(absl::FormatCivilTime(*day)), *day) << date;
    }
  }
}

}  // namespace
}  // namespace trama
