#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "services/reporting/kpi_fold.h"
#include "services/reporting/kpi_rows.h"

// Every figure again from the stories themselves, by the words of its definition, without folding,
// buckets or counters, and compared with what the service shows.
namespace trama::reporting {
namespace {

using conversation::v1::ConversationEvent;
using ::google::protobuf::util::TimeUtil;

constexpr int kStories = 400;
constexpr int64_t kShortMs = 5'000;

// What happened with one conversation. Times are Unix milliseconds.
struct Story {
  std::string workspace, channel, queue, agent;
  int64_t enqueued = 0;
  std::optional<int64_t> answered;
  std::optional<int64_t> abandoned;
  std::optional<int64_t> first_reply;
  std::optional<int64_t> resolved;
  std::optional<int64_t> wrapped_up;
};

Story Draw(std::mt19937_64& random, int64_t from) {
  const auto below = [&](int64_t end) { return static_cast<int64_t>(random() % end); };
  Story story;
  story.workspace = below(2) == 0 ? "demo" : "other";
  story.channel = below(2) == 0 ? "email" : "webchat";
  story.queue = below(2) == 0 ? "support" : "billing";
  story.agent = below(2) == 0 ? "ana" : "bob";
  story.enqueued = from + below(int64_t{3} * 24 * 3600 * 1000);
  // Waits around the thresholds, to the millisecond.
  const int64_t wait = below(3) == 0 ? 19'999 + below(3) : below(90'000);
  const int64_t fate = below(10);
  if (fate < 2 && story.channel == "webchat") {
    story.abandoned = story.enqueued + (below(2) == 0 ? 4'999 + below(3) : wait);
  } else if (fate < 9) {
    story.answered = story.enqueued + wait;
    if (below(4) != 0) story.first_reply = *story.answered + below(600'000);
    if (below(4) != 0) {
      story.resolved = story.first_reply.value_or(*story.answered) + below(900'000);
      story.wrapped_up = *story.resolved + (below(2) == 0 ? 0 : below(120'000));
    }
  }
  return story;
}

ConversationEvent EventAt(const Story& story, int64_t at_ms) {
  ConversationEvent event;
  event.set_workspace(story.workspace);
  event.set_channel(story.channel);
  event.set_queue(story.queue);
  *event.mutable_occurred_at() = TimeUtil::MillisecondsToTimestamp(at_ms);
  return event;
}

// As routing tells it.
std::vector<ConversationEvent> EventsOf(const Story& story) {
  const google::protobuf::Timestamp enqueued = TimeUtil::MillisecondsToTimestamp(story.enqueued);
  std::vector<ConversationEvent> events;
  ConversationEvent& queued = events.emplace_back(EventAt(story, story.enqueued));
  queued.mutable_queued()->set_queue(story.queue);
  queued.mutable_queued()->set_is_new_entry(true);
  *queued.mutable_queued()->mutable_enqueued_at() = enqueued;
  if (story.abandoned) {
    auto& abandoned = *events.emplace_back(EventAt(story, *story.abandoned)).mutable_abandoned();
    abandoned.set_queue(story.queue);
    abandoned.set_waited_ms(*story.abandoned - story.enqueued);
    abandoned.set_is_short(abandoned.waited_ms() < kShortMs);
  }
  if (story.answered) {
    auto& accepted = *events.emplace_back(EventAt(story, *story.answered)).mutable_accepted();
    accepted.set_queue(story.queue);
    accepted.set_agent_id(story.agent);
    accepted.set_waited_ms(*story.answered - story.enqueued);
    *accepted.mutable_enqueued_at() = enqueued;
  }
  if (story.first_reply) {
    auto& reply = *events.emplace_back(EventAt(story, *story.first_reply)).mutable_reply_sent();
    reply.set_queue(story.queue);
    reply.set_agent_id(story.agent);
    reply.set_is_human_public(true);
    reply.set_is_first(true);
    reply.set_first_response_ms(*story.first_reply - story.enqueued);
  }
  if (story.resolved) {
    auto& resolved = *events.emplace_back(EventAt(story, *story.resolved)).mutable_resolved();
    resolved.set_queue(story.queue);
    resolved.set_agent_id(story.agent);
    auto& done =
        *events.emplace_back(EventAt(story, *story.wrapped_up)).mutable_wrap_up_completed();
    done.set_queue(story.queue);
    done.set_agent_id(story.agent);
    done.set_handle_ms(*story.wrapped_up - *story.answered);
  }
  return events;
}

// The figures of one row, as numbers that can be compared and printed.
struct Figures {
  int64_t offered = 0, answered = 0, in_threshold = 0, handled = 0, first_responses = 0;
  int64_t abandoned = 0, short_abandoned = 0, resolved = 0;
  double waited_ms = 0, handled_ms = 0, first_response_ms = 0;  // Sums.
};

class KpiRecomputeTest : public ::testing::TestWithParam<const char*> {
 protected:
  KpiRecomputeTest() {
    EXPECT_TRUE(absl::LoadTimeZone(GetParam(), &zone_));
    config::v1::Snapshot snapshot;
    for (const char* name : {"demo", "other"}) {
      config::v1::Resource& workspace = *snapshot.add_resources();
      workspace.mutable_metadata()->set_name(name);
      workspace.mutable_workspace()->set_time_zone(GetParam());
      for (const char* queue : {"support", "billing"}) {
        config::v1::Resource& resource = *snapshot.add_resources();
        resource.mutable_metadata()->set_workspace(name);
        resource.mutable_metadata()->set_name(queue);
        auto& level = *resource.mutable_queue()->mutable_service_level();
        level.set_threshold("20s");
        level.set_include_abandoned(true);
      }
    }
    levels_ = ServiceLevels(snapshot);
  }

  // "<from>|<channel>|<queue>|<agent>", of the interval in which a moment lies.
  std::string KeyOf(const v1::GetKpisRequest& request, const Story& story, int64_t at_ms,
                    const std::string& agent) const {
    const absl::Time at = absl::FromUnixMillis(at_ms);
    int64_t from = 0;
    if (request.interval() == v1::INTERVAL_DAY) {
      from = absl::ToUnixSeconds(absl::FromCivil(absl::ToCivilDay(at, zone_), zone_));
    } else if (request.interval() == v1::INTERVAL_HOUR) {
      // All zones of this test are whole hours or half an hour off.
      const int64_t half = 1800;
      const int64_t offset = zone_.At(at).offset % 3600 == 0 ? 0 : half;
      const int64_t seconds = absl::ToUnixSeconds(at) + offset;
      from = seconds - seconds % 3600 - offset;
    }
    std::string key = absl::StrCat(from);
    for (const auto& [dimension, value] :
         {std::pair(v1::DIMENSION_CHANNEL, story.channel),
          std::pair(v1::DIMENSION_QUEUE, story.queue), std::pair(v1::DIMENSION_AGENT, agent)}) {
      const bool wanted =
          std::count(request.group_by().begin(), request.group_by().end(), dimension) > 0;
      absl::StrAppend(&key, "|", wanted ? value : "");
    }
    return key;
  }

  std::map<std::string, Figures> Recompute(const v1::GetKpisRequest& request) const {
    std::map<std::string, Figures> all;
    for (const Story& story : stories_) {
      if (story.workspace != request.workspace()) continue;
      const auto at = [&](int64_t ms, const std::string& agent) -> Figures& {
        return all[KeyOf(request, story, ms, agent)];
      };
      ++at(story.enqueued, "").offered;
      if (story.abandoned) {
        Figures& figures = at(story.enqueued, "");
        ++(*story.abandoned - story.enqueued < kShortMs ? figures.short_abandoned
                                                        : figures.abandoned);
      }
      if (story.answered) {
        const int64_t waited = *story.answered - story.enqueued;
        Figures& figures = at(story.enqueued, story.agent);
        ++figures.answered;
        figures.waited_ms += static_cast<double>(waited);
        if (waited <= 20'000) ++figures.in_threshold;
      }
      if (story.first_reply) {
        Figures& figures = at(*story.first_reply, story.agent);
        ++figures.first_responses;
        figures.first_response_ms += static_cast<double>(*story.first_reply - story.enqueued);
      }
      if (story.resolved) {
        ++at(*story.resolved, story.agent).resolved;
        Figures& figures = at(*story.wrapped_up, story.agent);
        ++figures.handled;
        figures.handled_ms += static_cast<double>(*story.wrapped_up - *story.answered);
      }
    }
    return all;
  }

  static void ExpectEqual(const v1::KpiRow& row, const Figures& figures) {
    EXPECT_EQ(row.offered(), figures.offered);
    EXPECT_EQ(row.answered(), figures.answered);
    EXPECT_EQ(row.answered_in_threshold(), figures.in_threshold);
    EXPECT_EQ(row.abandoned(), figures.abandoned);
    EXPECT_EQ(row.short_abandoned(), figures.short_abandoned);
    EXPECT_EQ(row.handled(), figures.handled);
    EXPECT_EQ(row.resolved(), figures.resolved);
    EXPECT_EQ(row.first_responses(), figures.first_responses);
    const auto mean = [](double sum, int64_t count) {
      return count == 0 ? 0 : sum / static_cast<double>(count);
    };
    EXPECT_DOUBLE_EQ(row.asa_ms(), mean(figures.waited_ms, figures.answered));
    EXPECT_DOUBLE_EQ(row.aht_ms(), mean(figures.handled_ms, figures.handled));
    EXPECT_DOUBLE_EQ(row.first_response_ms(),
                     mean(figures.first_response_ms, figures.first_responses));
    const int64_t denominator = figures.answered + figures.abandoned;
    EXPECT_EQ(row.has_service_level(), denominator > 0 && figures.offered + figures.answered > 0);
    if (!row.has_service_level()) return;
    EXPECT_DOUBLE_EQ(row.service_level(),
                     mean(static_cast<double>(figures.in_threshold), denominator));
    EXPECT_EQ(row.service_level_parameters().threshold_ms(), 20'000);
    EXPECT_TRUE(row.service_level_parameters().includes_abandoned());
  }

  absl::TimeZone zone_;
  ServiceLevels levels_;
  std::vector<Story> stories_;
};

TEST_P(KpiRecomputeTest, EveryFigureIsWhatItsDefinitionSays) {
  // Three days around a change of the clocks in Lisbon.
  const int64_t from = absl::ToUnixMillis(absl::FromUnixSeconds(1774656000));
  std::mt19937_64 random(20260328);
  CountersByGroup counted;
  for (int i = 0; i < kStories; ++i) {
    stories_.push_back(Draw(random, from));
    for (const ConversationEvent& event : EventsOf(stories_.back())) {
      Folded folded;
      Fold(event, levels_, folded);
      for (const Increment& each : folded.increments) counted[each.group][each.counter] += each.by;
    }
  }
  for (const char* workspace : {"demo", "other"}) {
    for (const v1::Interval interval : {v1::INTERVAL_ALL, v1::INTERVAL_DAY, v1::INTERVAL_HOUR}) {
      for (int dimensions = 0; dimensions < 8; ++dimensions) {
        v1::GetKpisRequest request;
        request.set_workspace(workspace);
        request.set_interval(interval);
        *request.mutable_from() = TimeUtil::MillisecondsToTimestamp(from);
        *request.mutable_to() = TimeUtil::MillisecondsToTimestamp(from + 4 * 24 * 3'600'000);
        for (int bit = 0; bit < 3; ++bit) {
          if ((dimensions & 1 << bit) != 0) request.add_group_by(v1::Dimension(bit + 1));
        }
        const auto range = RangeOf(request, levels_.ZoneOf(workspace), absl::InfiniteFuture());
        ASSERT_TRUE(range.ok()) << range.status();
        const auto rows = Rows(request, *range, counted, levels_);
        ASSERT_TRUE(rows.ok()) << rows.status();
        std::map<std::string, Figures> expected = Recompute(request);
        for (const v1::KpiRow& row : *rows) {
          const int64_t start = interval == v1::INTERVAL_ALL ? 0 : row.interval_start().seconds();
          const std::string key =
              absl::StrCat(start, "|", row.channel(), "|", row.queue(), "|", row.agent_id());
          SCOPED_TRACE(absl::StrCat(workspace, " ", request.ShortDebugString(), " ", key));
          ExpectEqual(row, expected[key]);
          expected.erase(key);
        }
        EXPECT_TRUE(expected.empty()) << expected.begin()->first << " is missing";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, KpiRecomputeTest,
                         ::testing::Values("UTC", "America/Sao_Paulo", "Europe/Lisbon",
                                           "Asia/Kolkata"));

}  // namespace
}  // namespace trama::reporting
