#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "tools/loadgen/arrivals.h"
#include "tools/loadgen/channel.h"
#include "tools/loadgen/ledger.h"

namespace trama::loadgen {

struct CustomerPlan {
  std::string run;  // Makes the ids of this run its own.
  uint64_t seed = 1;
  Pattern pattern = Pattern::kConstant;
  double rate = 10;  // Messages a second over all channels, the mean of the run.
  absl::Duration duration = absl::Seconds(10);
  // How many of the messages are written by somebody who has written before in this run.
  double returning = 0;
  // What each channel gets of the messages, by weight.
  std::map<std::string, double> shares;
  // A message that is not taken is tried so often in all, as vendors do, with the same id.
  int attempts_max = 10;
};

// Sends what customers write, at its time whatever the answers are (an open loop: a slow stack does
// not slow the customers down). Who writes when and on which channel is decided by the seed.
class Customers {
 public:
  Customers(CustomerPlan plan, std::map<std::string, std::unique_ptr<Channel>>& channels,
            boost::asio::io_context& io, Ledger& ledger);

  // Blocks until everything is sent and answered, or given up.
  void Run(absl::Time begin);

 private:
  struct Customer {
    std::string channel;
    int64_t number = 0;
  };

  Customer Choose();
  void Attempt(size_t number, const std::string& channel, CustomerMessage message, int attempt);

  const CustomerPlan plan_;
  std::map<std::string, std::unique_ptr<Channel>>& channels_;
  boost::asio::io_context& io_;
  Ledger& ledger_;
  std::mt19937_64 random_;
  std::vector<std::string> names_;
  std::vector<double> weights_;
  std::vector<Customer> known_;
  std::map<std::string, int64_t> numbers_;  // Of the next new customer, by channel.
  std::atomic<int64_t> open_ = 0;
};

}  // namespace trama::loadgen
