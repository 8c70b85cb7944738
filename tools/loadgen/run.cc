#include "tools/loadgen/run.h"

#include <iostream>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/net/io_threads.h"
#include "tools/loadgen/channel.h"
#include "tools/loadgen/fleet.h"
#include "tools/loadgen/witness.h"

namespace trama::loadgen {
namespace {

constexpr int kIoThreads = 2;
constexpr absl::Duration kAgentsMax = absl::Minutes(1);
constexpr absl::Duration kProgressLook = absl::Milliseconds(250);
constexpr absl::Duration kSayEvery = absl::Seconds(5);

void Say(const std::string& text) { std::cerr << text << "\n"; }

// Tells how far a run is while it lasts.
class Teller {
 public:
  explicit Teller(const Ledger& ledger) : ledger_(ledger), thread_([this] { Run(); }) {}
  ~Teller() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, absl::ToChronoSeconds(kSayEvery), [this] { return over_; })) {
      const Ledger::Progress now = ledger_.LookBriefly();
      Say(absl::StrCat("sent ", now.sent, ", accepted ", now.accepted, ", offers ", now.offers,
                       ", answers ", now.replies, ", delivered ", now.arrivals));
    }
  }

  const Ledger& ledger_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

// Until nothing of an earlier run is with anybody: it would be counted with this one.
absl::Status WaitUntilIdle(Witness& witness, absl::Duration limit) {
  const absl::Time until = absl::Now() + limit;
  while (true) {
    const absl::StatusOr<int64_t> open = witness.OpenConversations();
    if (!open.ok()) return open.status();
    if (*open == 0) return absl::OkStatus();
    if (absl::Now() > until) {
      return absl::FailedPreconditionError(
          absl::StrCat(*open,
                       " conversations of an earlier run are still open; make the run with "
                       "another --workspace"));
    }
    absl::SleepFor(kProgressLook);
  }
}

// Looks until there is no difference any more, or for so long.
absl::Status Settle(const Ledger& ledger, Witness& witness, const RunOptions& options,
                    Report& report) {
  const absl::Time until = absl::Now() + options.settle_max;
  size_t offered = 0;
  while (true) {
    report.ledger = ledger.Look();
    // The last messages may be everywhere before anybody is asked to take them.
    const size_t before = std::exchange(offered, report.ledger.offered.size());
    absl::StatusOr<Evidence> evidence = witness.Look(report.ledger);
    if (!evidence.ok()) return evidence.status();
    report.evidence = *std::move(evidence);
    report.differences = Reconcile(report.ledger, report.evidence, options.has_others);
    const bool settled = report.differences.empty() && offered == before;
    if (settled || absl::Now() > until) return absl::OkStatus();
    absl::SleepFor(kProgressLook);
  }
}

absl::Status PlayWith(const World& world, const RunOptions& options, Ledger& ledger,
                      platform::IoThreads& io, Report& report) {
  VendorSide vendor;
  vendor.on_arrival = [&ledger](const std::string& text) {
    ledger.Arrived(TokenIn(text), absl::Now());
  };
  if (options.receipts) {
    vendor.on_receipt = [&ledger](const std::string& text) { ledger.Received(TokenIn(text)); };
  }
  auto channels = MakeChannels(world, io.context(), vendor);
  if (!channels.ok()) return channels.status();
  auto witness = Witness::Make(world);
  if (!witness.ok()) return witness.status();

  Fleet fleet;
  AgentContext context;
  context.workspace = world.workspace;
  context.run = options.customers.run;
  context.pause = options.agent_pause;
  context.answers = options.answers;
  context.io = &io.context();
  context.ledger = &ledger;
  absl::Status status =
      fleet.Hire(world, context, options.agents, options.connections, options.calls_owner);
  if (status.ok()) status = fleet.Start(kAgentsMax);
  if (status.ok()) status = WaitUntilIdle(**witness, options.settle_max);
  if (status.ok()) status = (*witness)->Begin();
  if (!status.ok()) return status;
  Say("the agents are at work; the customers begin to write");

  ledger.BeginRun();
  report.begin = absl::Now();
  report.warm = report.begin + options.warm_up;
  ledger.CountFrom(report.warm);
  {
    const Teller teller(ledger);
    Customers(options.customers, *channels, io.context(), ledger).Run(report.begin);
    report.sent = absl::Now();
    Say("every message is answered; waiting until everything is everywhere");
    status = Settle(ledger, **witness, options, report);
  }
  const absl::Status left = fleet.Leave(kAgentsMax);
  // The channels go away only when nothing runs any more that could use them.
  io.Stop();
  return status.ok() ? left : status;
}

}  // namespace

absl::StatusOr<Report> Play(const World& world, const RunOptions& options) {
  auto journal = Journal::Open(options.journal);
  if (!journal.ok()) return journal.status();
  Ledger ledger(*std::move(journal));
  platform::IoThreads io(kIoThreads);
  Report report;
  report.run = options.customers.run;
  absl::Status status = PlayWith(world, options, ledger, io, report);
  io.Stop();
  if (status.ok()) status = ledger.CloseJournal();
  if (!status.ok()) return status;
  AddOfferLatencies(report.evidence, report.warm, report.ledger);
  return report;
}

}  // namespace trama::loadgen
