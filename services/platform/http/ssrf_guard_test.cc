#include "services/platform/http/ssrf_guard.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

boost::asio::ip::address Address(const char* text) { return boost::asio::ip::make_address(text); }

Url UrlOf(const char* text) { return ParseUrl(text).value(); }

TEST(PublicAddress, AddressesOfTheInternetPass) {
  for (const char* text : {"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1",
                           "172.32.0.1", "192.167.1.1", "198.17.0.1", "198.20.0.1",
                           "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1"}) {
    EXPECT_TRUE(IsPublicAddress(Address(text))) << text;
  }
}

TEST(PublicAddress, EverythingReservedIsRefused) {
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.1.2.3",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.254",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.170",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.7",
                           "203.0.113.7",
                           "224.0.0.1",
                           "239.1.2.3",
                           "240.0.0.1",
                           "255.255.255.255",  //
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:8.8.8.8",
                           "::8.8.8.8",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::1",
                           "fe80::1",
                           "fec0::1",
                           "fc00::1",
                           "fd12:3456::1",
                           "ff02::1",
                           "100::1",
                           "2001::1",
                           "2001:10::1",
                           "2001:db8::1",
                           "2002:7f00:1::1",
                           "3fff::1",
                           "5f00::1"}) {
    EXPECT_FALSE(IsPublicAddress(Address(text))) << text;
  }
}

TEST(SsrfGuard, OnlyAllowedHostsPass) {
  const SsrfGuard guard({.allowed_hosts = {"API.twilio.com", "*.example.net"}});
  EXPECT_TRUE(guard.CheckUrl(UrlOf("https://api.twilio.com/x")).ok());
  EXPECT_TRUE(guard.CheckUrl(UrlOf("https://a.b.example.net/")).ok());
  for (const char* text :
       {"https://example.net/", "https://evilexample.net/", "https://api.twilio.com.evil.org/",
        "https://twilio.com/", "https://api.twilio.community/"}) {
    EXPECT_EQ(guard.CheckUrl(UrlOf(text)).code(), absl::StatusCode::kPermissionDenied) << text;
  }
}

TEST(SsrfGuard, AnAllowedNameMayStillNotPointInside) {
  const SsrfGuard guard({.allowed_hosts = {"media.example.net"}});
  EXPECT_FALSE(guard.CheckAddress("media.example.net", Address("10.0.0.1")).ok());
  EXPECT_TRUE(guard.CheckAddress("media.example.net", Address("8.8.8.8")).ok());
}

TEST(SsrfGuard, TrustedHostsPassWithAnyAddressAndScheme) {
  const SsrfGuard guard({.allowed_hosts = {"api.twilio.com"},
                         .trusted_hosts = {"Emulator", "127.0.0.1"},
                         .https_only = true});
  EXPECT_TRUE(guard.CheckUrl(UrlOf("http://emulator:8080/")).ok());
  EXPECT_TRUE(guard.CheckAddress("emulator", Address("10.0.0.1")).ok());
  EXPECT_TRUE(guard.CheckAddress("127.0.0.1", Address("127.0.0.1")).ok());
  EXPECT_FALSE(guard.CheckUrl(UrlOf("http://api.twilio.com/")).ok());
  EXPECT_FALSE(guard.CheckAddress("api.twilio.com", Address("127.0.0.1")).ok());
}

}  // namespace
}  // namespace trama::platform
