#include "services/platform/net/testing/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "services/kernel/check.h"

namespace trama::platform {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

constexpr long kAuthorityValidSeconds = 3600;

void AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  TRAMA_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate NewCertificate(const char* name, long serial, long valid_seconds, EVP_PKEY* key) {
  Certificate made(X509_new(), &X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), valid_seconds);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(made.get(), key);
  return made;
}

// `write` is PEM_write_X509 or the like.
template <typename Write>
void WriteFile(const std::string& path, Write write) {
  const std::string fresh = path + ".new";
  std::FILE* file = std::fopen(fresh.c_str(), "w");
  TRAMA_CHECK(file != nullptr);
  TRAMA_CHECK(write(file) == 1);
  TRAMA_CHECK(std::fclose(file) == 0);
  std::filesystem::rename(fresh, path);
}

}  // namespace

struct TestCertificates::Authority {
  Key key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  Certificate certificate = NewCertificate("Test authority", 1, kAuthorityValidSeconds, key.get());
};

TestCertificates::TestCertificates(const Leaf& leaf) : authority_(std::make_unique<Authority>()) {
  std::string pattern = std::filesystem::temp_directory_path() / "trama-certificates-XXXXXX";
  TRAMA_CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;

  X509* const ca = authority_->certificate.get();
  X509_set_issuer_name(ca, X509_get_subject_name(ca));
  AddExtension(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(ca, ca, NID_key_usage, "critical,keyCertSign");
  TRAMA_CHECK(X509_sign(ca, authority_->key.get(), EVP_sha256()) > 0);
  WriteFile(ca_file(), [&](std::FILE* file) { return PEM_write_X509(file, ca); });
  Renew(leaf);
}

void TestCertificates::Renew(const Leaf& leaf) {
  X509* const ca = authority_->certificate.get();
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate certificate =
      NewCertificate("localhost", ++serial_, leaf.valid_seconds, key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca));
  AddExtension(certificate.get(), ca, NID_subject_alt_name, leaf.names.c_str());
  TRAMA_CHECK(X509_sign(certificate.get(), authority_->key.get(), EVP_sha256()) > 0);

  WriteFile(certificate_file(),
            [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()); });
  WriteFile(key_file(), [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void TestCertificates::BreakKey() {
  WriteFile(key_file(), [](std::FILE* file) { return std::fputs("nonsense", file) >= 0 ? 1 : 0; });
}

TestCertificates::~TestCertificates() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace trama::platform
