#include "services/platform/grpc/stream.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/grpc/testing/scripted_service.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

using StreamTest = ScriptedServiceTest;

TEST_F(StreamTest, StreamDeliversInOrderAndThenItsStatus) {
  Serve();
  service_->stream = [](std::shared_ptr<ServerStream<ReadFileResponse>> stream) {
    EXPECT_TRUE(stream->Send(Chunk("a")));
    EXPECT_TRUE(stream->Send(Chunk("b")));
    stream->Finish(absl::DataLossError("torn"));
    EXPECT_FALSE(stream->Send(Chunk("c")));
  };
  const auto [chunks, status] = ReadFile();
  EXPECT_THAT(chunks, ElementsAre("a", "b"));
  EXPECT_EQ(status, absl::DataLossError("torn"));
}

TEST_F(StreamTest, BlockingSenderWaitsForASlowClient) {
  Serve();
  constexpr int kChunks = 500;
  std::thread producer;
  service_->stream = [&](std::shared_ptr<ServerStream<ReadFileResponse>> stream) {
    producer = std::thread([stream] {
      for (int i = 0; i < kChunks; ++i) {
        if (!stream->SendBlocking(Chunk(absl::StrCat(i)), absl::Seconds(20))) return;
      }
      stream->Finish(absl::OkStatus());
    });
  };
  const auto [chunks, status] = ReadFile();
  producer.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(chunks, SizeIs(kChunks));
  EXPECT_EQ(chunks.back(), absl::StrCat(kChunks - 1));
}

TEST_F(StreamTest, SlowClientDoesNotFillTheMemory) {
  Serve();
  std::promise<int> sent;
  service_->stream = [&](std::shared_ptr<ServerStream<ReadFileResponse>> stream) {
    int count = 0;
    // More than the connection's window takes without being read.
    while (count < 10'000 && stream->Send(Chunk(std::string(100'000, 'x')))) ++count;
    sent.set_value(count);
    stream->Finish(absl::ResourceExhaustedError("too slow"));
  };
  grpc::ClientContext context;
  ana_->Prepare(context, {.timeout = absl::Seconds(20)});
  ReadFileRequest request;
  request.set_workspace("demo");
  const auto reader = stub_->ReadFile(&context, request);
  EXPECT_LT(sent.get_future().get(), 10'000);
  context.TryCancel();
  reader->Finish();
}

TEST_F(StreamTest, StreamLearnsThatItsClientHasGone) {
  Serve({.streams_max = 1});
  std::promise<void> closed;
  std::shared_ptr<ServerStream<ReadFileResponse>> kept;
  service_->stream = [&](std::shared_ptr<ServerStream<ReadFileResponse>> stream) {
    kept = stream;
    stream->OnClosed([&] { closed.set_value(); });
    stream->Send(Chunk("hello"));
  };
  {
    grpc::ClientContext context;
    ana_->Prepare(context, {.timeout = absl::Seconds(20)});
    ReadFileRequest request;
    request.set_workspace("demo");
    const auto reader = stub_->ReadFile(&context, request);
    ReadFileResponse chunk;
    ASSERT_TRUE(reader->Read(&chunk));
    EXPECT_EQ(ErrorReason(ReadFile().second), "BUSY");
    context.TryCancel();
    reader->Finish();
  }
  closed.get_future().get();
  EXPECT_TRUE(kept->finishing());
  EXPECT_FALSE(kept->Send(Chunk("late")));
}

TEST_F(StreamTest, RefusedStreamCarriesTheReason) {
  Serve();
  ana_ = fixture_->Client("eva");
  stub_ = ProfileService::NewStub(ana_->channel());
  EXPECT_EQ(ErrorReason(ReadFile().second), "ROLE_MISSING");
}

}  // namespace
}  // namespace trama::platform
