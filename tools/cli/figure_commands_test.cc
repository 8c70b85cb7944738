#include "gmock/gmock.h"
#include "services/platform/grpc/unary.h"
#include "tools/cli/cli_fixture.h"
#include "trama/reporting/v1/reporting_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers with the figures that it was given and keeps what it was asked.
class FakeReporting final : public reporting::v1::ReportingService::CallbackService {
 public:
  explicit FakeReporting(platform::CallGate& gate) : gate_(gate) {}

  grpc::ServerUnaryReactor* GetKpis(grpc::CallbackServerContext* context,
                                    const reporting::v1::GetKpisRequest* request,
                                    reporting::v1::GetKpisResponse* response) override {
    return platform::RunUnary(
        gate_, context, request, response,
        {.workspace = request->workspace(), .roles = {"supervisor", "admin"}},
        [this](const platform::Call&, const reporting::v1::GetKpisRequest& wanted)
            -> absl::StatusOr<reporting::v1::GetKpisResponse> {
          asked = wanted;
          return figures;
        });
  }

  reporting::v1::GetKpisRequest asked;
  reporting::v1::GetKpisResponse figures;

 private:
  platform::CallGate& gate_;
};

class FigureCommandsTest : public testing::CliTest {
 protected:
  void SetUp() override {
    Serve(reporting_);
    row_.set_offered(4);
    row_.set_answered(4);
    row_.set_agent_id("ana");
    row_.set_asa_ms(12'000);
    row_.set_service_level(0.75);
    row_.mutable_service_level_parameters()->set_threshold_ms(20'000);
    reporting_.figures.mutable_live()->set_open(3);
    reporting_.figures.mutable_live()->set_waiting(1);
    reporting_.figures.mutable_live()->mutable_presence()->set_available(2);
    reporting_.figures.mutable_live()->mutable_presence()->set_away(1);
  }

  FakeReporting reporting_{fixture_.gate()};
  reporting::v1::KpiRow& row_ = *reporting_.figures.add_rows();
};

TEST_F(FigureCommandsTest, FiguresShowTheirParametersAndWhatCannotBeTold) {
  const Result result = Run({"kpis", "--by", "agent", "--from", "8h"});
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_THAT(result.out, ContainsRegex("ana +4 +4 +n/a +75.0% in 20.0s +12.0s +n/a"));
  EXPECT_THAT(result.out, Not(HasSubstr("OCCUPIED")));
  EXPECT_THAT(reporting_.asked.group_by(), ElementsAre(reporting::v1::DIMENSION_AGENT));
  EXPECT_TRUE(reporting_.asked.has_from());
}

TEST_F(FigureCommandsTest, OccupancyAndPresenceAreShownWhereTheyAreKnown) {
  row_.mutable_agent_time()->set_occupancy(0.6);
  const Result result = Run({"kpis", "--by", "agent"});
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("OCCUPIED"), HasSubstr("60%"),
                    HasSubstr("now: 3 open, 1 waiting; agents: 2 available, 0 busy, 1 away, 0 "
                              "offline")));
}

TEST_F(FigureCommandsTest, ProgramsGetTheWholeAnswer) {
  EXPECT_THAT(Run({"kpis", "-o", "json"}).out, HasSubstr("\"serviceLevel\": 0.75"));
  EXPECT_THAT(Run({"kpis", "-o", "yaml"}).out, HasSubstr("serviceLevel: 0.75"));
}

TEST_F(FigureCommandsTest, WrongWordsAreUsageErrors) {
  EXPECT_EQ(Run({"kpis", "--by", "colour"}).exit, 2);
  EXPECT_EQ(Run({"kpis", "--interval", "fortnight"}).exit, 2);
  EXPECT_EQ(Run({"kpis", "--from", "someday"}).exit, 2);
  EXPECT_EQ(Run({"kpis", "-o", "xml"}).exit, 2);
}

}  // namespace
}  // namespace trama::tramactl
