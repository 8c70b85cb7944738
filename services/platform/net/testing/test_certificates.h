#pragma once

#include <string>

namespace trama::platform {

// A throw-away authority and a certificate that it signed for "localhost" and 127.0.0.1, as PEM
// files in a temporary folder, removed at the end. Valid for an hour. For tests only.
class TestCertificates {
 public:
  TestCertificates();
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  std::string ca_file() const { return folder_ + "/ca.pem"; }
  std::string certificate_file() const { return folder_ + "/cert.pem"; }
  std::string key_file() const { return folder_ + "/key.pem"; }

 private:
  std::string folder_;
};

}  // namespace trama::platform
