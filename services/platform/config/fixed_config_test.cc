#include "services/platform/config/fixed_config.h"

#include <thread>

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

ConfigPtr Revision(int64_t revision) {
  auto snapshot = std::make_shared<config::v1::Snapshot>();
  snapshot->set_revision(revision);
  return std::make_shared<ConfigView>(snapshot);
}

TEST(FixedConfigTest, AListenerHearsEachNewRevision) {
  FixedConfig config;
  std::vector<int64_t> heard;
  const auto subscription =
      config.Subscribe([&](const ConfigPtr& view) { heard.push_back(view->revision()); });
  config.Set(Revision(1));
  config.Set(Revision(2));
  EXPECT_EQ(heard, (std::vector<int64_t>{1, 2}));
}

TEST(FixedConfigTest, AfterItsEndASubscriptionHearsNothing) {
  FixedConfig config;
  int heard = 0;
  auto subscription = config.Subscribe([&](const ConfigPtr&) { ++heard; });
  subscription.reset();
  config.Set(Revision(1));
  EXPECT_EQ(heard, 0);
}

TEST(FixedConfigTest, ASubscriptionMayOutliveTheConfiguration) {
  auto config = std::make_unique<FixedConfig>();
  auto subscription = config->Subscribe([](const ConfigPtr&) {});
  config.reset();
  subscription.reset();
}

TEST(FixedConfigTest, WaitReturnsWhenTheRevisionHasCome) {
  FixedConfig config;
  std::thread setter([&] { config.Set(Revision(3)); });
  const auto view = config.Wait(3, absl::Seconds(30));
  setter.join();
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ((*view)->revision(), 3);
}

TEST(FixedConfigTest, WaitNamesTheNewestRevisionWhenItsTimeIsUp) {
  FixedConfig config(Revision(2));
  const auto view = config.Wait(3, absl::Milliseconds(1));
  EXPECT_EQ(view.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(view.status().message().find("newest is 2"), absl::string_view::npos);
}

}  // namespace
}  // namespace trama::platform
