#include "tools/loadgen/report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace trama::loadgen {
namespace {

using Json = nlohmann::json;

constexpr size_t kDifferencesShown = 20;
constexpr char kOffer[] = "send to offer";

double Milliseconds(absl::Duration duration) { return absl::ToDoubleMilliseconds(duration); }

struct Totals {
  int64_t accepted = 0;
  int64_t replies = 0;
  int64_t arrivals = 0;
};

Totals TotalsOf(const Ledger::State& ledger) {
  Totals totals;
  for (const Sent& sent : ledger.sent) totals.accepted += sent.accepted ? 1 : 0;
  for (const auto& [token, reply] : ledger.replies) {
    totals.replies += reply.accepted && !reply.earlier ? 1 : 0;
  }
  for (const auto& [token, times] : ledger.arrivals) {
    const auto reply = ledger.replies.find(token);
    totals.arrivals += reply != ledger.replies.end() && reply->second.earlier ? 0 : times;
  }
  return totals;
}

Json LatencyJson(const LatencyHistogram& histogram) {
  return {{"count", histogram.count()},
          {"mean_ms", Milliseconds(histogram.mean())},
          {"p50_ms", Milliseconds(histogram.Quantile(0.5))},
          {"p90_ms", Milliseconds(histogram.Quantile(0.9))},
          {"p99_ms", Milliseconds(histogram.Quantile(0.99))},
          {"p999_ms", Milliseconds(histogram.Quantile(0.999))},
          {"max_ms", Milliseconds(histogram.max())}};
}

}  // namespace

void AddOfferLatencies(const Evidence& evidence, absl::Time warm, Ledger::State& ledger) {
  std::map<std::string, absl::Time> offered;  // Conversation → its first offer.
  for (const Offered& offer : ledger.offered) {
    const auto [it, is_new] = offered.emplace(offer.conversation_id, offer.at);
    if (!is_new) it->second = std::min(it->second, offer.at);
  }
  std::map<std::string, const Sent*> sent;  // By interaction.
  for (const Sent& message : ledger.sent) {
    const auto found = evidence.interactions.find(message.vendor_id);
    if (found == evidence.interactions.end()) continue;
    for (const std::string& interaction : found->second) sent[interaction] = &message;
  }
  for (const auto& [conversation, interaction] : evidence.opened) {
    const auto message = sent.find(interaction);
    const auto offer = offered.find(conversation);
    if (message == sent.end() || offer == offered.end()) continue;
    if (!message->second->accepted || message->second->due < warm) continue;
    ledger.latencies[kOffer].Record(offer->second - message->second->last_byte);
  }
}

std::string ReportAsTable(const Report& report) {
  const Totals totals = TotalsOf(report.ledger);
  const Evidence& there = report.evidence;
  std::string text = absl::StrFormat(
      "run %s: %d messages, %d accepted; %d offers; %d answers, %d at the vendors\n", report.run,
      report.ledger.sent.size(), totals.accepted, report.ledger.offered.size(), totals.replies,
      totals.arrivals);
  absl::StrAppendFormat(&text, "%-20s %9s %9s %9s %9s %9s %9s\n", "LATENCY (ms)", "COUNT", "P50",
                        "P90", "P99", "P99.9", "MAX");
  for (const auto& [name, histogram] : report.ledger.latencies) {
    absl::StrAppendFormat(&text, "%-20s %9d %9.2f %9.2f %9.2f %9.2f %9.2f\n", name,
                          histogram.count(), Milliseconds(histogram.Quantile(0.5)),
                          Milliseconds(histogram.Quantile(0.9)),
                          Milliseconds(histogram.Quantile(0.99)),
                          Milliseconds(histogram.Quantile(0.999)), Milliseconds(histogram.max()));
  }
  for (const auto& [what, times] : report.ledger.refusals) {
    absl::StrAppendFormat(&text, "refused: %s, %d times\n", what, times);
  }
  absl::StrAppendFormat(
      &text, "accepted %d = interactions %d = in conversations %d = on timelines %d = counted %d\n",
      totals.accepted, there.interactions.size(), there.received.size(), there.timeline.size(),
      there.counted_in);
  absl::StrAppendFormat(&text, "answers %d = in conversations %d = counted %d = delivered %d\n",
                        totals.replies, there.replies_sent, there.counted_out, totals.arrivals);
  if (!report.ledger.receipts.empty()) {
    absl::StrAppendFormat(&text, "receipts %d = in conversations %d\n",
                          report.ledger.receipts.size(), there.delivered.size());
  }
  for (size_t i = 0; i < std::min(report.differences.size(), kDifferencesShown); ++i) {
    const Difference& difference = report.differences[i];
    absl::StrAppend(&text, "difference: ", difference.where, ": ", difference.id, ": ",
                    difference.what, "\n");
  }
  absl::StrAppend(
      &text, report.differences.empty()
                 ? "reconciled: no difference\n"
                 : absl::StrCat("NOT reconciled: ", report.differences.size(), " differences\n"));
  return text;
}

std::string ReportAsJson(const Report& report) {
  const Totals totals = TotalsOf(report.ledger);
  Json json = {{"run", report.run},
               {"begin_ms", absl::ToUnixMillis(report.begin)},
               {"warm_ms", absl::ToUnixMillis(report.warm)},
               {"sent_ms", absl::ToUnixMillis(report.sent)},
               {"sent", report.ledger.sent.size()},
               {"accepted", totals.accepted},
               {"offers", report.ledger.offered.size()},
               {"conversations", report.evidence.opened.size()},
               {"answers", totals.replies},
               {"interactions", report.evidence.interactions.size()},
               {"in_conversations", report.evidence.received.size()},
               {"on_timelines", report.evidence.timeline.size()},
               {"counted_in", report.evidence.counted_in},
               {"counted_out", report.evidence.counted_out},
               {"delivered", totals.arrivals},
               {"receipts", report.ledger.receipts.size()},
               {"receipts_told", report.evidence.delivered.size()},
               {"commands", report.ledger.commands},
               {"refusals", report.ledger.refusals},
               {"latencies", Json::object()},
               {"differences", Json::array()}};
  for (const auto& [name, histogram] : report.ledger.latencies) {
    json["latencies"][name] = LatencyJson(histogram);
  }
  for (const Difference& difference : report.differences) {
    json["differences"].push_back(
        {{"where", difference.where}, {"id", difference.id}, {"what", difference.what}});
  }
  return json.dump(2) + "\n";
}

}  // namespace trama::loadgen
