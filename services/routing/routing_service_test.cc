// The rules of the methods, on the wire.
#include "services/routing/routing_service.h"

#include <mutex>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/base/testing/wait_until.h"
#include "services/platform/blob/memory_blob_store.h"
#include "services/platform/grpc/testing/grpc_fixture.h"

namespace trama::routing {
namespace {

using platform::OnReply;
using platform::WaitUntil;

// Stands for an engine that owns everything: it keeps lists waiting and answers the rest.
class SlowLists final : public platform::EngineHost {
 public:
  absl::Status Start(const std::string&) override { return absl::OkStatus(); }
  void Leave() override {}
  void Submit(int32_t, Command command, absl::Time deadline, OnReply on_reply) override {
    const std::lock_guard lock(mutex_);
    if (command.request->GetDescriptor() == v1::ListConversationsRequest::descriptor()) {
      return held_.push_back(std::move(on_reply));
    }
    deadline_ = deadline;
    on_reply(absl::OkStatus(), std::make_shared<v1::AcceptOfferResponse>());
  }
  absl::Status Deliver(int32_t, int64_t, Answer) override { return absl::OkStatus(); }
  platform::OwnerRef OwnerOf(int32_t) const override {
    return {platform::OwnerRef::Where::kHere, ""};
  }
  std::optional<int64_t> IncarnationOf(int32_t) const override { return std::nullopt; }

  size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  void AnswerLists() {
    std::vector<OnReply> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (const OnReply& reply : held) {
      reply(absl::OkStatus(), std::make_shared<v1::ListConversationsResponse>());
    }
  }
  // Of the newest call that was no list.
  absl::Time deadline() const {
    const std::lock_guard lock(mutex_);
    return deadline_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<OnReply> held_;
  absl::Time deadline_;
};

class RoutingServiceTest : public ::testing::Test {
 protected:
  RoutingServiceTest() {
    fixture_.Serve(server_);
    ana_ = fixture_.Client("ana");
    stub_ = v1::RoutingService::NewStub(ana_->channel());
  }
  ~RoutingServiceTest() override { fixture_.server().Shutdown(absl::ZeroDuration()); }

  // The answer adds to `answered_`.
  void BeginList() {
    v1::ListConversationsRequest request;
    request.set_workspace("demo");
    platform::CallAsync<v1::ListConversationsResponse>(
        *ana_, request, {.timeout = absl::Seconds(60)},
        [&](auto* context, auto* wanted, auto* answer, auto done) {
          stub_->async()->ListConversations(context, wanted, answer, std::move(done));
        },
        [this](const absl::StatusOr<v1::ListConversationsResponse>& answer) {
          const std::lock_guard lock(mutex_);
          answered_.push_back(answer.status());
        });
  }
  std::vector<absl::Status> answered() const {
    const std::lock_guard lock(mutex_);
    return answered_;
  }

  absl::Status Accept(absl::Duration timeout = absl::Seconds(5)) {
    v1::AcceptOfferRequest request;
    request.set_workspace("demo");
    return platform::CallBlocking<v1::AcceptOfferResponse>(
               *ana_, request, {.timeout = timeout},
               [&](auto* context, const auto& wanted, auto* answer) {
                 return stub_->AcceptOffer(context, wanted, answer);
               })
        .status();
  }

  mutable std::mutex mutex_;
  std::vector<absl::Status> answered_;
  SlowLists host_;
  AgentStreams streams_;
  platform::MemoryBlobStore blobs_;
  platform::GrpcFixture fixture_;
  platform::EngineDispatch dispatch_{
      host_,
      fixture_.gate(),
      {.grpc_service = std::string(v1::RoutingService::service_full_name()),
       .partition_of = [](std::string_view) -> absl::StatusOr<int32_t> { return 3; },
       .peers = {}}};
  RoutingServer server_{host_, dispatch_, fixture_.gate(), streams_, blobs_};
  std::shared_ptr<platform::Peer> ana_;
  std::unique_ptr<v1::RoutingService::Stub> stub_;
};

TEST_F(RoutingServiceTest, WhoeverListsInALoopDoesNotKeepOthersFromAccepting) {
  for (int i = 0; i < platform::kReadsMax; ++i) BeginList();
  ASSERT_TRUE(WaitUntil([&] { return host_.held() == platform::kReadsMax; }));
  BeginList();
  ASSERT_TRUE(WaitUntil([&] { return !answered().empty(); }));
  EXPECT_EQ(answered()[0].code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryDelayOf(answered()[0]).has_value());
  EXPECT_TRUE(Accept().ok());

  host_.AnswerLists();
  EXPECT_TRUE(WaitUntil([&] { return answered().size() == platform::kReadsMax + 1; }));
}

TEST_F(RoutingServiceTest, ALongDeadlineOfACommandIsCut) {
  ASSERT_TRUE(Accept(absl::Minutes(1)).ok());
  EXPECT_LE(host_.deadline(), absl::Now() + platform::kCommandDeadlineMax);
}

}  // namespace
}  // namespace trama::routing
