#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/span_keeper.h"
#include "services/platform/base/testing/wait_until.h"
#include "services/platform/grpc/testing/scripted_service.h"

namespace trama::platform {
namespace {

using ::testing::IsEmpty;
using testing::SpanKeeper;

constexpr char kSampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr char kMethod[] = "trama.profile.v1.ProfileService/GetCustomer";

class GrpcTraceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.blocking = [this](const Call& call,
                               const GetCustomerRequest&) -> absl::StatusOr<GetCustomerResponse> {
      seen_ = call.traceparent;
      if (fails_) return absl::NotFoundError("there is no maria@customer.test");
      return GetCustomerResponse();
    };
    fixture_.Serve(service_);
    peer_ = fixture_.Client("ana");
    stub_ = ProfileService::NewStub(peer_->channel());
  }

  absl::Status Ask(const std::string& traceparent) {
    GetCustomerRequest request;
    request.set_workspace("demo");
    return CallBlocking<GetCustomerResponse>(*peer_, request, {.traceparent = traceparent},
                                             [&](auto* context, const auto& sent, auto* got) {
                                               return stub_->GetCustomer(context, sent, got);
                                             })
        .status();
  }
  // The span of that kind; the server's ends a moment after its answer was read.
  static FinishedSpan Of(const SpanKeeper& keeper, SpanKind kind) {
    FinishedSpan found;
    EXPECT_TRUE(WaitUntil([&] {
      for (FinishedSpan& span : keeper.spans()) {
        if (span.kind == kind) found = std::move(span);
      }
      return !found.name.empty();
    }));
    return found;
  }

  GrpcFixture fixture_;
  Scripted service_{fixture_.gate()};
  std::shared_ptr<Peer> peer_;
  std::unique_ptr<ProfileService::Stub> stub_;
  std::string seen_;
  bool fails_ = false;
};

TEST_F(GrpcTraceTest, TheServersSpanLiesBelowTheClients) {
  SpanKeeper keeper;
  ASSERT_TRUE(Ask(kSampled).ok());
  const FinishedSpan client = Of(keeper, SpanKind::kClient);
  const FinishedSpan server = Of(keeper, SpanKind::kServer);
  EXPECT_EQ(client.name, kMethod);
  EXPECT_EQ(server.name, kMethod);
  EXPECT_EQ(client.parent, ParseTraceparent(kSampled)->span_id);
  EXPECT_EQ(server.parent, client.context.span_id);
  EXPECT_EQ(server.context, *ParseTraceparent(seen_)) << "what the handler hands on";
  EXPECT_EQ(server.context.trace_id, ParseTraceparent(kSampled)->trace_id);
}

TEST_F(GrpcTraceTest, ACallWithoutATraceBeginsOneAtTheServer) {
  SpanKeeper keeper;
  ASSERT_TRUE(Ask("").ok());
  const FinishedSpan server = Of(keeper, SpanKind::kServer);
  EXPECT_EQ(server.context, *ParseTraceparent(seen_));
  EXPECT_EQ(server.parent, (std::array<uint8_t, 8>{}));
}

TEST_F(GrpcTraceTest, WhatARecordSaysOfATraceEndsNobody) {
  const std::string later = std::string("01") + (kSampled + 2) + "-\xff";
  ASSERT_TRUE(Ask(later).ok());
  EXPECT_EQ(seen_, kSampled);
  ASSERT_TRUE(Ask("\xff\n").ok());
  EXPECT_TRUE(ParseTraceparent(seen_).has_value()) << seen_;
}

TEST_F(GrpcTraceTest, FailuresShowTheirCodeAndNotTheirText) {
  SpanKeeper keeper;
  fails_ = true;
  EXPECT_FALSE(Ask(kSampled).ok());
  for (const SpanKind kind : {SpanKind::kClient, SpanKind::kServer}) {
    const FinishedSpan span = Of(keeper, kind);
    EXPECT_TRUE(span.failed);
    EXPECT_EQ(span.why, "NOT_FOUND");
  }
}

TEST_F(GrpcTraceTest, WithoutTracingTheHeaderArrivesAsItWasSent) {
  ASSERT_TRUE(Ask(kSampled).ok());
  EXPECT_EQ(seen_, kSampled);
}

TEST_F(GrpcTraceTest, UnsampledCallsAreNotKept) {
  SpanKeeper keeper;
  const std::string unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
  ASSERT_TRUE(Ask(unsampled).ok());
  EXPECT_EQ(seen_, unsampled);
  EXPECT_THAT(keeper.spans(), IsEmpty());
}

}  // namespace
}  // namespace trama::platform
