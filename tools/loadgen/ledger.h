#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/loadgen/journal.h"
#include "tools/loadgen/latency_histogram.h"
#include "trama/types/v1/types.pb.h"

namespace trama::loadgen {

// One message of a customer, with all its attempts.
struct Sent {
  std::string vendor_id;
  std::string channel;
  types::v1::Identifier customer;
  absl::Time due;                               // When the plan wanted it.
  absl::Time last_byte = absl::InfinitePast();  // Of the attempt that was accepted.
  bool accepted = false;  // Answered with success: from now on Trama must not lose it.
  bool broken = false;    // An attempt may have arrived without an answer.
};

// An offer that reached an agent's client.
struct Offered {
  std::string conversation_id;
  absl::Time at;
};

// One answer of an agent.
struct Replied {
  std::string channel;
  std::string conversation_id;
  std::string message_id = {};  // As the answer tells it.
  bool accepted = false;        // Answered with success.
  bool refused = false;         // Answered with a refusal: it must not reach the vendor.
  bool earlier = false;         // To what an earlier run had left over.
};

// What a run has seen for itself, at the public doors only: what customers sent and were told, what
// agents were offered and did, what reached the vendors. Thread-safe.
class Ledger {
 public:
  explicit Ledger(std::unique_ptr<Journal> journal) : journal_(std::move(journal)) {}

  // What agents did until now was for an earlier run.
  void BeginRun();
  // Latencies of what began before are not counted: the stack was warming up.
  void CountFrom(absl::Time warm) { warm_ = warm; }

  // -- customers
  void Sending(size_t number, Sent sent);
  void Answered(size_t number, std::string_view answer, bool accepted, bool broken,
                absl::Time last_byte, absl::Time at);

  // -- agents
  void Offered(const std::string& agent, const std::string& offer_id,
               const std::string& conversation_id, absl::Time at);
  // A command's final answer; `began` is when it was first sent.
  void Commanded(std::string_view command, const std::string& agent,
                 const std::string& conversation_id, const absl::Status& answer, absl::Time began,
                 absl::Time at);
  void Replying(const std::string& token, Replied reply);
  void ReplyAnswered(const std::string& token, const absl::StatusOr<std::string>& message_id);

  // -- vendors
  // How often the text with this token has been there, this time included.
  int Arrived(const std::string& token, absl::Time at);
  // Trama has taken the vendor's receipt of it.
  void Received(const std::string& token);

  struct State {
    std::vector<Sent> sent;
    std::vector<loadgen::Offered> offered;
    std::map<std::string, Replied> replies;   // By token.
    std::map<std::string, int> arrivals;      // By token.
    std::set<std::string> receipts;           // By token.
    std::map<std::string, int64_t> commands;  // "accept" → answered with success.
    std::map<std::string, int64_t> refusals;  // "accept WRONG_STATE" → how often.
    std::map<std::string, LatencyHistogram> latencies;
  };
  // A copy, for the end of the run.
  State Look() const;
  // Messages accepted, replies accepted, arrivals; for progress.
  struct Progress {
    int64_t sent = 0;
    int64_t accepted = 0;
    int64_t offers = 0;
    int64_t replies = 0;
    int64_t arrivals = 0;
  };
  Progress LookBriefly() const;
  absl::Time warm() const { return warm_; }
  absl::Status CloseJournal() { return journal_->Close(); }

 private:
  void Count(const char* what, absl::Time began, absl::Duration latency);

  std::unique_ptr<Journal> journal_;
  absl::Time warm_ = absl::InfinitePast();
  mutable std::mutex mutex_;
  State state_;  // Guarded by mutex_, as all below.
  Progress progress_;
  std::map<std::string, absl::Time> reply_began_;
};

}  // namespace trama::loadgen
