// A record of any producer on a public topic: its headers, its value. Input: a header's value, NUL,
// the record's value.

#include "services/kernel/ids.h"
#include "services/kernel/trace_context.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/routing/work_records.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/quiet_protobuf.h"
#include "trama/interaction/v1/interaction_events.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  const fuzz::Halves halves = fuzz::Split(fuzz::Text(data, size));
  const std::string header(halves.first);

  platform::Record record;
  record.headers = {{"ce_specversion", "1.0"}, {"ce_id", header},
                    {"ce_source", header},     {"ce_type", header},
                    {"ce_time", header},       {"content-type", "application/protobuf"},
                    {"traceparent", header}};
  platform::ParseEventHeaders(record).IgnoreError();
  if (const std::optional<TraceContext> trace = ParseTraceparent(header); trace.has_value()) {
    TRAMA_CHECK(ParseTraceparent(FormatTraceparent(*trace)).has_value());
  }

  interaction::v1::Interaction interaction;
  if (!interaction.ParseFromArray(halves.second.data(), static_cast<int>(halves.second.size()))) {
    return 0;
  }
  if (!routing::CheckInteraction(interaction).ok()) return 0;
  const std::string secret(kIdSecretMinBytes, 's');
  const routing::v1::Work work = routing::MakeWork({}, interaction, secret, nullptr);
  routing::v1::Work again;
  TRAMA_CHECK(again.ParseFromString(work.SerializeAsString()));
  return 0;
}
