#include "services/reporting/reporting_service.h"

#include <utility>

#include "google/protobuf/util/time_util.h"
#include "services/platform/grpc/method_rules.h"
#include "services/reporting/agent_time.h"
#include "services/reporting/kpi_stream.h"

namespace trama::reporting {
namespace {

using google::protobuf::util::TimeUtil;

platform::Access AccessTo(const v1::GetKpisRequest& request, platform::MethodLimit& limit) {
  return {.workspace = request.workspace(),
          .roles = {"supervisor", "integrator", "admin"},
          .deadline_max = platform::kReadDeadlineMax,
          .limit = &limit};
}

void Count(agent::v1::Presence presence, v1::PresenceCounts& counts) {
  switch (presence) {
    case agent::v1::PRESENCE_AVAILABLE:
      return counts.set_available(counts.available() + 1);
    case agent::v1::PRESENCE_BUSY:
      return counts.set_busy(counts.busy() + 1);
    case agent::v1::PRESENCE_AWAY:
      return counts.set_away(counts.away() + 1);
    default:
      return counts.set_offline(counts.offline() + 1);
  }
}

// Those that are configured, also who was never seen; nobody else.
void AddAgents(const platform::ConfigView& config, const std::string& workspace,
               const AgentStates& states, v1::LiveFigures& live) {
  live.mutable_presence();
  for (const config::v1::Resource* resource : config.All("Agent", workspace)) {
    v1::LiveAgent& agent = *live.add_agents();
    agent.set_agent_id(resource->metadata().name());
    agent.set_presence(agent::v1::PRESENCE_OFFLINE);
    const auto known = states.find({workspace, agent.agent_id()});
    if (known != states.end() && known->second.presence_since_ms() != 0) {
      agent.set_presence(known->second.presence());
      agent.set_presence_reason(known->second.presence_reason());
      *agent.mutable_presence_since() =
          TimeUtil::MillisecondsToTimestamp(known->second.presence_since_ms());
    }
    if (known != states.end()) agent.set_held(known->second.held());
    Count(agent.presence(), *live.mutable_presence());
  }
}

}  // namespace

absl::StatusOr<v1::GetKpisResponse> ReportingServer::Figures(const v1::GetKpisRequest& request) {
  const platform::ConfigPtr config = config_.Current();
  const absl::StatusOr<int32_t> partition = config->PartitionOf(request.workspace());
  if (!partition.ok()) return partition.status();
  const ServiceLevels levels(*config->snapshot());
  const absl::TimeZone zone = levels.ZoneOf(request.workspace());
  const absl::Time now = gate_.clock().Now();

  const absl::StatusOr<Range> range = RangeOf(request, zone, now);
  if (!range.ok()) return range.status();
  absl::StatusOr<CountersByGroup> counted = store_.Read(*partition, request.workspace(), *range);
  if (!counted.ok()) return counted.status();
  const absl::StatusOr<AgentStates> agents = store_.Agents(*partition, request.workspace());
  if (!agents.ok()) return agents.status();
  AddRunning(*agents, now, *counted);
  absl::StatusOr<std::vector<v1::KpiRow>> rows = Rows(request, *range, *counted, levels);
  if (!rows.ok()) return rows.status();
  absl::StatusOr<v1::LiveFigures> live = store_.Live(*partition, request.workspace());
  if (!live.ok()) return live.status();
  AddAgents(*config, request.workspace(), *agents, *live);

  v1::GetKpisResponse response;
  for (v1::KpiRow& row : *rows) *response.add_rows() = std::move(row);
  *response.mutable_live() = *std::move(live);
  response.set_time_zone(zone.name());
  *response.mutable_as_of() = TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(now));
  return response;
}

grpc::ServerUnaryReactor* ReportingServer::GetKpis(grpc::CallbackServerContext* context,
                                                   const v1::GetKpisRequest* request,
                                                   v1::GetKpisResponse* response) {
  return platform::RunUnary(
      gate_, context, request, response, AccessTo(*request, figures_limit_),
      [this](const platform::Call&, const v1::GetKpisRequest& wanted) { return Figures(wanted); });
}

grpc::ServerWriteReactor<v1::GetKpisResponse>* ReportingServer::WatchKpis(
    grpc::CallbackServerContext* context, const v1::GetKpisRequest* request) {
  absl::StatusOr<platform::Call> call =
      gate_.AdmitStream(*context, AccessTo(*request, streams_limit_));
  if (!call.ok()) return KpiStream::Refuse(call.status());
  auto look = [this, wanted = *request]() -> absl::StatusOr<v1::GetKpisResponse> {
    if (stopping_) return absl::UnavailableError("this replica is stopping; watch another one");
    return Figures(wanted);
  };
  auto stream = KpiStream::Open(*std::move(call), /*queue_max=*/1);
  grpc::ServerWriteReactor<v1::GetKpisResponse>* reactor = stream->reactor();
  SendFigures(io_, gate_.workers(), std::move(stream), std::move(look));
  return reactor;
}

}  // namespace trama::reporting
