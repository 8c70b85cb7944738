#include "services/routing/threads.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::routing {
namespace {

using ::testing::ElementsAre;

std::vector<uint64_t> Found(const Threads& threads, uint64_t name) {
  std::vector<uint64_t> found;
  threads.Search(name, [&](uint64_t conversation) {
    found.push_back(conversation);
    return false;
  });
  return found;
}

TEST(ThreadsTest, ThoseThatCameTogetherAreFoundBesideThoseBefore) {
  std::vector<v1::ConversationRow> rows(4);
  for (int i = 0; i < 4; ++i) {
    rows[i].set_workspace("demo");
    rows[i].set_channel_account("help");
    rows[i].set_opened_at_ms(i == 1 ? 50 : 10 * i);
    rows[i].add_thread_keys("+5511");
    rows[i].add_vendor_message_ids(absl::StrCat("m", i));
  }
  Threads threads;
  threads.Add(3, rows[3]);
  for (const uint64_t i : {2, 0, 1}) threads.Load(i, rows[i]);
  threads.Restore();

  EXPECT_EQ(threads.size(), 8u);
  // The one that was opened last comes first.
  EXPECT_THAT(Found(threads, Threads::OfThreadKey("demo", "+5511")), ElementsAre(1, 3, 2, 0));
  for (uint64_t i = 0; i < 4; ++i) {
    EXPECT_THAT(Found(threads, Threads::OfVendorId("demo", "help", absl::StrCat("m", i))),
                ElementsAre(i));
  }
}

}  // namespace
}  // namespace trama::routing
