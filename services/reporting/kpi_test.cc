#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "services/reporting/kpi_fold.h"
#include "services/reporting/kpi_rows.h"

namespace trama::reporting {
namespace {

using conversation::v1::ConversationEvent;
using ::google::protobuf::util::TimeUtil;
using ::testing::IsEmpty;
using ::testing::SizeIs;

google::protobuf::Timestamp Moment(const char* text) {
  google::protobuf::Timestamp moment;
  EXPECT_TRUE(TimeUtil::FromString(text, &moment)) << text;
  return moment;
}

// Folds events as they come and asks for rows as a client does.
class KpiTest : public ::testing::Test {
 protected:
  KpiTest() {
    config::v1::Snapshot snapshot;
    config::v1::Resource& workspace = *snapshot.add_resources();
    workspace.mutable_metadata()->set_name("demo");
    workspace.mutable_workspace()->set_time_zone("America/Sao_Paulo");
    for (const auto& [queue, threshold] :
         {std::pair{"support", "30s"}, std::pair{"billing", "30s"}, std::pair{"vip", "10s"}}) {
      config::v1::Resource& resource = *snapshot.add_resources();
      resource.mutable_metadata()->set_workspace("demo");
      resource.mutable_metadata()->set_name(queue);
      resource.mutable_queue()->mutable_service_level()->set_threshold(threshold);
    }
    levels_ = ServiceLevels(snapshot);
    request_.set_workspace("demo");
    *request_.mutable_from() = Moment("2026-01-05T12:00:00Z");
    *request_.mutable_to() = Moment("2026-01-05T15:00:00Z");
    request_.set_interval(v1::INTERVAL_ALL);
  }

  ConversationEvent Event(const char* at, const std::string& queue = "support") {
    ConversationEvent event;
    event.set_workspace("demo");
    event.set_conversation_id("c1");
    event.set_channel("email");
    event.set_queue(queue);
    *event.mutable_occurred_at() = Moment(at);
    return event;
  }
  void Take(const ConversationEvent& event) {
    Folded folded;
    Fold(event, levels_, folded);
    for (const Increment& increment : folded.increments) {
      counted_[increment.group][increment.counter] += increment.by;
    }
  }
  void Queued(const char* at, const std::string& queue = "support") {
    ConversationEvent event = Event(at, queue);
    event.mutable_queued()->set_queue(queue);
    event.mutable_queued()->set_is_new_entry(true);
    *event.mutable_queued()->mutable_enqueued_at() = Moment(at);
    Take(event);
  }
  void Accepted(const char* enqueued_at, const char* at, int64_t waited_ms,
                const std::string& queue = "support") {
    ConversationEvent event = Event(at, queue);
    event.set_agent_id("ana");
    event.mutable_accepted()->set_agent_id("ana");
    event.mutable_accepted()->set_queue(queue);
    event.mutable_accepted()->set_waited_ms(waited_ms);
    *event.mutable_accepted()->mutable_enqueued_at() = Moment(enqueued_at);
    Take(event);
  }
  std::vector<v1::KpiRow> Ask() {
    const absl::StatusOr<Range> range =
        RangeOf(request_, levels_.ZoneOf("demo"), absl::FromUnixSeconds(1767625200));
    EXPECT_TRUE(range.ok()) << range.status();
    absl::StatusOr<std::vector<v1::KpiRow>> rows = Rows(request_, *range, counted_, levels_);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return *rows;
  }

  ServiceLevels levels_;
  CountersByGroup counted_;
  v1::GetKpisRequest request_;
};

TEST_F(KpiTest, ServiceLevelIsTheShareAnsweredWithinTheThreshold) {
  Queued("2026-01-05T12:00:00Z");
  Queued("2026-01-05T12:00:00Z");
  Accepted("2026-01-05T12:00:00Z", "2026-01-05T12:00:30Z", 30'000);
  Accepted("2026-01-05T12:00:00Z", "2026-01-05T12:00:31Z", 30'001);
  const std::vector<v1::KpiRow> rows = Ask();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].offered(), 2);
  EXPECT_EQ(rows[0].answered(), 2);
  EXPECT_DOUBLE_EQ(rows[0].service_level(), 0.5);
  EXPECT_EQ(rows[0].service_level_parameters().threshold_ms(), 30'000);
  EXPECT_DOUBLE_EQ(rows[0].asa_ms(), 30'000.5);
}

TEST_F(KpiTest, AnAnswerCountsInTheIntervalOfItsQueueEntry) {
  request_.set_interval(v1::INTERVAL_HOUR);
  Queued("2026-01-05T12:59:59Z");
  Accepted("2026-01-05T12:59:59Z", "2026-01-05T13:00:09Z", 10'000);
  const std::vector<v1::KpiRow> rows = Ask();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].interval_start(), Moment("2026-01-05T12:00:00Z"));
  EXPECT_EQ(rows[0].answered(), 1);
}

TEST_F(KpiTest, DaysAreThoseOfTheWorkspacesZone) {
  request_.set_interval(v1::INTERVAL_DAY);
  *request_.mutable_from() = Moment("2026-01-04T00:00:00Z");
  *request_.mutable_to() = Moment("2026-01-07T00:00:00Z");
  Queued("2026-01-05T02:59:59Z");  // 23:59:59 of the 4th in São Paulo.
  Queued("2026-01-05T03:00:00Z");
  const std::vector<v1::KpiRow> rows = Ask();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].interval_start(), Moment("2026-01-04T03:00:00Z"));
  EXPECT_EQ(rows[1].interval_start(), Moment("2026-01-05T03:00:00Z"));
}

TEST_F(KpiTest, ChannelsThatCannotTellShowNoAbandonment) {
  Queued("2026-01-05T12:00:00Z");
  EXPECT_FALSE(Ask()[0].has_abandoned());
}

TEST_F(KpiTest, QueuesWithDifferentThresholdsShareNoServiceLevel) {
  Queued("2026-01-05T12:00:00Z", "support");
  Queued("2026-01-05T12:00:00Z", "vip");
  Accepted("2026-01-05T12:00:00Z", "2026-01-05T12:00:05Z", 5'000, "vip");
  EXPECT_FALSE(Ask()[0].has_service_level());
  request_.add_group_by(v1::DIMENSION_QUEUE);
  const std::vector<v1::KpiRow> rows = Ask();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[1].queue(), "vip");
  EXPECT_DOUBLE_EQ(rows[1].service_level(), 1.0);
}

// WrapUpCompleted follows every Resolved (conversation_events.proto).
TEST_F(KpiTest, WithoutWrapUpItIsHandledOnce) {
  ConversationEvent event = Event("2026-01-05T12:10:00Z");
  event.set_state(conversation::v1::STATE_RESOLVED);
  event.mutable_resolved()->set_agent_id("ana");
  event.mutable_resolved()->set_active_ms(60'000);
  Take(event);
  ConversationEvent done = Event("2026-01-05T12:10:00Z");
  done.set_state(conversation::v1::STATE_RESOLVED);
  done.mutable_wrap_up_completed()->set_agent_id("ana");
  done.mutable_wrap_up_completed()->set_handle_ms(60'000);
  Take(done);
  EXPECT_EQ(Ask()[0].handled(), 1);
  EXPECT_DOUBLE_EQ(Ask()[0].aht_ms(), 60'000);
}

TEST_F(KpiTest, WithWrapUpItIsHandledOnceAndWithTheWrapUp) {
  ConversationEvent resolved = Event("2026-01-05T12:10:00Z");
  resolved.set_state(conversation::v1::STATE_WRAPPING);
  resolved.mutable_resolved()->set_agent_id("ana");
  resolved.mutable_resolved()->set_active_ms(60'000);
  Take(resolved);
  ConversationEvent done = Event("2026-01-05T12:11:00Z");
  done.mutable_wrap_up_completed()->set_agent_id("ana");
  done.mutable_wrap_up_completed()->set_handle_ms(90'000);
  Take(done);
  EXPECT_EQ(Ask()[0].handled(), 1);
  EXPECT_DOUBLE_EQ(Ask()[0].aht_ms(), 90'000);
}

TEST_F(KpiTest, ARevisedBreachIsTakenBack) {
  sla::v1::SlaEvent breached;
  breached.set_workspace("demo");
  *breached.mutable_occurred_at() = Moment("2026-01-05T12:10:00Z");
  *breached.mutable_due_at() = Moment("2026-01-05T12:10:00Z");
  sla::v1::SlaEvent revised = breached;
  breached.mutable_breached();
  revised.mutable_breach_revised();
  Folded folded;
  Fold(breached, folded);
  Fold(revised, folded);
  for (const Increment& increment : folded.increments) {
    counted_[increment.group][increment.counter] += increment.by;
  }
  EXPECT_EQ(Ask()[0].sla_breached(), 0);
}

TEST_F(KpiTest, AnotherWorkspaceSeesNothing) {
  Queued("2026-01-05T12:00:00Z");
  request_.set_workspace("acme");
  EXPECT_THAT(Ask(), IsEmpty());
}

TEST_F(KpiTest, AWaitingConversationIsOpenAndAResolvedOneIsNot) {
  ConversationEvent event = Event("2026-01-05T12:00:00Z");
  event.set_state(conversation::v1::STATE_OFFERED);
  Folded folded;
  Fold(event, levels_, folded);
  EXPECT_TRUE(folded.live.at(0).waiting);
  event.set_state(conversation::v1::STATE_RESOLVED);
  Fold(event, levels_, folded);
  EXPECT_FALSE(folded.live.at(1).open);
}

TEST_F(KpiTest, ARangeThatEndsBeforeItBeginsIsRefused) {
  *request_.mutable_to() = Moment("2026-01-05T11:00:00Z");
  EXPECT_EQ(RangeOf(request_, absl::UTCTimeZone(), absl::UnixEpoch()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trama::reporting
