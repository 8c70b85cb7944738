#include "services/kernel/phone.h"

#include <phonenumbers/phonenumberutil.h>

#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama {
namespace {

using ::testing::ElementsAre;

struct WrittenPhone {
  const char* given;
  const char* region;
  const char* canonical;
};

class WrittenPhoneTest : public ::testing::TestWithParam<WrittenPhone> {};

TEST_P(WrittenPhoneTest, HasOneCanonicalForm) {
  const absl::StatusOr<PhoneNumber> phone = ParsePhone(GetParam().given, GetParam().region);
  ASSERT_TRUE(phone.ok()) << GetParam().given << ": " << phone.status();
  EXPECT_EQ(phone->canonical, GetParam().canonical);
  EXPECT_EQ(phone->forms.front(), phone->canonical);
}

INSTANTIATE_TEST_SUITE_P(
    Phone, WrittenPhoneTest,
    ::testing::Values(
        // Usual writings.
        WrittenPhone{"+5511961234567", "", "+5511961234567"},
        WrittenPhone{" +55 (11) 96123-4567 ", "US", "+5511961234567"},
        WrittenPhone{"tel:+55-11-96123-4567", "", "+5511961234567"},
        WrittenPhone{"(11) 96123-4567", "br", "+5511961234567"},
        WrittenPhone{"0 15 11 96123-4567", "BR", "+5511961234567"},  // With a carrier's code.
        WrittenPhone{"00 55 11 96123 4567", "PT", "+5511961234567"},
        WrittenPhone{"5511961234567", "BR", "+5511961234567"},
        WrittenPhone{"\xEF\xBC\x8B\xEF\xBC\x95\xEF\xBC\x95 11 96123 4567", "", "+5511961234567"},
        WrittenPhone{"912 345 678", "PT", "+351912345678"},
        WrittenPhone{"+390212345678", "", "+390212345678"},
        WrittenPhone{"02 1234 5678", "IT", "+390212345678"},
        WrittenPhone{"+44 (0)20 7946 0018", "", "+442079460018"},
        WrittenPhone{"+80012345678", "", "+80012345678"},
        WrittenPhone{"+15005550006", "", "+15005550006"},
        // Brazil: the ninth digit.
        WrittenPhone{"+551161234567", "", "+5511961234567"},
        WrittenPhone{"(11) 6123-4567", "BR", "+5511961234567"},
        WrittenPhone{"+551187654321", "", "+5511987654321"},
        WrittenPhone{"+551123456789", "", "+551123456789"},    // A landline.
        WrittenPhone{"+5511923456789", "", "+5511923456789"},  // Never had eight digits.
        WrittenPhone{"+55800123456", "", "+55800123456"},
        // Mexico: the 1 of before 2019.
        WrittenPhone{"+522221234567", "", "+522221234567"},
        WrittenPhone{"+5212221234567", "", "+522221234567"},
        WrittenPhone{"044 222 123 4567", "MX", "+522221234567"},
        WrittenPhone{"+528001234567", "", "+528001234567"},
        // Argentina: the 9 of mobile numbers, and the 15 that is dialled inside the country.
        WrittenPhone{"+5491123456789", "", "+5491123456789"},
        WrittenPhone{"+541123456789", "", "+5491123456789"},
        WrittenPhone{"011 15-2345-6789", "AR", "+5491123456789"},
        WrittenPhone{"+542966123456", "", "+5492966123456"},  // A range unknown to the library.
        WrittenPhone{"+548001234567", "", "+548001234567"}));

TEST(PhoneTest, EveryFormIsListedCanonicalFirst) {
  EXPECT_THAT(ParsePhone("+551161234567", "")->forms,
              ElementsAre("+5511961234567", "+551161234567"));
  EXPECT_THAT(ParsePhone("+522221234567", "")->forms,
              ElementsAre("+522221234567", "+5212221234567"));
  EXPECT_THAT(ParsePhone("+541123456789", "")->forms,
              ElementsAre("+5491123456789", "+541123456789"));
  EXPECT_THAT(ParsePhone("+351912345678", "")->forms, ElementsAre("+351912345678"));
}

TEST(PhoneTest, TheGivenFormIsKeptForSending) {
  EXPECT_EQ(ParsePhone("+54 11 2345-6789", "")->e164, "+541123456789");
  EXPECT_EQ(ParsePhone("+55 11 6123-4567", "")->e164, "+551161234567");
}

TEST(PhoneTest, RefusesWhatIsNoNumber) {
  for (const char* raw : {
           "",
           "+",
           "tel:",
           "BANCO",
           "ABC 11 96123-4567",
           "1-800-FLOWERS",
           "+1 415 555 0100 ext 3",
           "+1 415 555 0100 x3",
           "*123#",
           "+5511961234567;ext=1",
           "+999123456789",
           "+551",
           "27543",
           "+55119612345678901234",
           "11 96123-45",
           "87654321",
           "+55 11\n96123-4567",
           "+55 11 96123 4567\xFF",
           "+1 415 555 0100, 12",
           "0044 222 3 4567",
       }) {
    EXPECT_EQ(ParsePhone(raw, "BR").status().code(), absl::StatusCode::kInvalidArgument) << raw;
  }
}

TEST(PhoneTest, WithoutARegionTheCountryCodeIsNeeded) {
  EXPECT_FALSE(ParsePhone("11 96123-4567", "").ok());
  EXPECT_FALSE(ParsePhone("11 96123-4567", "no region").ok());
}

TEST(PhoneTest, AShortCodeIsNoNumberOfARegionWithShortNumbers) {
  EXPECT_FALSE(ParsePhone("32665", "DE").ok());
}

TEST(PhoneTest, ErrorsDoNotRepeatTheNumber) {
  const absl::Status status = ParsePhone("+55 11 96123-45678901", "").status();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(std::string(status.message()).find("96123"), std::string::npos);
}

// Every example number of the library's metadata, in all the forms that we derive from it.
TEST(PhoneTest, AllFormsOfANumberMeetInOneCanonicalForm) {
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil& library = *PhoneNumberUtil::GetInstance();
  std::set<std::string> regions;
  library.GetSupportedRegions(&regions);
  size_t checked = 0;
  for (const std::string& region : regions) {
    for (const auto type : {PhoneNumberUtil::FIXED_LINE, PhoneNumberUtil::MOBILE,
                            PhoneNumberUtil::TOLL_FREE, PhoneNumberUtil::VOIP}) {
      i18n::phonenumbers::PhoneNumber example;
      if (!library.GetExampleNumberForType(region, type, &example)) continue;
      std::string e164;
      library.Format(example, PhoneNumberUtil::E164, &e164);
      const absl::StatusOr<PhoneNumber> phone = ParsePhone(e164, "");
      ASSERT_TRUE(phone.ok()) << region << " " << e164 << ": " << phone.status();
      EXPECT_THAT(phone->forms, ::testing::Contains(e164)) << region;
      for (const std::string& form : phone->forms) {
        const absl::StatusOr<PhoneNumber> again = ParsePhone(form, "");
        ASSERT_TRUE(again.ok()) << region << " " << form << ": " << again.status();
        EXPECT_EQ(again->canonical, phone->canonical) << region << " " << form;
        EXPECT_EQ(again->forms, phone->forms) << region << " " << form;
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, 400u);
}

// What is quick must be right: every beginning of two digits of every plan, and of some others, is
// what the whole way comes to.
TEST(CanonicalPhoneTest, IsWhatParsePhoneSays) {
  std::minstd_rand random(11);
  for (const char* country : {"1", "33", "34", "44", "91", "351", "39", "49", "52", "55"}) {
    for (int begin = 10; begin < 100; ++begin) {
      for (const int digits : {8, 9, 9, 10, 10}) {
        std::string text = absl::StrCat("+", country, begin);
        for (int i = 2; i < digits; ++i) absl::StrAppend(&text, random() % 10);
        const char* region = random() % 2 == 0 ? "" : "BR";
        const absl::StatusOr<PhoneNumber> whole = ParsePhone(text, region);
        const absl::StatusOr<std::string> quick = CanonicalPhone(text, region);
        ASSERT_EQ(quick.status(), whole.status()) << text;
        ASSERT_EQ(quick.value_or(""), whole.ok() ? whole->canonical : "") << text;
      }
    }
  }
}

}  // namespace
}  // namespace trama
