#include "services/platform/grpc/errors.h"

#include "gmock/gmock.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(ErrorsTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(ErrorsTest, DetailsSurviveTheWire) {
  const absl::Status sent = RetryAfter(TypedError(absl::StatusCode::kUnavailable, "NOT_READY",
                                                  "partition 3 is moving", {{"partition", "3"}}),
                                       absl::Milliseconds(250));
  const absl::Status received = FromGrpc(ToGrpc(sent));

  EXPECT_EQ(received, sent);
  EXPECT_EQ(ErrorReason(received), "NOT_READY");
  EXPECT_THAT(ErrorMetadataOf(received), ElementsAre(Pair("partition", "3")));
  EXPECT_EQ(RetryDelayOf(received), absl::Milliseconds(250));
}

TEST(ErrorsTest, WireFormIsGoogleRpcStatus) {
  const grpc::Status sent = ToGrpc(InvalidField("workspace", "x", "does not exist"));
  google::rpc::Status wire;
  ASSERT_TRUE(wire.ParseFromString(sent.error_details()));
  EXPECT_EQ(wire.code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wire.message(), sent.error_message());
  EXPECT_EQ(wire.details_size(), 2);
}

TEST(ErrorsTest, LongTextsAreCutBetweenCharacters) {
  std::string text(kErrorMessageBytesMax - 1, 'x');
  text += "é and more";
  const grpc::Status sent = ToGrpc(absl::InternalError(text));
  EXPECT_EQ(sent.error_message(), std::string(kErrorMessageBytesMax - 1, 'x'));
}

TEST(ErrorsTest, DetailsThatDoNotFitAreLeftOut) {
  const absl::Status large =
      TypedError(absl::StatusCode::kInternal, "X", "text", {{"a", std::string(20'000, 'x')}});
  const absl::Status received = FromGrpc(ToGrpc(RetryAfter(large, absl::Seconds(1))));
  EXPECT_EQ(received.message(), "text");
  EXPECT_EQ(ErrorReason(received), "");
  EXPECT_EQ(RetryDelayOf(received), absl::Seconds(1));
}

TEST(ErrorsTest, UnreadableDetailsAreIgnored) {
  const absl::Status received =
      FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", "\xff\xff"));
  EXPECT_EQ(received, absl::NotFoundError("gone"));
}

}  // namespace
}  // namespace trama::platform
