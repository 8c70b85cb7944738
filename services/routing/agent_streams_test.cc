#include "services/routing/agent_streams.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/base/testing/wait_until.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int32_t kPartition = 3;
constexpr char kAna[] = "demo/ana";

// WatchAgent as RoutingServer serves it; the test plays the engine.
class WatchService final : public v1::RoutingService::CallbackService {
 public:
  WatchService(platform::CallGate& gate, AgentStreams& streams) : gate_(gate), streams_(streams) {}

  grpc::ServerWriteReactor<v1::AgentUpdate>* WatchAgent(
      grpc::CallbackServerContext* context, const v1::WatchAgentRequest* request) override {
    absl::StatusOr<platform::Call> call =
        gate_.AdmitStream(*context, {.workspace = request->workspace(), .roles = {"agent"}});
    if (!call.ok()) return AgentStream::Refuse(call.status());
    auto stream = AgentStream::Open(*std::move(call), AgentStreams::kStreamQueueMax);
    auto* reactor = stream->reactor();
    {
      const std::lock_guard lock(mutex_);
      opened_.push_back(stream);
    }
    streams_.Watch(kPartition, kAna, request->resume_token(), std::move(stream),
                   [this](AgentStreams::OnSnapshot done) {
                     const std::lock_guard lock(mutex_);
                     asked_.push_back(std::move(done));
                   });
    const std::lock_guard lock(mutex_);
    ++watched_;
    return reactor;
  }

  int watched() const {
    const std::lock_guard lock(mutex_);
    return watched_;
  }
  // Of the streams in the order in which they came.
  bool HasEnded(size_t index) const {
    const std::lock_guard lock(mutex_);
    return opened_.at(index)->finishing();
  }
  // The oldest question for a snapshot; null when there is none.
  AgentStreams::OnSnapshot TakeAsked() {
    const std::lock_guard lock(mutex_);
    if (asked_.empty()) return nullptr;
    AgentStreams::OnSnapshot done = std::move(asked_.front());
    asked_.erase(asked_.begin());
    return done;
  }

 private:
  platform::CallGate& gate_;
  AgentStreams& streams_;
  mutable std::mutex mutex_;
  std::vector<AgentStreams::OnSnapshot> asked_;
  std::vector<std::shared_ptr<AgentStream>> opened_;
  int watched_ = 0;
};

std::string InWords(const v1::AgentUpdate& update) {
  if (update.has_offer()) return "offer " + update.offer().offer_id();
  if (!update.has_snapshot()) return update.message().conversation_id();
  std::string words = "snapshot";
  for (const v1::Offer& offer : update.snapshot().offers()) words += " " + offer.offer_id();
  return words;
}

class AgentStreamsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    service_ = std::make_unique<WatchService>(fixture_.gate(), streams_);
    fixture_.Serve(*service_);
    ana_ = fixture_.Client("ana");
    stub_ = v1::RoutingService::NewStub(ana_->channel());
    streams_.Serve(kPartition, 1);
  }
  void TearDown() override {
    streams_.Drop(kPartition);
    fixture_.server().Shutdown(absl::ZeroDuration());
  }

  // One client's stream.
  struct Watching {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::AgentUpdate>> reader;
    std::string token;  // Of the newest update read.

    // "over" when the stream has ended.
    std::string Next() {
      v1::AgentUpdate update;
      if (!reader->Read(&update)) return "over";
      token = update.resume_token();
      return InWords(update);
    }
    absl::Status End() { return platform::FromGrpc(reader->Finish()); }
    // The connection breaks.
    std::string Break() {
      context.TryCancel();
      reader->Finish();
      return token;
    }
  };

  // Returns once the server has attached it.
  std::unique_ptr<Watching> Watch(const std::string& token = "") {
    auto watching = std::make_unique<Watching>();
    ana_->Prepare(watching->context, {.timeout = absl::Minutes(2)});
    v1::WatchAgentRequest request;
    request.set_workspace("demo");
    request.set_resume_token(token);
    const int before = service_->watched();
    watching->reader = stub_->WatchAgent(&watching->context, request);
    EXPECT_TRUE(platform::WaitUntil([&] { return service_->watched() > before; }));
    return watching;
  }
  // The same, with the snapshot read.
  std::unique_ptr<Watching> WatchFromSnapshot() {
    auto watching = Watch();
    AnswerSnapshot({});
    EXPECT_EQ(watching->Next(), "snapshot");
    return watching;
  }

  void AnswerSnapshot(const std::vector<std::string>& offers) {
    AgentStreams::OnSnapshot done = service_->TakeAsked();
    ASSERT_NE(done, nullptr) << "no snapshot was asked for";
    auto update = std::make_shared<v1::AgentUpdate>();
    update->mutable_snapshot();
    for (const std::string& id : offers) update->mutable_snapshot()->add_offers()->set_offer_id(id);
    done(absl::OkStatus(), std::move(update));
  }
  bool SnapshotIsAsked() { return service_->TakeAsked() != nullptr; }

  void ReleaseTo(const std::string& stream, v1::AgentUpdate update) {
    streams_.Release(kPartition, {.stream = stream,
                                  .message = std::make_shared<v1::AgentUpdate>(std::move(update))});
  }
  void Release(const std::string& conversation) {
    v1::AgentUpdate update;
    update.mutable_message()->set_conversation_id(conversation);
    ReleaseTo(kAna, std::move(update));
  }
  void ReleaseOffer(const std::string& offer_id) {
    v1::AgentUpdate update;
    update.mutable_offer()->set_offer_id(offer_id);
    ReleaseTo(kAna, std::move(update));
  }

  platform::GrpcFixture fixture_;
  AgentStreams streams_;
  std::unique_ptr<WatchService> service_;
  std::shared_ptr<platform::Peer> ana_;
  std::unique_ptr<v1::RoutingService::Stub> stub_;
};

TEST_F(AgentStreamsTest, BeginsWithASnapshotAndLosesNothingThatCameMeanwhile) {
  Release("before anybody watched");
  auto watching = Watch();
  Release("while it was asked for");
  ReleaseTo("other/ana", {});
  AnswerSnapshot({});
  Release("after it");
  EXPECT_EQ(watching->Next(), "snapshot");
  EXPECT_EQ(watching->Next(), "while it was asked for");
  EXPECT_EQ(watching->Next(), "after it");
}

TEST_F(AgentStreamsTest, GoesOnAfterABreakWithoutLossOrRepeat) {
  auto first = WatchFromSnapshot();
  Release("a");
  Release("b");
  EXPECT_EQ(first->Next(), "a");
  const std::string token = first->Break();  // Whether b has arrived or not.
  Release("c");

  auto second = Watch(token);
  Release("d");
  EXPECT_EQ(second->Next(), "b");
  EXPECT_EQ(second->Next(), "c");
  EXPECT_EQ(second->Next(), "d");
  EXPECT_FALSE(SnapshotIsAsked());
}

TEST_F(AgentStreamsTest, GoesOnFromTheSnapshotItself) {
  auto first = WatchFromSnapshot();
  const std::string token = first->Break();
  Release("a");
  EXPECT_EQ(Watch(token)->Next(), "a");
}

TEST_F(AgentStreamsTest, WhoWasAwayTooLongBeginsAnew) {
  auto first = WatchFromSnapshot();
  const std::string token = first->Break();
  const std::string large(UpdateLog::kBytesMax / 4, 'x');
  for (int i = 0; i < 5; ++i) Release(absl::StrCat(i, large));
  auto second = Watch(token);
  AnswerSnapshot({});
  EXPECT_EQ(second->Next(), "snapshot");
  Release("after it");
  EXPECT_EQ(second->Next(), "after it");
}

TEST_F(AgentStreamsTest, AnOldTokenIsNeverTakenForANewOne) {
  auto first = WatchFromSnapshot();
  Release("a");
  EXPECT_EQ(first->Next(), "a");
  const std::string token = first->Break();
  // Nobody can resume any more, so that nothing of him is kept.
  const std::string large(UpdateLog::kBytesMax / 2, 'x');
  for (int i = 0; i < 4; ++i) Release(absl::StrCat(i, large));
  Release("lost to the old token");

  auto second = Watch(token);
  AnswerSnapshot({});
  EXPECT_EQ(second->Next(), "snapshot");
}

TEST_F(AgentStreamsTest, OffersOfAnOwnerThatIsGoneAreWithdrawn) {
  auto first = WatchFromSnapshot();
  ReleaseOffer("committed");
  ReleaseOffer("proposed");
  EXPECT_EQ(first->Next(), "offer committed");
  EXPECT_EQ(first->Next(), "offer proposed");

  streams_.Drop(kPartition);
  EXPECT_EQ(first->Next(), "over");
  const absl::Status end = first->End();
  EXPECT_TRUE(absl::IsUnavailable(end)) << end;
  EXPECT_TRUE(RetryDelayOf(end).has_value());

  // The next owner only knows what was committed. It counts anew: the token must not fit by chance.
  streams_.Serve(kPartition, 2);
  auto second = Watch(first->token);
  AnswerSnapshot({"committed"});
  EXPECT_EQ(second->Next(), "snapshot committed");
}

TEST_F(AgentStreamsTest, WhereAPartitionIsNotServedClientsComeAgain) {
  streams_.Drop(kPartition);
  auto watching = Watch();
  EXPECT_EQ(watching->Next(), "over");
  EXPECT_TRUE(absl::IsUnavailable(watching->End()));
}

TEST_F(AgentStreamsTest, ASnapshotOfAnOwnerThatIsGoneIsNotShown) {
  auto watching = Watch();
  streams_.Drop(kPartition);
  streams_.Serve(kPartition, 2);
  AnswerSnapshot({"of the old owner"});
  EXPECT_EQ(watching->Next(), "over");
  EXPECT_TRUE(absl::IsUnavailable(watching->End()));
}

TEST_F(AgentStreamsTest, WithoutASnapshotTheStreamEndsWithTheReason) {
  auto watching = Watch();
  service_->TakeAsked()(absl::NotFoundError("no such agent"), nullptr);
  EXPECT_EQ(watching->Next(), "over");
  EXPECT_EQ(watching->End(), absl::NotFoundError("no such agent"));
}

TEST_F(AgentStreamsTest, AClientThatReadsTooSlowlyIsCutAndCanGoOn) {
  auto slow = WatchFromSnapshot();
  auto quick = WatchFromSnapshot();
  // At most what the connection's windows and the queue take.
  constexpr int kUpdatesMax = 20'000;
  const std::string text(10'000, 'x');
  int released = 0;
  for (; released < kUpdatesMax && !service_->HasEnded(0); ++released) {
    Release(absl::StrCat(released, "-", text));
    ASSERT_EQ(quick->Next(), absl::StrCat(released, "-", text));
  }
  ASSERT_LT(released, kUpdatesMax) << "the slow one is never cut";
  int got = 0;
  for (std::string next = slow->Next(); next != "over"; next = slow->Next()) {
    ASSERT_EQ(next, absl::StrCat(got++, "-", text));
  }
  EXPECT_LT(got, released);
  const absl::Status end = slow->End();
  EXPECT_TRUE(absl::IsResourceExhausted(end)) << end;

  EXPECT_EQ(Watch(slow->token)->Next(), absl::StrCat(got, "-", text));
}

TEST_F(AgentStreamsTest, AnAgentHasAFewStreamsAndNoMore) {
  std::vector<std::unique_ptr<Watching>> streams;
  for (size_t i = 0; i < AgentStreams::kStreamsPerAgentMax; ++i) {
    streams.push_back(WatchFromSnapshot());
  }
  auto one_more = Watch();
  EXPECT_EQ(one_more->Next(), "over");
  EXPECT_TRUE(absl::IsResourceExhausted(one_more->End()));
  Release("to all");
  for (const auto& watching : streams) EXPECT_EQ(watching->Next(), "to all");

  // The place of one that has gone is free again.
  streams.back()->Break();
  EXPECT_TRUE(platform::WaitUntil([&] {
    auto next = Watch();
    if (!SnapshotIsAsked()) return false;
    next->Break();
    return true;
  }));
}

}  // namespace
}  // namespace trama::routing
