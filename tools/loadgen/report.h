#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tools/loadgen/ledger.h"
#include "tools/loadgen/reconcile.h"

namespace trama::loadgen {

struct Report {
  std::string run;
  absl::Time begin;
  absl::Time warm;  // From here on latencies count.
  absl::Time sent;  // The last message was answered.
  Ledger::State ledger;
  Evidence evidence;
  std::vector<Difference> differences;
};

// Adds what only both sides together tell: the time from a message to the first offer of the
// conversation that it opened.
void AddOfferLatencies(const Evidence& evidence, absl::Time warm, Ledger::State& ledger);

std::string ReportAsTable(const Report& report);
std::string ReportAsJson(const Report& report);

}  // namespace trama::loadgen
