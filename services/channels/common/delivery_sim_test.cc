// A seeded world for DeliveryPlan in which the process may die between any two steps: the vendor
// never has a message twice, a conversation stays in order, and everything comes to an end.

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/channels/common/delivery_plan.h"

namespace trama::channels {
namespace {

namespace dv = delivery::v1;

constexpr int kMessages = 24;
constexpr int kConversations = 6;
constexpr int kStepsOfFaults = 600;
constexpr int kStepsMax = 20'000;

// A call that has begun: the vendor acts, then its answer arrives. Death may come before and after
// either.
struct Call {
  SenderCall call;
  bool is_find = false;
  bool vendor_acted = false;
  SendOutcome sent;
  FindOutcome found;
};

class World {
 public:
  explicit World(uint64_t seed) : dice_(seed) {
    for (int i = 0; i < kMessages; ++i) {
      auto message = std::make_shared<outbound::v1::OutboundMessage>();
      message->set_message_id(absl::StrCat("m", i));
      message->set_conversation_id(absl::StrCat("c", i % kConversations));
      message->set_workspace("demo");
      message->set_channel_account("main");
      topic_.push_back(std::move(message));
    }
    StartProcess();
  }

  void Run() {
    for (int step = 0; step < kStepsMax && !AllFinished(); ++step) {
      faults_ = step < kStepsOfFaults;
      if (faults_ && Chance(4)) {
        StartProcess();
      } else {
        Step();
      }
      if (::testing::Test::HasFailure()) return;
    }
    EXPECT_TRUE(AllFinished()) << "something waits for ever";
  }

 private:
  bool Chance(int percent) { return static_cast<int>(dice_() % 100) < percent; }
  size_t Pick(size_t count) { return dice_() % count; }

  // What the one before had in memory is gone; the log is what it is.
  void StartProcess() {
    DeliveryRules rules{.channel = "sms"};
    rules.age_max = absl::Hours(10'000);  // Nobody is to escape by growing old.
    plan_ = std::make_unique<DeliveryPlan>(rules);
    plan_->SetAccounts(DeliveryAccounts{{"demo/main", DeliveryAccount{}}});
    for (const dv::Delivery& record : log_) plan_->Recall(record);
    calls_.clear();
    next_ = 0;
  }

  bool AllFinished() const {
    return next_ == topic_.size() && plan_->open() == 0 && calls_.empty();
  }

  void Step() {
    DeliveryEffects effects;
    const int what = static_cast<int>(Pick(4));
    if (what == 0 && next_ < topic_.size()) {
      plan_->Take(static_cast<int64_t>(next_), topic_[next_], "", now_, effects);
      ++next_;
    } else if (what == 1 && !calls_.empty()) {
      GoOn(Pick(calls_.size()), effects);
    } else if (what == 2) {
      BringReceipt();
    } else {
      const absl::Time due = plan_->NextDeadline();
      if (due != absl::InfiniteFuture()) now_ = std::max(now_, due);
      now_ += absl::Milliseconds(Pick(2000));
    }
    plan_->Tick(now_, effects);
    Commit(effects);
  }

  void Commit(const DeliveryEffects& effects) {
    if (faults_ && !effects.records.empty() && Chance(5)) return StartProcess();  // Not written.
    for (const DeliveryRecord& record : effects.records) log_.push_back(record.delivery);
    if (faults_ && Chance(2)) return StartProcess();  // Written, and nobody was called.
    for (const SenderCall& call : effects.sends) calls_.push_back({.call = call, .is_find = false});
    for (const SenderCall& call : effects.finds) calls_.push_back({.call = call, .is_find = true});
  }

  void GoOn(size_t index, DeliveryEffects& effects) {
    Call& call = calls_[index];
    const std::string id = call.call.message->message_id();
    const int32_t attempt = call.call.attempt.number;
    if (!call.vendor_acted) {
      call.vendor_acted = true;
      call.is_find ? LookUp(id, call) : TakeIn(id, call);
      return;
    }
    const Call ended = call;
    calls_.erase(calls_.begin() + static_cast<ptrdiff_t>(index));
    if (ended.is_find) {
      plan_->FindEnded(id, attempt, ended.found, now_, effects);
    } else {
      plan_->SendEnded(id, attempt, ended.sent, now_, 0.5, effects);
    }
  }

  // The vendor gets a send: it takes it, is busy, or its answer is lost, with the message or not.
  void TakeIn(const std::string& id, Call& call) {
    using Kind = SendOutcome::Kind;
    const Kind kind = !faults_ || Chance(50) ? Kind::kSent
                      : Chance(50)           ? Kind::kRetry
                                             : Kind::kAmbiguous;
    call.sent.kind = kind;
    if (kind == Kind::kRetry || (kind == Kind::kAmbiguous && Chance(50))) return;
    call.sent.vendor_message_id = "SM-" + id;
    EXPECT_EQ(++copies_[id], 1) << id << " left twice";
    const int number = std::stoi(id.substr(1));
    int& newest = newest_of_[number % kConversations];
    EXPECT_LE(newest, number) << "a conversation is out of order";
    newest = number;
  }

  // Truthful, but for an attempt whose process died: then nobody may be able to tell.
  void LookUp(const std::string& id, Call& call) {
    using Kind = FindOutcome::Kind;
    call.found.kind = copies_.contains(id) ? Kind::kFound : Kind::kNotFound;
    call.found.sent.vendor_message_id = "SM-" + id;
    if (IsLost(id) && faults_ && Chance(40)) {
      call.found.kind = Chance(50) ? Kind::kCannotTell : Kind::kTryLater;
    }
  }

  bool IsLost(const std::string& id) const {
    for (auto record = log_.rbegin(); record != log_.rend(); ++record) {
      if (record->message_id() == id) return record->attempt_lost();
    }
    return false;
  }

  void BringReceipt() {
    if (copies_.empty() || !Chance(20)) return;
    const auto one = std::next(copies_.begin(), static_cast<ptrdiff_t>(Pick(copies_.size())));
    dv::Delivery receipt;
    receipt.set_message_id(one->first);
    receipt.set_status(dv::STATUS_DELIVERED);
    log_.push_back(receipt);
    plan_->Heard(receipt);
  }

  std::mt19937_64 dice_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  std::vector<OutboundPtr> topic_;
  size_t next_ = 0;
  std::vector<dv::Delivery> log_;
  std::vector<Call> calls_;
  std::unique_ptr<DeliveryPlan> plan_;
  std::map<std::string, int> copies_;  // What the vendor has.
  std::map<int, int> newest_of_;       // By conversation.
  bool faults_ = true;
};

TEST(DeliverySim, DeathBetweenAnyTwoStepsSendsNothingTwice) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    World(seed).Run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace trama::channels
