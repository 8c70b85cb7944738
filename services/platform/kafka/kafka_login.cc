#include "services/platform/kafka/kafka_login.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/handles.h"

namespace trama::platform {
namespace {

using kafka_internal::Client;
using kafka_internal::MetadataHandle;

// Between two looks at why there is no answer yet.
constexpr absl::Duration kStep = absl::Milliseconds(200);

class Login {
 public:
  absl::Status Try(const KafkaConfig& config, absl::Duration wait) {
    Client::Settings settings(config);
    rd_kafka_conf_set_error_cb(settings.get(), &Login::OnError);
    const absl::Status opened = client_.Open(RD_KAFKA_PRODUCER, std::move(settings), this);
    if (!opened.ok()) return opened;
    const absl::Time deadline = absl::Now() + wait;
    while (!Answers(std::min(kStep, deadline - absl::Now()))) {
      rd_kafka_poll(client_.get(), 0);  // Calls OnError.
      if (absl::Now() >= deadline) return Refusal(config);
    }
    return absl::OkStatus();
  }

 private:
  static void OnError(rd_kafka_t*, int code, const char* reason, void* opaque) {
    Login& login = Client::Owner<Login>(opaque);
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) login.password_refused_ = reason;
    if (code == RD_KAFKA_RESP_ERR__SSL) login.tls_failed_ = reason;
  }

  // A broker answers only to who is logged in.
  bool Answers(absl::Duration wait) {
    const struct rd_kafka_metadata* metadata = nullptr;
    const rd_kafka_resp_err_t asked = rd_kafka_metadata(
        client_.get(), /*all_topics=*/0, nullptr, &metadata, Milliseconds(wait));
    const MetadataHandle owned(metadata);
    return asked == RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  absl::Status Refusal(const KafkaConfig& config) const {
    if (!password_refused_.empty()) {
      return absl::UnauthenticatedError(absl::StrCat(
          "kafka at ", config.brokers, " does not let user \"", config.sasl_username,
          "\" in, check --kafka_sasl_username, --kafka_sasl_password and --kafka_sasl_mechanism: ",
          password_refused_));
    }
    if (!tls_failed_.empty()) {
      return absl::UnauthenticatedError(
          absl::StrCat("no TLS with kafka at ", config.brokers,
                       ", check --kafka_ca_file and the brokers' certificates: ", tls_failed_));
    }
    return absl::OkStatus();
  }

  // Both from rd_kafka_poll() only, so in one thread.
  std::string password_refused_;
  std::string tls_failed_;
  Client client_;  // Last: its callbacks use the others.
};

}  // namespace

absl::Status CheckKafkaLogin(const KafkaConfig& config, absl::Duration wait) {
  if (config.security_protocol == "plaintext") return absl::OkStatus();
  return Login().Try(config, wait);
}

}  // namespace trama::platform
