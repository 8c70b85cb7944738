#pragma once

#include <memory>
#include <string>

#include "google/protobuf/wrappers.pb.h"
#include "services/kernel/machine.h"
#include "services/kernel/table.h"

namespace trama::platform::testing {

// A machine for tests of the loop: counts words. Inputs and calls are StringValue:
//
//   record or call   what happens
//   "<word>"         its count goes up by one; the record "<word>=<count>" goes to `out`
//   "die"            the process aborts
//   "big"            a record that is larger than any may be
// only calls:
//   "get <word>"     the count, nothing changes
//   "later <word>"   as "<word>", but the reply "late <word>=<count>" waits for the next record
//   "push <word>"    a proposal "try <word>", then the word is counted, then the fact "did <word>"
//   "ask <word>"     a question to a peer; its answer is counted as a word
//   "wake <ms>"      the word "woken" is counted so many milliseconds later, once caught up
//   "tired <ms>"     the same, without waiting for caught_up
//   "patient <ms>"   as "wake", but no deadline is told while it waits for caught_up
//
// Replies are the count, as StringValue "<word>=<count>". Takeovers and revisions are counted as
// the words "taken" and "config".
class Ledger final : public Machine {
 public:
  Ledger(std::string out, int32_t partition);

  absl::Status LoadRow(std::string_view key, std::string_view value) override;
  void Apply(const Stamp& at, const Input& input, Effects& effects) override;
  absl::Time NextDeadline() const override;
  std::vector<RowChange> TakeChangedRows() override;

 private:
  using Row = google::protobuf::Int64Value;

  int64_t Count(const std::string& word);
  // Counts, and says so on the topic.
  std::string Tell(const Stamp& at, const std::string& word, const std::string& cause,
                   Effects& effects);
  void TakeCommand(const Stamp& at, const Command& command, Effects& effects);
  void TakeTick(const Stamp& at, Effects& effects);
  static void Answer(CallId call, const std::string& text, Effects& effects);

  const std::string out_;
  const int32_t partition_;
  Table<Row> counts_{"count"};
  Table<Row> due_{"due"};  // "wake", "tired", "patient": when, in Unix milliseconds.
  Stamp newest_;           // Of the newest input.
  std::vector<std::pair<CallId, std::string>> later_;
};

}  // namespace trama::platform::testing
