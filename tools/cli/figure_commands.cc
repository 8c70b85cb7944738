#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"
#include "tools/cli/names.h"
#include "trama/reporting/v1/reporting_service.grpc.pb.h"
#include "trama/sla/v1/sla_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using reporting::v1::GetKpisRequest;
using reporting::v1::GetKpisResponse;
using reporting::v1::KpiRow;
using reporting::v1::ReportingService;
using sla::v1::Clock;
using sla::v1::SlaService;

absl::StatusOr<GetKpisRequest> KpiRequest(Context& context, const Arguments& arguments) {
  GetKpisRequest request;
  request.set_workspace(context.workspace());
  const std::pair<const char*, google::protobuf::Timestamp* (GetKpisRequest::*)()> times[] = {
      {"from", &GetKpisRequest::mutable_from}, {"to", &GetKpisRequest::mutable_to}};
  for (const auto& [flag, field] : times) {
    if (!arguments.Has(flag)) continue;
    const auto time = ParseTimeOrAgo(arguments.Get(flag));
    if (!time.ok()) return UsageError(absl::StrCat("--", flag, ": ", time.status().message()));
    *(request.*field)() = *time;
  }
  const std::string interval = arguments.Has("interval") ? arguments.Get("interval") : "all";
  const auto parsed = ParseWord<reporting::v1::Interval>(interval);
  if (!parsed.ok()) return UsageError(absl::StrCat("--interval: ", parsed.status().message()));
  request.set_interval(*parsed);
  if (arguments.Has("by")) {
    const std::vector<std::string> words = absl::StrSplit(arguments.Get("by"), ',');
    for (const std::string& word : words) {
      const auto dimension = ParseWord<reporting::v1::Dimension>(word);
      if (!dimension.ok()) return UsageError(absl::StrCat("--by: ", dimension.status().message()));
      request.add_group_by(*dimension);
    }
  }
  request.set_channel(arguments.Get("channel"));
  request.set_queue(arguments.Get("queue"));
  request.set_agent_id(arguments.Get("agent"));
  return request;
}

std::string Milliseconds(bool known, double ms) {
  return known ? ShortDuration(absl::Milliseconds(ms)) : "n/a";
}

std::string Abandoned(const KpiRow& row) {
  if (!row.has_abandoned()) return "n/a";
  return row.short_abandoned() > 0
             ? absl::StrCat(row.abandoned(), " (+", row.short_abandoned(), " short)")
             : absl::StrCat(row.abandoned());
}

std::string Level(const KpiRow& row) {
  if (!row.has_service_level()) return "n/a";
  return absl::StrFormat(
      "%.1f%% in %s", row.service_level() * 100,
      ShortDuration(absl::Milliseconds(row.service_level_parameters().threshold_ms())));
}

// Shown by agent or for all, not by channel or queue.
bool HasAgentTime(const GetKpisResponse& response) {
  return std::any_of(response.rows().begin(), response.rows().end(),
                     [](const KpiRow& row) { return row.has_agent_time(); });
}

std::string Occupancy(const KpiRow& row) {
  if (!row.agent_time().has_occupancy()) return "n/a";
  return absl::StrFormat("%.0f%%", row.agent_time().occupancy() * 100);
}

std::string Now(const reporting::v1::LiveFigures& live) {
  const reporting::v1::PresenceCounts& presence = live.presence();
  return absl::StrCat("now: ", live.open(), " open, ", live.waiting(),
                      " waiting; agents: ", presence.available(), " available, ", presence.busy(),
                      " busy, ", presence.away(), " away, ", presence.offline(), " offline\n");
}

std::string Table(const Output& out, const GetKpisRequest& request,
                  const GetKpisResponse& response) {
  std::vector<std::string> headings;
  if (request.interval() != reporting::v1::INTERVAL_ALL) headings.push_back("FROM");
  for (const int dimension : request.group_by()) {
    headings.push_back(
        absl::AsciiStrToUpper(WordOf(static_cast<reporting::v1::Dimension>(dimension))));
  }
  for (const char* heading :
       {"OFFERED", "ANSWERED", "ABANDONED", "LEVEL", "ASA", "AHT", "FIRST", "IN", "OUT", "RESOLVED",
        "DELIVERED", "FAILED", "SLA MET", "SLA MISSED"}) {
    headings.push_back(heading);
  }
  const bool has_agent_time = HasAgentTime(response);
  if (has_agent_time) headings.push_back("OCCUPIED");
  TextTable table(headings);
  for (const KpiRow& row : response.rows()) {
    std::vector<std::string> cells;
    if (request.interval() != reporting::v1::INTERVAL_ALL) {
      cells.push_back(ShortTime(row.interval_start()));
    }
    for (const int dimension : request.group_by()) {
      cells.push_back(dimension == reporting::v1::DIMENSION_CHANNEL ? row.channel()
                      : dimension == reporting::v1::DIMENSION_QUEUE ? row.queue()
                                                                    : row.agent_id());
    }
    const std::vector<std::string> figures = {
        absl::StrCat(row.offered()),
        absl::StrCat(row.answered()),
        Abandoned(row),
        Level(row),
        Milliseconds(row.has_asa_ms(), row.asa_ms()),
        Milliseconds(row.has_aht_ms(), row.aht_ms()),
        Milliseconds(row.has_first_response_ms(), row.first_response_ms()),
        absl::StrCat(row.messages_in()),
        absl::StrCat(row.messages_out()),
        absl::StrCat(row.resolved()),
        absl::StrCat(row.delivered()),
        absl::StrCat(row.delivery_failed()),
        absl::StrCat(row.sla_fulfilled()),
        absl::StrCat(row.sla_breached())};
    cells.insert(cells.end(), figures.begin(), figures.end());
    if (has_agent_time) cells.push_back(Occupancy(row));
    table.Add(std::move(cells));
  }
  return absl::StrCat(table.empty() ? "nothing was counted\n" : out.Render(table),
                      Now(response.live()));
}

absl::Status WatchKpis(Context& context, const GetKpisRequest& request) {
  const auto peer = context.PeerOf("reporting");
  if (!peer.ok()) return peer.status();
  const auto token = context.Token();
  if (!token.ok()) return token.status();
  grpc::ClientContext call;
  (*peer)->Prepare(call, {.timeout = absl::InfiniteDuration()});
  call.AddMetadata("authorization", "Bearer " + *token);
  ReportingService::Stub stub((*peer)->channel());
  const auto reader = stub.WatchKpis(&call, request);
  GetKpisResponse response;
  while (reader->Read(&response)) {
    context.out().Line(ToJson(response), [&] { return Table(context.out(), request, response); });
  }
  return platform::FromGrpc(reader->Finish());
}

absl::Status Kpis(Context& context, const Arguments& arguments) {
  context.ActAs({"supervisor", "admin"});
  const absl::StatusOr<GetKpisRequest> request = KpiRequest(context, arguments);
  if (!request.ok()) return request.status();
  if (arguments.Has("watch")) return WatchKpis(context, *request);
  const auto response = context.Call("reporting", *request, &ReportingService::Stub::GetKpis);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(*response), [&] { return Table(context.out(), *request, *response); });
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Clock>> ClocksOf(Context& context, const std::string& conversation_id) {
  sla::v1::GetClocksRequest request;
  request.set_workspace(context.workspace());
  request.set_conversation_id(conversation_id);
  const auto response = context.Call("sla", request, &SlaService::Stub::GetClocks);
  if (!response.ok()) return response.status();
  return std::vector<Clock>(response->clocks().begin(), response->clocks().end());
}

absl::StatusOr<std::vector<Clock>> UrgentClocks(Context& context, const Arguments& arguments) {
  sla::v1::ListClocksRequest request;
  request.set_workspace(context.workspace());
  request.set_queue(arguments.Get("queue"));
  request.set_page_size(200);
  for (const std::string& word : arguments.All("state")) {
    const auto state = ParseWord<sla::v1::ClockState>(word);
    if (!state.ok()) return UsageError(absl::StrCat("--state: ", state.status().message()));
    request.add_states(*state);
  }
  std::vector<Clock> clocks;
  do {
    const auto page = context.Call("sla", request, &SlaService::Stub::ListClocks);
    if (!page.ok()) return page.status();
    clocks.insert(clocks.end(), page->clocks().begin(), page->clocks().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return clocks;
}

std::string Marks(const Clock& clock) {
  std::string marks = clock.breached() ? "breached" : "";
  if (clock.warned()) absl::StrAppend(&marks, marks.empty() ? "" : ", ", "warned");
  return marks;
}

absl::Status Sla(Context& context, const Arguments& arguments) {
  context.ActAs({"supervisor", "admin"});
  const std::string conversation = arguments.Get("CONVERSATION");
  const auto clocks =
      conversation.empty() ? UrgentClocks(context, arguments) : ClocksOf(context, conversation);
  if (!clocks.ok()) return clocks.status();
  std::vector<Json> items;
  TextTable table({"CONVERSATION", "CLOCK", "STATE", "DUE", "USED", "TARGET", "MARKS", "QUEUE",
                   "POLICY", "CALENDAR"});
  const absl::Time now = absl::Now();
  for (const Clock& clock : *clocks) {
    items.push_back(ToJson(clock));
    table.Add({clock.conversation_id(), WordOf(clock.kind()), WordOf(clock.state()),
               Ago(clock.due_at(), now), ShortDuration(absl::Milliseconds(clock.used_ms())),
               ShortDuration(absl::Milliseconds(clock.target_ms())), Marks(clock), clock.queue(),
               clock.policy(), clock.calendar()});
  }
  context.out().Many(
      items, [&] { return table; }, "no clock runs");
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> FigureCommands() {
  return {
      {.path = {"kpis"},
       .summary = "Figures of a time, and what is open now",
       .details =
           "FIRST is the mean time to the first reply of a person; OCCUPIED the share of their\n"
           "time in which agents held something. n/a: this channel cannot tell, or there was\n"
           "nothing to divide by.",
       .flags = {{.name = "from", .value = "TIME", .help = "Such as 24h (ago), 2026-04-21 (24h)"},
                 {.name = "to", .value = "TIME", .help = "Until then (now)"},
                 {.name = "interval",
                  .value = "WHAT",
                  .help = "One row per hour, day or all (all)"},
                 {.name = "by",
                  .value = "WHAT",
                  .help = "channel, queue, agent, or several with commas"},
                 {.name = "channel", .value = "NAME", .help = "Only of this channel"},
                 {.name = "queue", .value = "NAME", .help = "Only of this queue"},
                 {.name = "agent", .value = "NAME", .help = "Only of this agent"},
                 {.name = "watch", .help = "Again whenever they change"}},
       .run = Kpis},
      {.path = {"sla"},
       .summary = "Clocks that run, the most urgent first, or all of one conversation",
       .positionals = {{"CONVERSATION", "Only of this one, ended clocks too", true}},
       .flags = {{.name = "queue", .value = "NAME", .help = "Only of this queue"},
                 {.name = "state",
                  .value = "STATE",
                  .help = "Only in this state: running, paused, fulfilled, breached, canceled",
                  .repeated = true}},
       .run = Sla}};
}

}  // namespace trama::tramactl
