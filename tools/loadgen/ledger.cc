#include "tools/loadgen/ledger.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/kernel/strings.h"

namespace trama::loadgen {
namespace {

std::string WordOf(const absl::Status& status) {
  if (status.ok()) return "ok";
  const std::string reason = ErrorReason(status);
  return reason.empty() ? absl::StatusCodeToString(status.code()) : reason;
}

}  // namespace

void Ledger::Count(const char* what, absl::Time began, absl::Duration latency) {
  if (began >= warm_) state_.latencies[what].Record(latency);
}

void Ledger::BeginRun() {
  std::lock_guard lock(mutex_);
  for (auto& [token, reply] : state_.replies) reply.earlier = true;
  state_.offered.clear();
  state_.commands.clear();
  state_.refusals.clear();
  progress_ = Progress();
}

void Ledger::Sending(size_t number, Sent sent) {
  std::lock_guard lock(mutex_);
  journal_->Write({{"what", "send"}, {"id", sent.vendor_id}, {"channel", sent.channel}});
  if (state_.sent.size() <= number) state_.sent.resize(number + 1);
  state_.sent[number] = std::move(sent);
  ++progress_.sent;
}

void Ledger::Answered(size_t number, std::string_view answer, bool accepted, bool broken,
                      absl::Time last_byte, absl::Time at) {
  std::lock_guard lock(mutex_);
  Sent& sent = state_.sent[number];
  journal_->Write({{"what", "answer"}, {"id", sent.vendor_id}, {"answer", answer}});
  sent.broken = sent.broken || broken;
  if (!accepted || sent.accepted) return;
  sent.accepted = true;
  sent.last_byte = last_byte;
  ++progress_.accepted;
  Count("send to answer", sent.due, at - last_byte);
  Count("plan to send", sent.due, last_byte - sent.due);
}

void Ledger::Offered(const std::string& agent, const std::string& offer_id,
                     const std::string& conversation_id, absl::Time at) {
  std::lock_guard lock(mutex_);
  journal_->Write(
      {{"what", "offer"}, {"agent", agent}, {"id", offer_id}, {"conversation", conversation_id}});
  state_.offered.push_back({conversation_id, at});
  ++progress_.offers;
}

void Ledger::Commanded(std::string_view command, const std::string& agent,
                       const std::string& conversation_id, const absl::Status& answer,
                       absl::Time began, absl::Time at) {
  std::lock_guard lock(mutex_);
  const std::string word = WordOf(answer);
  journal_->Write(
      {{"what", command}, {"agent", agent}, {"conversation", conversation_id}, {"answer", word}});
  const std::string name(command);
  if (!answer.ok()) {
    ++state_.refusals[absl::StrCat(name, " ", word)];
    return;
  }
  ++state_.commands[name];
  Count(absl::StrCat(name, " to answer").c_str(), began, at - began);
}

void Ledger::Replying(const std::string& token, Replied reply) {
  std::lock_guard lock(mutex_);
  reply_began_[token] = absl::Now();
  state_.replies[token] = std::move(reply);
}

void Ledger::ReplyAnswered(const std::string& token,
                           const absl::StatusOr<std::string>& message_id) {
  std::lock_guard lock(mutex_);
  const absl::Status& answer = message_id.status();
  journal_->Write({{"what", "replied"}, {"id", token}, {"answer", WordOf(answer)}});
  Replied& reply = state_.replies[token];
  reply.accepted = answer.ok();
  if (answer.ok()) reply.message_id = *message_id;
  reply.refused = !ErrorReason(answer).empty() && answer.code() != absl::StatusCode::kUnavailable;
  progress_.replies += answer.ok() ? 1 : 0;
}

int Ledger::Arrived(const std::string& token, absl::Time at) {
  std::lock_guard lock(mutex_);
  journal_->Write({{"what", "arrival"}, {"id", token}});
  ++progress_.arrivals;
  const int times = ++state_.arrivals[token];
  const auto began = reply_began_.find(token);
  if (times == 1 && began != reply_began_.end()) {
    Count("reply to vendor", began->second, at - began->second);
  }
  return times;
}

void Ledger::Received(const std::string& token) {
  std::lock_guard lock(mutex_);
  journal_->Write({{"what", "receipt"}, {"id", token}});
  state_.receipts.insert(token);
}

Ledger::State Ledger::Look() const {
  std::lock_guard lock(mutex_);
  return state_;
}

Ledger::Progress Ledger::LookBriefly() const {
  std::lock_guard lock(mutex_);
  return progress_;
}

}  // namespace trama::loadgen
