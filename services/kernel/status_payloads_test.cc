#include "services/kernel/status_payloads.h"

#include "absl/strings/cord.h"
#include "gtest/gtest.h"

namespace trama {
namespace {

absl::Status WithDetails() {
  absl::Status status = absl::FailedPreconditionError("the offer is over");
  status.SetPayload("type.test/b", absl::Cord(std::string("\x00\xFF", 2)));
  status.SetPayload("type.test/a", absl::Cord("two"));
  return status;
}

TEST(StatusPayloadsTest, DetailsComeBackAsTheyWere) {
  absl::Status status = absl::FailedPreconditionError("the offer is over");
  UnpackPayloads(PackPayloads(WithDetails(), 1000), status);
  EXPECT_EQ(status, WithDetails());
}

TEST(StatusPayloadsTest, EqualErrorsGiveEqualBytes) {
  absl::Status other = absl::FailedPreconditionError("the offer is over");
  other.SetPayload("type.test/a", absl::Cord("two"));
  other.SetPayload("type.test/b", absl::Cord(std::string("\x00\xFF", 2)));
  EXPECT_EQ(PackPayloads(other, 1000), PackPayloads(WithDetails(), 1000));
}

TEST(StatusPayloadsTest, TooManyDetailsAreLeftOutWhole) {
  const size_t size = PackPayloads(WithDetails(), 1000).size();
  EXPECT_EQ(PackPayloads(WithDetails(), size).size(), size);
  EXPECT_EQ(PackPayloads(WithDetails(), size - 1), "");
  EXPECT_EQ(PackPayloads(absl::AbortedError("no details"), 1000), "");
}

TEST(StatusPayloadsTest, BytesThatAreNoDetailsAreNoHarm) {
  absl::Status status = absl::AbortedError("x");
  UnpackPayloads("\xFF\xFF\xFF", status);
  UnpackPayloads("", status);
  EXPECT_EQ(status, absl::AbortedError("x"));
}

}  // namespace
}  // namespace trama
