#include "absl/strings/str_cat.h"
#include "services/config/spec_checks.h"

namespace trama::config {
namespace {

constexpr int kSecretsMax = 2;
constexpr int32_t kEventsPerSecondMax = 100'000;

}  // namespace

void CheckOpenAccount(const v1::OpenAccount& open, const std::string& path, Violations& out) {
  const std::string secrets = Below(path, "secrets");
  if (open.secrets().empty()) {
    AddViolation(out, secrets, "is missing: a reference to the secret that the integrator knows");
  }
  if (open.secrets_size() > kSecretsMax) {
    AddViolation(out, secrets,
                 absl::StrCat("has ", open.secrets_size(),
                              " entries: give the present secret and at most the next one"));
  }
  for (int i = 0; i < open.secrets_size(); ++i) {
    CheckSecret(open.secrets(i), /*required=*/true, Item(secrets, i), out);
  }
  CheckUrl(open.callback_url(), Below(path, "callback_url"), out);
  CheckUrl(open.public_base_url(), Below(path, "public_base_url"), out);
  CheckRange(open.events_per_second_max(), 0, kEventsPerSecondMax,
             Below(path, "events_per_second_max"), out);
}

}  // namespace trama::config
