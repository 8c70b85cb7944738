#pragma once

#include <memory>
#include <string>

namespace trama::platform {

// A throw-away authority and a certificate that it signed, as PEM files in a temporary folder,
// removed at the end. For tests only.
class TestCertificates {
 public:
  struct Leaf {
    std::string names = "DNS:localhost,IP:127.0.0.1";
    long valid_seconds = 3600;  // Negative: it has expired.
  };

  TestCertificates() : TestCertificates(Leaf()) {}
  explicit TestCertificates(const Leaf& leaf);
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  // Replaces certificate and key by new ones of the same authority, each in one step, as a renewal
  // does.
  void Renew(const Leaf& leaf);
  void Renew() { Renew(Leaf()); }
  // Puts nonsense into the file of the key.
  void BreakKey();

  std::string ca_file() const { return folder_ + "/ca.pem"; }
  std::string certificate_file() const { return folder_ + "/cert.pem"; }
  std::string key_file() const { return folder_ + "/key.pem"; }

 private:
  struct Authority;

  std::string folder_;
  std::unique_ptr<Authority> authority_;
  long serial_ = 1;
};

}  // namespace trama::platform
