#include "services/platform/trace/otlp_flags.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "services/platform/http/url.h"

ABSL_FLAG(std::string, otlp_endpoint, "",
          "collector of traces, OTLP over HTTP, such as http://127.0.0.1:4318; empty: none");
ABSL_FLAG(double, otlp_sampling_ratio, 1.0,
          "share of the traces that begin here and are kept, 0 to 1");
ABSL_FLAG(int32_t, otlp_queue_max, 8192, "spans that may wait for the collector; more are dropped");

namespace trama::platform {
namespace {

constexpr int32_t kQueueMost = 1'000'000;

}  // namespace

void CheckOtlpFlags(Mistakes& mistakes) {
  const std::string endpoint = absl::GetFlag(FLAGS_otlp_endpoint);
  if (!endpoint.empty()) mistakes.AddStatus("otlp_endpoint", ParseUrl(endpoint).status());
  const double ratio = absl::GetFlag(FLAGS_otlp_sampling_ratio);
  mistakes.Require(ratio >= 0 && ratio <= 1,
                   absl::StrCat("--otlp_sampling_ratio is ", ratio, " but must be from 0 to 1"));
  const int32_t queue = absl::GetFlag(FLAGS_otlp_queue_max);
  mistakes.Require(
      queue >= 1 && queue <= kQueueMost,
      absl::StrCat("--otlp_queue_max is ", queue, " but must be from 1 to ", kQueueMost));
}

OtlpOptions OtlpOptionsFromFlags(TracedService service) {
  OtlpOptions options;
  options.endpoint = absl::GetFlag(FLAGS_otlp_endpoint);
  options.queue_max = static_cast<size_t>(absl::GetFlag(FLAGS_otlp_queue_max));
  options.service = std::move(service);
  return options;
}

std::string ProcessInstance() {
  std::array<char, 256> host = {};
  // The last byte stays zero, whatever the length of the name.
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return absl::StrCat(host.data(), "/", getpid());
}

}  // namespace trama::platform
