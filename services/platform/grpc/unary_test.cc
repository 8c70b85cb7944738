#include "services/platform/grpc/unary.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/grpc/testing/scripted_service.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

using UnaryTest = ScriptedServiceTest;

TEST_F(UnaryTest, AnswersACall) {
  Serve();
  service_->blocking = [](const Call&, const GetCustomerRequest& request) {
    GetCustomerResponse response;
    response.mutable_customer()->set_customer_id(request.customer_id());
    return response;
  };
  EXPECT_EQ(GetCustomer({}, "c-1")->customer().customer_id(), "c-1");
}

TEST_F(UnaryTest, ErrorsArriveWithTheirDetails) {
  Serve();
  service_->blocking = [](const Call&, const GetCustomerRequest&) {
    return InvalidField("customer_id", "c-1", "does not exist");
  };
  const absl::Status status = GetCustomer().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(FieldViolationsOf(status),
              ElementsAre(FieldViolation{"customer_id", "\"c-1\" does not exist"}));
}

TEST_F(UnaryTest, HandlerSeesDeadlineAndTrace) {
  Serve();
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  Call seen;
  service_->blocking = [&](const Call& call, const GetCustomerRequest&) {
    seen.deadline = call.deadline;
    seen.traceparent = call.traceparent;
    seen.trace_id = call.trace_id;
    return GetCustomerResponse();
  };
  const absl::Time start = absl::Now();
  ASSERT_TRUE(GetCustomer({.timeout = absl::Seconds(30), .traceparent = trace}).ok());
  EXPECT_GT(seen.deadline, start + absl::Seconds(1));
  EXPECT_LE(seen.deadline, absl::Now() + absl::Seconds(31));  // The wire rounds it up.
  EXPECT_EQ(seen.traceparent, trace);
  EXPECT_EQ(seen.trace_id, "0af7651916cd43dd8448eb211c80319c");
}

TEST_F(UnaryTest, LongAndMissingDeadlinesAreCut) {
  Serve({.deadline_default = absl::Seconds(3), .deadline_max = absl::Seconds(40)});
  absl::Time deadline;
  service_->blocking = [&](const Call& call, const GetCustomerRequest&) {
    deadline = call.deadline;
    return GetCustomerResponse();
  };
  absl::Time start = absl::Now();
  ASSERT_TRUE(GetCustomer({.timeout = absl::Hours(5)}).ok());
  EXPECT_GE(deadline, start + absl::Seconds(40));
  EXPECT_LE(deadline, absl::Now() + absl::Seconds(40));

  start = absl::Now();
  ASSERT_TRUE(GetCustomer({.timeout = absl::InfiniteDuration()}).ok());
  EXPECT_GE(deadline, start + absl::Seconds(3));
  EXPECT_LE(deadline, absl::Now() + absl::Seconds(3));
}

TEST_F(UnaryTest, MethodMayHaveItsOwnLongestDeadline) {
  Serve();
  absl::Time deadline;
  service_->async = [&](const UnaryReply<ResolveResponse>& reply) {
    deadline = reply.call().deadline;
    reply.Finish(ResolveResponse());
  };
  for (const absl::Duration timeout : {absl::Hours(1), absl::InfiniteDuration()}) {
    const absl::Time start = absl::Now();
    ASSERT_TRUE(Resolve({.timeout = timeout}).ok());
    EXPECT_GE(deadline, start + kResolveDeadlineMax);
    EXPECT_LE(deadline, absl::Now() + kResolveDeadlineMax);
  }
}

TEST_F(UnaryTest, CallBeginsATraceWhenTheClientHasNone) {
  Serve();
  std::string trace_id;
  service_->blocking = [&](const Call& call, const GetCustomerRequest&) {
    trace_id = call.trace_id;
    return GetCustomerResponse();
  };
  ASSERT_TRUE(GetCustomer().ok());
  EXPECT_THAT(trace_id, SizeIs(32));
}

TEST_F(UnaryTest, FullWorkerQueueIsRefusedWithARetryDelay) {
  Serve({}, /*threads=*/1, /*queue_max=*/1);
  std::promise<void> started;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::atomic<int> calls = 0;
  service_->blocking = [&](const Call&, const GetCustomerRequest&) {
    if (calls++ == 0) started.set_value();
    released.wait();
    return GetCustomerResponse();
  };
  std::future<absl::Status> running = GetCustomerLater();
  started.get_future().wait();
  ASSERT_TRUE(fixture_->workers().Submit([] {}));  // Fills the queue.

  const absl::Status refused = GetCustomer().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused), "BUSY");
  EXPECT_TRUE(RetryDelayOf(refused).has_value());
  release.set_value();
  EXPECT_TRUE(running.get().ok());
}

TEST_F(UnaryTest, CallsBeyondTheLimitAreRefusedUntilOneEnds) {
  Serve({.calls_max = 1});
  std::promise<UnaryReply<ResolveResponse>> held;
  service_->async = [&](UnaryReply<ResolveResponse> reply) { held.set_value(std::move(reply)); };
  std::future<absl::Status> first =
      std::async(std::launch::async, [&] { return Resolve().status(); });
  {
    const UnaryReply<ResolveResponse> reply = held.get_future().get();
    EXPECT_EQ(ErrorReason(GetCustomer().status()), "BUSY");
    reply.Finish(ResolveResponse());
  }
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(GetCustomer().ok());
}

TEST_F(UnaryTest, AMethodAtItsOwnLimitLeavesRoomToTheOthers) {
  Serve();
  MethodLimit one(1);
  service_->resolve_limit = &one;
  std::promise<UnaryReply<ResolveResponse>> held;
  service_->async = [&](UnaryReply<ResolveResponse> reply) { held.set_value(std::move(reply)); };
  std::future<absl::Status> first =
      std::async(std::launch::async, [&] { return Resolve().status(); });
  {
    const UnaryReply<ResolveResponse> reply = held.get_future().get();
    EXPECT_EQ(ErrorReason(Resolve().status()), "BUSY");
    EXPECT_TRUE(GetCustomer().ok());
    reply.Finish(ResolveResponse());
  }
  EXPECT_TRUE(first.get().ok());
  service_->async = [](const UnaryReply<ResolveResponse>& reply) {
    reply.Finish(ResolveResponse());
  };
  EXPECT_TRUE(Resolve().ok());
}

TEST_F(UnaryTest, DroppedCallIsAnsweredWithAnError) {
  Serve();
  service_->async = [](const UnaryReply<ResolveResponse>&) {};
  EXPECT_EQ(Resolve().status().code(), absl::StatusCode::kInternal);
}

TEST_F(UnaryTest, FirstAnswerCounts) {
  Serve();
  service_->async = [](const UnaryReply<ResolveResponse>& reply) {
    reply.Finish(absl::NotFoundError("first"));
    reply.Finish(ResolveResponse());
  };
  EXPECT_EQ(Resolve().status(), absl::NotFoundError("first"));
}

TEST_F(UnaryTest, DrainingGateSendsClientsToAnotherReplica) {
  Serve();
  fixture_->gate().StartDraining();
  const absl::Status status = GetCustomer().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), "DRAINING");
}

}  // namespace
}  // namespace trama::platform
