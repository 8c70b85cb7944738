#include "services/platform/http/url.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

TEST(Url, PartsOfAnAbsoluteAddress) {
  const auto url = ParseUrl("HTTPS://API.Example.com:8443/a/b%20c?x=1&y=%2F#top");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "api.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/a/b%20c");
  EXPECT_EQ(url->query, "x=1&y=%2F");
  EXPECT_EQ(url->ToString(), "https://api.example.com:8443/a/b%20c?x=1&y=%2F");
}

TEST(Url, DefaultsAreFilledIn) {
  const auto plain = ParseUrl("http://example.com");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->path, "/");
  EXPECT_EQ(plain->Authority(), "example.com");
  const auto secure = ParseUrl("https://example.com.?a=b");
  ASSERT_TRUE(secure.ok());
  EXPECT_EQ(secure->port, 443);
  EXPECT_EQ(secure->host, "example.com");
  EXPECT_EQ(secure->Target(), "/?a=b");
}

TEST(Url, Ipv6KeepsItsBracketsOutsideOnly) {
  const auto url = ParseUrl("http://[2001:DB8::1]:81/x");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->host, "2001:db8::1");
  EXPECT_EQ(url->Authority(), "[2001:db8::1]:81");
}

TEST(Url, RefusesWhatIsNoWebAddress) {
  for (const char* text : {"",
                           "example.com",
                           "ftp://example.com",
                           "http://",
                           "http:///x",
                           "http://a b/",
                           "http://a:0/",
                           "http://a:65536/",
                           "http://a:x/",
                           "http://a:+1/",
                           "http://[::1",
                           "http://[x]/",
                           "http://[::1]x/",
                           "http://m\xc3\xbcller.de/",
                           "http://a/\r\nX: y",
                           "http://a/\x01",
                           "javascript:alert(1)",
                           "//example.com/x",
                           "http://a../",
                           "http://a..b/",
                           "http://.a/",
                           "http://./"}) {
    EXPECT_EQ(ParseUrl(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ParseUrl(absl::StrCat("http://a/", std::string(kUrlBytesMax, 'x'))).ok());
}

TEST(Url, PasswordsAreRefusedAndNotRepeated) {
  const auto url = ParseUrl("https://user:secret@example.com/");
  ASSERT_FALSE(url.ok());
  EXPECT_THAT(MessageOf(url.status()), Not(HasSubstr("secret")));
}

TEST(Url, CarelessLocationsAreEscaped) {
  const auto url = ParseUrl("http://a/b c?d=\xc3\xa9");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->Target(), "/b%20c?d=%C3%A9");
}

TEST(Url, ReferencesResolveAsRfc3986Says) {
  const auto base = ParseUrl("http://a/b/c/d;p?q");
  ASSERT_TRUE(base.ok());
  const auto resolve = [&](const char* reference) {
    const auto url = ResolveUrl(*base, reference);
    return url.ok() ? url->ToString() : MessageOf(url.status());
  };
  EXPECT_EQ(resolve("g"), "http://a/b/c/g");
  EXPECT_EQ(resolve("./g"), "http://a/b/c/g");
  EXPECT_EQ(resolve("g/"), "http://a/b/c/g/");
  EXPECT_EQ(resolve("/g"), "http://a/g");
  EXPECT_EQ(resolve("//g"), "http://g/");
  EXPECT_EQ(resolve("?y"), "http://a/b/c/d;p?y");
  EXPECT_EQ(resolve("g?y"), "http://a/b/c/g?y");
  EXPECT_EQ(resolve("#s"), "http://a/b/c/d;p?q");
  EXPECT_EQ(resolve(""), "http://a/b/c/d;p?q");
  EXPECT_EQ(resolve("."), "http://a/b/c/");
  EXPECT_EQ(resolve(".."), "http://a/b/");
  EXPECT_EQ(resolve("../g"), "http://a/b/g");
  EXPECT_EQ(resolve("../../g"), "http://a/g");
  EXPECT_EQ(resolve("../../../g"), "http://a/g");
  EXPECT_EQ(resolve("https://other/x"), "https://other/x");
}

TEST(Percent, RoundTripsEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  const auto decoded = PercentDecode(PercentEncode(all));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, all);
  EXPECT_EQ(PercentEncode("aZ9-._~"), "aZ9-._~");
  EXPECT_EQ(PercentEncode("+ /"), "%2B%20%2F");
}

TEST(Percent, BrokenEscapesAreRefused) {
  for (const char* text : {"%", "%4", "a%zz", "%4g"}) {
    EXPECT_FALSE(PercentDecode(text).ok()) << text;
    EXPECT_FALSE(DecodeForm(text).ok()) << text;
  }
}

TEST(Form, KeepsOrderAndRepeatsAndDecodesBothSides) {
  const auto fields = DecodeForm("Body=Hi+there%21&MediaUrl=a&MediaUrl=b&Empty=&Bare&&%41=%3D%26");
  ASSERT_TRUE(fields.ok()) << fields.status();
  EXPECT_THAT(*fields,
              ElementsAre(Pair("Body", "Hi there!"), Pair("MediaUrl", "a"), Pair("MediaUrl", "b"),
                          Pair("Empty", ""), Pair("Bare", ""), Pair("A", "=&")));
  EXPECT_EQ(FormValue(*fields, "MediaUrl"), "a");
  EXPECT_EQ(FormValue(*fields, "mediaurl"), "");
}

TEST(Form, EncodedFormsDecodeToTheSame) {
  const FormFields fields = {{"To", "+14155550100"}, {"Body", "h\xc3\xa9 +&= \n"}, {"", "x"}};
  const auto decoded = DecodeForm(EncodeForm(fields));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, fields);
}

TEST(Form, MoreFieldsThanTheLimitAreRefused) {
  std::string form;
  for (size_t i = 0; i < kFormFieldsMax; ++i) form += "a=1&";
  EXPECT_TRUE(DecodeForm(form).ok());
  EXPECT_FALSE(DecodeForm(form + "a=1").ok());
}

}  // namespace
}  // namespace trama::platform
