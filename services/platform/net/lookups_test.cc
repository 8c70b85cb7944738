#include "services/platform/net/lookups.h"

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/wait_until.h"
#include "services/platform/net/connect.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/net/serial_executor.h"
#include "services/platform/net/testing/scripted_peer.h"

namespace trama::platform {
namespace {

namespace asio = boost::asio;

constexpr absl::Duration kShort = absl::Milliseconds(50);
constexpr absl::Duration kLong = absl::Seconds(20);
constexpr std::chrono::seconds kGiveUp{30};

// Names that begin with "dead" have no answer until Release; all others lie on this machine.
class LookupsTest : public ::testing::Test {
 protected:
  LookupsTest() {
    asio::make_service<Lookups>(io_->context(),
                                [this](const std::string& host) { return LookUp(host); });
  }
  ~LookupsTest() override {
    Release();
    io_.reset();
  }

  LookupResult LookUp(const std::string& host) {
    ++asked_;
    if (absl::StartsWith(host, "dead")) {
      ++stuck_;
      released_.wait();
    }
    return {.addresses = {asio::ip::make_address("127.0.0.1")}};
  }
  void Release() {
    if (!released_.try_wait()) released_.count_down();
  }
  std::future<LookupResult> Find(const std::string& host, absl::Duration limit) {
    const auto promise = std::make_shared<std::promise<LookupResult>>();
    asio::co_spawn(SerialExecutor(io_->context()), Lookups::Find(host, limit),
                   [promise](std::exception_ptr, LookupResult result) {
                     promise->set_value(std::move(result));
                   });
    return promise->get_future();
  }
  static LookupResult Of(std::future<LookupResult> future) {
    if (future.wait_for(kGiveUp) == std::future_status::ready) return future.get();
    ADD_FAILURE() << "no answer";
    return {};
  }
  absl::Status Connected(const std::string& host, uint16_t port) {
    std::promise<absl::Status> promise;
    asio::co_spawn(SerialExecutor(io_->context()), Connect({.host = host, .port = port}, kLong),
                   [&](std::exception_ptr, absl::StatusOr<Stream> stream) {
                     promise.set_value(stream.status());
                   });
    return promise.get_future().get();
  }
  // Takes every thread, for names for which nobody waits any more after a while.
  void FillPool() {
    ASSERT_TRUE(WaitUntil([&] {
      for (size_t i = 0; i < Lookups::kThreadsMax; ++i) Find(absl::StrCat("dead-", i), kShort);
      return stuck_ == Lookups::kThreadsMax;
    }));
  }

  std::latch released_{1};
  std::atomic<size_t> asked_ = 0;
  std::atomic<size_t> stuck_ = 0;
  std::unique_ptr<IoThreads> io_ = std::make_unique<IoThreads>(2);
};

TEST_F(LookupsTest, ADeadNameHoldsUpNobodyHoweverOftenItIsAskedFor) {
  std::vector<std::future<LookupResult>> dead;
  for (size_t i = 0; i < 3 * Lookups::kThreadsMax; ++i) dead.push_back(Find("dead.test", kLong));
  ASSERT_TRUE(WaitUntil([&] { return stuck_ == 1; }));
  EXPECT_FALSE(Of(Find("alive.test", kLong)).error);
  EXPECT_EQ(asked_, 2u) << "the dead name once";
  Release();
  for (auto& each : dead) EXPECT_EQ(Of(std::move(each)).addresses.size(), 1u);
}

TEST_F(LookupsTest, ALookupIsAbandonedAtItsDeadline) {
  EXPECT_EQ(Of(Find("dead.test", kShort)).error, asio::error::timed_out);
  EXPECT_EQ(Of(Find("dead.test", kShort)).error, asio::error::timed_out);
  Release();
  EXPECT_FALSE(Of(Find("dead.test", kLong)).error);
}

TEST_F(LookupsTest, AbandonedOnesKeepTheirThreadUntilTheyEnd) {
  FillPool();
  EXPECT_EQ(Of(Find("alive.test", kShort)).error, asio::error::timed_out);
  EXPECT_EQ(asked_, Lookups::kThreadsMax) << "no thread was left";
  std::future<LookupResult> waiting = Find("later.test", kLong);
  Release();
  EXPECT_FALSE(Of(std::move(waiting)).error);
  EXPECT_EQ(asked_, Lookups::kThreadsMax + 1) << "nobody waited for alive.test any more";
}

TEST_F(LookupsTest, NamesThatWaitAreBounded) {
  constexpr int kTooMany = 5;
  FillPool();
  std::vector<std::future<LookupResult>> waiting;
  for (size_t i = Lookups::kThreadsMax; i < Lookups::kNamesMax + kTooMany; ++i) {
    waiting.push_back(Find(absl::StrCat("name-", i), kLong));
  }
  const auto answered = [](const std::future<LookupResult>& each) {
    return each.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  EXPECT_TRUE(WaitUntil([&] { return absl::c_count_if(waiting, answered) == kTooMany; }));
  Release();
  int refused = 0;
  for (auto& each : waiting) refused += Of(std::move(each)).error == asio::error::try_again;
  EXPECT_EQ(refused, kTooMany);
}

TEST_F(LookupsTest, TheContextMayEndWhileNamesAreLookedUp) {
  FillPool();
  for (int i = 0; i < 3; ++i) Find(absl::StrCat("name-", i), kLong);
  Find("dead-0", kLong);
  Release();
  io_.reset();
}

TEST_F(LookupsTest, AnAddressNeedsNoLookup) {
  ScriptedPeer peer([](TestSocket& socket, int) { socket.ReadAll(); });
  FillPool();
  EXPECT_TRUE(Connected("127.0.0.1", peer.port()).ok());
  EXPECT_EQ(asked_, Lookups::kThreadsMax);
}

TEST_F(LookupsTest, ANameIsConnectedToWhereItLies) {
  ScriptedPeer peer([](TestSocket& socket, int) { socket.ReadAll(); });
  const absl::Status connected = Connected("alive.test", peer.port());
  EXPECT_TRUE(connected.ok()) << connected;
}

TEST(LookUpInSystemTest, KnowsThisMachineAndNoNonsense) {
  EXPECT_FALSE(LookUpInSystem("localhost").addresses.empty());
  const LookupResult nonsense = LookUpInSystem("no host.invalid");
  EXPECT_TRUE(nonsense.error);
  EXPECT_TRUE(nonsense.addresses.empty());
}

}  // namespace
}  // namespace trama::platform
