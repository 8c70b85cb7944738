#include "services/config/config_service.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/memory_revision_log.h"
#include "services/config/test_resources.h"
#include "services/kernel/errors.h"
#include "services/platform/grpc/testing/grpc_fixture.h"

namespace trama::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;  // NOLINT: the builders of this service.
using Code = absl::StatusCode;

// The service on a real gRPC server, over topics in memory.
class ConfigServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { fixture_.Serve(server_); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& subject, const Request& request,
                                grpc::Status (v1::ConfigService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*)) {
    const auto peer = fixture_.Client(subject);
    const auto stub = v1::ConfigService::NewStub(peer->channel());
    return platform::CallBlocking<Response>(*peer, request, {},
                                            [&](auto* context, const auto& sent, auto* got) {
                                              return (*stub.*method)(context, sent, got);
                                            });
  }
  auto Apply(const std::string& subject, const v1::ApplyRequest& request) {
    return Call<v1::ApplyResponse>(subject, request, &v1::ConfigService::Stub::Apply);
  }
  auto Delete(const std::string& subject, const v1::DeleteRequest& request) {
    return Call<v1::DeleteResponse>(subject, request, &v1::ConfigService::Stub::Delete);
  }
  auto Get(const std::string& subject, const std::string& key) {
    v1::GetRequest request;
    *request.mutable_resource() = DeleteOf({key}).resources(0);
    return Call<v1::GetResponse>(subject, request, &v1::ConfigService::Stub::Get);
  }
  auto List(const std::string& subject, const v1::ListRequest& request) {
    return Call<v1::ListResponse>(subject, request, &v1::ConfigService::Stub::List);
  }
  auto History(const std::string& subject, const std::string& workspace) {
    v1::HistoryRequest request;
    request.set_workspace(workspace);
    return Call<v1::HistoryResponse>(subject, request, &v1::ConfigService::Stub::History);
  }
  auto Rollback(const std::string& subject, int64_t revision, const std::string& workspace) {
    v1::RollbackRequest request;
    request.set_revision(revision);
    request.set_workspace(workspace);
    return Call<v1::RollbackResponse>(subject, request, &v1::ConfigService::Stub::Rollback);
  }
  static v1::ListRequest Of(const std::string& workspace, const std::string& kind = "") {
    v1::ListRequest request;
    request.set_workspace(workspace);
    request.set_kind(kind);
    return request;
  }
  static std::vector<std::string> Keys(const v1::ListResponse& response) {
    std::vector<std::string> keys;
    for (const auto& resource : response.resources()) keys.push_back(IdOf(resource).Key());
    return keys;
  }

  void ApplyTwoWorkspaces() {
    ASSERT_TRUE(
        Apply("operator", Request({Workspace("demo"), Workspace("acme"), Queue("demo", "billing"),
                                   Queue("acme", "billing"), Skill("demo", "billing")}))
            .ok());
  }

  platform::GrpcFixture fixture_;
  platform::SystemClock clock_;
  ConfigMetrics metrics_{fixture_.metrics()};
  MemoryTopics topics_;
  MemoryRevisionLog log_{topics_};
  Applier applier_{log_, clock_, 4, [n = 0]() mutable { return std::to_string(++n); }};
  ConfigServer server_{fixture_.gate(), applier_, log_, metrics_};
};

TEST_F(ConfigServiceTest, AppliesAndReadsBack) {
  ApplyTwoWorkspaces();
  const auto got = Get("operator", "Queue/demo/billing");
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->resource().metadata().author(), "operator");
  EXPECT_EQ(got->resource().metadata().revision(), 1);
}

TEST_F(ConfigServiceTest, ViolationsTravelWithTheirFields) {
  v1::Resource queue = Queue("demo", "billing");
  queue.mutable_queue()->set_calendar("office");
  const absl::Status refused = Apply("operator", Request({Workspace("demo"), queue})).status();
  EXPECT_EQ(refused.code(), Code::kInvalidArgument);
  EXPECT_THAT(Lines(FieldViolationsOf(refused)),
              ElementsAre(HasSubstr("resources[1].spec.calendar: calendar \"office\" does not")));
}

TEST_F(ConfigServiceTest, OnlyAdminsChange) {
  ApplyTwoWorkspaces();
  for (const char* subject : {"ana", "eva", "desk"}) {
    EXPECT_EQ(Apply(subject, Request({Queue("demo", "q")})).status().code(),
              Code::kPermissionDenied)
        << subject;
    EXPECT_EQ(Delete(subject, DeleteOf({"Queue/demo/billing"})).status().code(),
              Code::kPermissionDenied)
        << subject;
  }
  EXPECT_EQ(Apply("", Request({Queue("demo", "q")})).status().code(), Code::kUnauthenticated);
}

TEST_F(ConfigServiceTest, AdminOfAWorkspaceCannotReachAnotherInTheSameCall) {
  ApplyTwoWorkspaces();
  const absl::Status refused =
      Apply("chief", Request({Queue("demo", "q"), Queue("acme", "q")})).status();
  EXPECT_EQ(refused.code(), Code::kPermissionDenied);
  EXPECT_EQ(ErrorReason(refused), "WORKSPACE_FORBIDDEN");
  EXPECT_TRUE(Apply("chief", Request({Queue("demo", "q")})).ok());
}

TEST_F(ConfigServiceTest, EveryRoleReadsItsOwnWorkspaceOnly) {
  ApplyTwoWorkspaces();
  for (const char* subject : {"ana", "eva", "local", "desk", "operator"}) {
    EXPECT_TRUE(Get(subject, "Queue/demo/billing").ok()) << subject;
    EXPECT_TRUE(List(subject, Of("demo")).ok()) << subject;
  }
  EXPECT_TRUE(Get("ana", "Workspace//demo").ok());
  EXPECT_EQ(Get("ana", "Queue/acme/billing").status().code(), Code::kPermissionDenied);
  EXPECT_EQ(Get("ana", "Workspace//acme").status().code(), Code::kPermissionDenied);
  EXPECT_EQ(List("ana", Of("acme")).status().code(), Code::kPermissionDenied);
  EXPECT_FALSE(List("ana", Of("")).ok()) << "all workspaces";
}

TEST_F(ConfigServiceTest, ListsByKindAndWorkspaceInOrder) {
  ApplyTwoWorkspaces();
  EXPECT_THAT(Keys(*List("operator", Of("demo"))),
              ElementsAre("Queue/demo/billing", "Skill/demo/billing", "Workspace//demo"));
  EXPECT_THAT(Keys(*List("operator", Of("", "Queue"))),
              ElementsAre("Queue/acme/billing", "Queue/demo/billing"));
  EXPECT_EQ(List("operator", Of("demo"))->revision(), 1);
}

TEST_F(ConfigServiceTest, PagesHoldEverythingOnce) {
  ApplyTwoWorkspaces();
  std::vector<std::string> keys;
  v1::ListRequest request = Of("");
  request.set_page_size(2);
  do {
    const auto page = List("operator", request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->resources_size(), 2);
    for (const std::string& key : Keys(*page)) keys.push_back(key);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(keys, ElementsAre("Queue/acme/billing", "Queue/demo/billing", "Skill/demo/billing",
                                "Workspace//acme", "Workspace//demo"));
}

TEST_F(ConfigServiceTest, ListRefusesWhatItDoesNotKnow) {
  ApplyTwoWorkspaces();
  EXPECT_THAT(std::string(List("operator", Of("demo", "Qeue")).status().message()),
              HasSubstr("did you mean \"Queue\"?"));
  v1::ListRequest request = Of("demo");
  request.set_page_size(1001);
  EXPECT_EQ(List("operator", request).status().code(), Code::kInvalidArgument);
  request.set_page_size(0);
  request.set_page_token("x");
  EXPECT_EQ(List("operator", request).status().code(), Code::kInvalidArgument);
}

TEST_F(ConfigServiceTest, UnknownResourceIsNotFoundWithASuggestion) {
  ApplyTwoWorkspaces();
  const absl::Status missing = Get("operator", "Queue/demo/biling").status();
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("did you mean \"billing\"?"));
}

TEST_F(ConfigServiceTest, DeletesAndSaysSo) {
  ApplyTwoWorkspaces();
  const auto deleted = Delete("operator", DeleteOf({"Skill/demo/billing"}));
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->revision(), 2);
  EXPECT_EQ(Get("operator", "Skill/demo/billing").status().code(), Code::kNotFound);
}

TEST_F(ConfigServiceTest, HistoryIsForAdminsAndSupervisorsOfTheirWorkspace) {
  ApplyTwoWorkspaces();
  ASSERT_TRUE(Apply("chief", Request({Queue("demo", "mine")})).ok());
  const auto all = History("operator", "");
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->revisions_size(), 2);
  EXPECT_EQ(all->revisions(0).author(), "chief");
  EXPECT_EQ(all->revisions(1).author(), "operator");
  EXPECT_TRUE(History("eva", "demo").ok());
  EXPECT_EQ(History("ana", "demo").status().code(), Code::kPermissionDenied);
  EXPECT_EQ(History("eva", "acme").status().code(), Code::kPermissionDenied);
  EXPECT_FALSE(History("eva", "").ok()) << "all workspaces";
}

TEST_F(ConfigServiceTest, RollbackNeedsAnAdminOfWhatItTouches) {
  ApplyTwoWorkspaces();
  ASSERT_TRUE(Apply("chief", Request({Queue("demo", "mine")})).ok());
  EXPECT_EQ(Rollback("eva", 1, "demo").status().code(), Code::kPermissionDenied);
  EXPECT_FALSE(Rollback("chief", 1, "").ok()) << "all workspaces";
  const auto done = Rollback("chief", 1, "demo");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->revision(), 3);
  EXPECT_EQ(Get("operator", "Queue/demo/mine").status().code(), Code::kNotFound);
  EXPECT_EQ(History("operator", "")->revisions(0).restored_revision(), 1);
  EXPECT_EQ(Rollback("operator", 0, "").status().code(), Code::kInvalidArgument);
}

TEST_F(ConfigServiceTest, DryRunShowsTheFields) {
  ApplyTwoWorkspaces();
  v1::Resource queue = Queue("demo", "billing");
  queue.mutable_queue()->set_priority(5);
  v1::ApplyRequest request = Request({queue});
  request.set_dry_run(true);
  const auto answer = Apply("operator", request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->differences_size(), 1);
  EXPECT_EQ(answer->differences(0).fields(0).field(), "spec.priority");
}

TEST_F(ConfigServiceTest, EndlessCommandIdIsRefused) {
  v1::ApplyRequest request = Request({Workspace("demo")});
  request.set_command_id(std::string(129, 'x'));
  EXPECT_EQ(Apply("operator", request).status().code(), Code::kInvalidArgument);
}

TEST_F(ConfigServiceTest, OutcomesAreCounted) {
  ApplyTwoWorkspaces();
  EXPECT_FALSE(Apply("operator", Request({Queue("none", "q")})).ok());
  const std::string exposition = fixture_.metrics().Exposition();
  EXPECT_THAT(exposition,
              HasSubstr("trama_config_changes_total{call=\"apply\",outcome=\"done\"} 1"));
  EXPECT_THAT(exposition,
              HasSubstr("trama_config_changes_total{call=\"apply\",outcome=\"refused\"} 1"));
}

}  // namespace
}  // namespace trama::config
