#include "tools/loadgen/customers.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/pause.h"
#include "tools/loadgen/later.h"

namespace trama::loadgen {
namespace {

constexpr absl::Duration kSendPauseFirst = absl::Milliseconds(100);
constexpr absl::Duration kSendPauseMax = absl::Seconds(2);
constexpr absl::Duration kOpenLook = absl::Milliseconds(20);

constexpr const char* kTexts[] = {
    "Hello, where is my parcel? It should have been here on Monday.",
    "Is the shop in the old town open on Saturday?",
    "I was charged twice in May, please have a look.",
    "The left shoe is a 42 and the right one a 43.",
    "Thank you, that was quick! One more question: can I change the address?"};

}  // namespace

Customers::Customers(CustomerPlan plan, std::map<std::string, std::unique_ptr<Channel>>& channels,
                     boost::asio::io_context& io, Ledger& ledger)
    : plan_(std::move(plan)), channels_(channels), io_(io), ledger_(ledger), random_(plan_.seed) {
  for (const auto& [name, weight] : plan_.shares) {
    names_.push_back(name);
    weights_.push_back(weight);
    // Customers of another seed are other people.
    numbers_[name] = static_cast<int64_t>(plan_.seed % 1'000) * 50'000;
  }
}

Customers::Customer Customers::Choose() {
  const bool returns = std::bernoulli_distribution(plan_.returning)(random_);
  if (returns && !known_.empty()) {
    return known_[std::uniform_int_distribution<size_t>(0, known_.size() - 1)(random_)];
  }
  std::discrete_distribution<size_t> pick(weights_.begin(), weights_.end());
  const std::string& channel = names_[pick(random_)];
  known_.push_back({channel, numbers_[channel]++});
  return known_.back();
}

void Customers::Run(absl::Time begin) {
  Arrivals arrivals(plan_.pattern, plan_.rate, plan_.duration, plan_.seed);
  size_t number = 0;
  while (const std::optional<absl::Duration> at = arrivals.Next()) {
    const Customer customer = Choose();
    Channel& channel = *channels_.at(customer.channel);
    CustomerMessage message;
    message.vendor_id = channel.VendorId(plan_.run, static_cast<int64_t>(number));
    message.customer = customer.number;
    message.text = kTexts[random_() % std::size(kTexts)];
    Sent sent;
    sent.vendor_id = message.vendor_id;
    sent.channel = customer.channel;
    sent.customer = channel.Customer(customer.number);
    sent.due = begin + *at;
    absl::SleepFor(sent.due - absl::Now());
    ledger_.Sending(number, std::move(sent));
    ++open_;
    Attempt(number, customer.channel, std::move(message), 1);
    ++number;
  }
  while (open_ > 0) absl::SleepFor(kOpenLook);
}

void Customers::Attempt(size_t number, const std::string& channel, CustomerMessage message,
                        int attempt) {
  CustomerMessage again = message;
  channels_.at(channel)->Send(std::move(message), [=, this](loadgen::Attempt came) {
    const bool is_accepted = came.kind == loadgen::Attempt::Kind::kAccepted;
    ledger_.Answered(number, came.answer, is_accepted, came.kind == loadgen::Attempt::Kind::kBroken,
                     came.last_byte, absl::Now());
    if (is_accepted || attempt >= plan_.attempts_max) {
      --open_;
      return;
    }
    const absl::Duration pause = DoublingPause(kSendPauseFirst, kSendPauseMax, attempt);
    Later(io_, pause, [=, this] { Attempt(number, channel, again, attempt + 1); });
  });
}

}  // namespace trama::loadgen
