#include "services/routing/profile_circuit.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::routing {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;

class ProfileCircuitTest : public ::testing::Test {
 protected:
  // A call that ends so; whether it was made.
  bool Call(const absl::Status& outcome) {
    if (!circuit_.Enter().ok()) return false;
    circuit_.Leave(outcome);
    return true;
  }
  int CallsIn(absl::Duration time, const absl::Status& outcome) {
    int made = 0;
    for (int i = 0; i < 100; ++i) {
      clock_.Advance(time / 100);
      if (Call(outcome)) ++made;
    }
    return made;
  }

  const absl::Status silence_ = absl::DeadlineExceededError("no answer");
  platform::FakeClock clock_;
  platform::Metrics metrics_;
  ProfileCircuit circuit_{"intake", clock_, metrics_};
};

TEST_F(ProfileCircuitTest, WhoIsSilentIsAskedOnceInAWhile) {
  EXPECT_EQ(CallsIn(absl::Milliseconds(100), silence_), 3);
  // After a quarter of a second, later every two.
  EXPECT_THAT(CallsIn(absl::Seconds(60), silence_), AllOf(Ge(20), Le(33)));
  EXPECT_THAT(metrics_.Exposition(),
              HasSubstr("trama_routing_profile_spared_total{asker=\"intake\"}"));
}

TEST_F(ProfileCircuitTest, TheFirstAnswerEndsIt) {
  CallsIn(absl::Seconds(60), silence_);
  clock_.Advance(absl::Seconds(2));
  ASSERT_TRUE(circuit_.Enter().ok());
  EXPECT_TRUE(absl::IsUnavailable(circuit_.Enter())) << "the first has not ended yet";
  circuit_.Leave(absl::OkStatus());
  EXPECT_EQ(CallsIn(absl::Seconds(1), absl::OkStatus()), 100);
}

TEST_F(ProfileCircuitTest, AnErrorAboutOneQuestionIsAnAnswer) {
  EXPECT_EQ(CallsIn(absl::Seconds(1), absl::NotFoundError("nobody")), 100);
  EXPECT_EQ(CallsIn(absl::Seconds(1), absl::FailedPreconditionError("no secret")), 100);
  EXPECT_EQ(CallsIn(absl::Seconds(1), absl::InternalError("a row that nobody can read")), 100);
}

TEST_F(ProfileCircuitTest, WhoIsGoneOrBusyIsSpared) {
  EXPECT_EQ(CallsIn(absl::Milliseconds(100), absl::UnavailableError("no connection")), 3);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(CallsIn(absl::Milliseconds(100), absl::ResourceExhaustedError("busy")), 1);
}

TEST_F(ProfileCircuitTest, OneWhoTakesLongDoesNotStopTheOthers) {
  for (int i = 0; i < 50; ++i) {
    Call(silence_);
    Call(silence_);
    EXPECT_TRUE(Call(absl::OkStatus()));
  }
}

}  // namespace
}  // namespace trama::routing
