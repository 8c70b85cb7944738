#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/channels/common/delivery_plan.h"
#include "services/channels/common/proto_time.h"

namespace trama::channels::testing {

namespace dv = delivery::v1;

inline const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

// Drives one plan by hand: At(seconds) moves the clock and ticks, each verb returns what was wanted
// in short words: "attempting m1 #1", "send m1 #1".
class PlanDriver : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;

  PlanDriver() { Renew(DeliveryRules{.channel = "sms"}); }

  void Renew(DeliveryRules rules) {
    rules_ = rules;
    plan_ = std::make_unique<DeliveryPlan>(rules);
    plan_->SetAccounts(
        DeliveryAccounts{{"demo/main", DeliveryAccount{}}, {"demo/other", DeliveryAccount{}}});
  }

  // What a new owner does: only the log survives.
  void TakeOver() {
    Renew(rules_);
    for (const dv::Delivery& past : log_) plan_->Recall(past);
  }

  static std::shared_ptr<outbound::v1::OutboundMessage> Message(const std::string& id,
                                                                const std::string& conversation,
                                                                const std::string& account) {
    auto message = std::make_shared<outbound::v1::OutboundMessage>();
    message->set_workspace("demo");
    message->set_channel("sms");
    message->set_channel_account(account);
    message->set_message_id(id);
    message->set_conversation_id(conversation);
    SetProto(kStart, message->mutable_created_at());
    return message;
  }

  Words Take(int64_t offset, const std::string& id, const std::string& conversation = "",
             const std::string& account = "main") {
    return Step([&](DeliveryEffects& effects) {
      plan_->Take(offset, Message(id, conversation.empty() ? "c-" + id : conversation, account),
                  "00-1", now_, effects);
    });
  }

  Words At(int seconds) {
    now_ = kStart + absl::Seconds(seconds);
    return Step([](DeliveryEffects&) {});
  }

  Words Ended(const std::string& id, int attempt, SendOutcome outcome, double jitter = 0.5) {
    return Step([&](DeliveryEffects& effects) {
      plan_->SendEnded(id, attempt, outcome, now_, jitter, effects);
    });
  }

  Words Found(const std::string& id, int attempt, FindOutcome::Kind kind) {
    return Step([&](DeliveryEffects& effects) {
      FindOutcome outcome;
      outcome.kind = kind;
      outcome.sent.vendor_message_id = "SM-found";
      plan_->FindEnded(id, attempt, outcome, now_, effects);
    });
  }

  Words Receipt(const std::string& id, dv::Status status) {
    return Step([&](DeliveryEffects&) {
      dv::Delivery receipt;
      receipt.set_message_id(id);
      receipt.set_status(status);
      receipt.set_vendor_message_id("SM-" + id);
      log_.push_back(receipt);
      plan_->Heard(receipt);
    });
  }

  static SendOutcome Sent() {
    SendOutcome outcome;
    outcome.kind = SendOutcome::Kind::kSent;
    outcome.vendor_message_id = "SM1";
    return outcome;
  }
  static SendOutcome Of(SendOutcome::Kind kind, absl::Duration retry_after = absl::ZeroDuration(),
                        bool account_wide = false) {
    SendOutcome outcome;
    outcome.kind = kind;
    outcome.failure.set_reason(dv::Failure::REASON_VENDOR_DOWN);
    outcome.retry_after = retry_after;
    outcome.account_wide = account_wide;
    return outcome;
  }
  static SendOutcome Retry(absl::Duration retry_after = absl::ZeroDuration()) {
    return Of(SendOutcome::Kind::kRetry, retry_after);
  }
  static SendOutcome Ambiguous() { return Of(SendOutcome::Kind::kAmbiguous); }
  static SendOutcome Failed() { return Of(SendOutcome::Kind::kFailed); }

  // Applies one input and then ticks, as the loop does; what was wanted goes to the log.
  template <typename Input>
  Words Step(Input input) {
    DeliveryEffects effects;
    input(effects);
    plan_->Tick(now_, effects);
    Words words;
    for (const DeliveryRecord& record : effects.records) {
      log_.push_back(record.delivery);
      words.push_back(InWords(record.delivery));
    }
    for (const SenderCall& call : effects.sends) words.push_back("send " + Name(call));
    for (const SenderCall& call : effects.finds) words.push_back("find " + Name(call));
    last_ = effects;
    return words;
  }

  static std::string Name(const SenderCall& call) {
    return absl::StrCat(call.message->message_id(), " #", call.attempt.number);
  }

  static std::string InWords(const dv::Delivery& said) {
    static const auto* const kWords = new std::map<int, std::string>{
        {dv::STATUS_ATTEMPTING, "attempting"}, {dv::STATUS_SENT, "sent"},
        {dv::STATUS_FAILED, "failed"},         {dv::STATUS_UNKNOWN, "unknown"},
        {dv::STATUS_RETRYING, "retrying"},     {dv::STATUS_DELIVERED, "delivered"}};
    std::string words = absl::StrCat(kWords->at(said.status()), " ", said.message_id());
    if (said.attempt() > 0) absl::StrAppend(&words, " #", said.attempt());
    if (said.has_next_attempt_at()) {
      absl::StrAppend(&words, " until ",
                      absl::ToInt64Seconds(FromProto(said.next_attempt_at()) - kStart));
    }
    if (said.status() == dv::STATUS_FAILED) {
      absl::StrAppend(&words, " ", dv::Failure::Reason_Name(said.failure().reason()).substr(7));
    }
    return words;
  }

  absl::Time now_ = kStart;
  DeliveryRules rules_;
  std::unique_ptr<DeliveryPlan> plan_;
  std::vector<dv::Delivery> log_;
  DeliveryEffects last_;
};

}  // namespace trama::channels::testing
