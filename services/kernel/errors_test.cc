#include "services/kernel/errors.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(TypedErrorTest, CarriesReasonAndMetadata) {
  const absl::Status status = TypedError(absl::StatusCode::kFailedPrecondition, "OFFER_EXPIRED",
                                         "offer o-1 has expired", {{"offer_id", "o-1"}});

  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "offer o-1 has expired");
  EXPECT_EQ(ErrorReason(status), "OFFER_EXPIRED");
  EXPECT_THAT(ErrorMetadataOf(status), ElementsAre(Pair("offer_id", "o-1")));
}

TEST(TypedErrorTest, PlainStatusHasNoDetails) {
  const absl::Status status = absl::NotFoundError("no such agent");

  EXPECT_EQ(ErrorReason(status), "");
  EXPECT_THAT(ErrorMetadataOf(status), IsEmpty());
  EXPECT_THAT(FieldViolationsOf(status), IsEmpty());
  EXPECT_EQ(RetryDelayOf(status), std::nullopt);
}

TEST(TypedErrorTest, UnreadableDetailCountsAsNone) {
  absl::Status status = absl::AbortedError("x");
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord("\xff\xff\xff"));

  EXPECT_EQ(ErrorReason(status), "");
}

TEST(InvalidFieldTest, NamesFieldValueAndWhatToDo) {
  const absl::Status status =
      InvalidField("workspace", "demo2", "does not exist; see tramactl get workspaces");

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "workspace \"demo2\" does not exist; see tramactl get workspaces");
  EXPECT_EQ(ErrorReason(status), "INVALID_FIELD");
  EXPECT_THAT(FieldViolationsOf(status),
              ElementsAre(FieldViolation{"workspace",
                                         "\"demo2\" does not exist; see tramactl get workspaces"}));
}

TEST(InvalidFieldTest, LeavesOutAnEmptyValue) {
  EXPECT_EQ(InvalidField("phone", "", "is no telephone number").message(),
            "phone is no telephone number");
}

TEST(InvalidFieldsTest, ListsAllViolations) {
  const absl::Status status = InvalidFields({{"a", "is missing"}, {"b", "is too long"}});

  EXPECT_EQ(status.message(), "a is missing; b is too long");
  EXPECT_THAT(FieldViolationsOf(status),
              ElementsAre(FieldViolation{"a", "is missing"}, FieldViolation{"b", "is too long"}));
}

TEST(RetryAfterTest, KeepsTheErrorAndAddsTheDelay) {
  const absl::Status status = RetryAfter(
      TypedError(absl::StatusCode::kUnavailable, "NOT_READY", "not yet"), absl::Milliseconds(1500));

  EXPECT_EQ(ErrorReason(status), "NOT_READY");
  EXPECT_EQ(RetryDelayOf(status), absl::Milliseconds(1500));
}

}  // namespace
}  // namespace trama
