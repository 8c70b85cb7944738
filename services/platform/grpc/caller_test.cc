#include "services/platform/grpc/caller.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "services/platform/grpc/unary.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::platform {
namespace {

using profile::v1::GetCustomerRequest;
using profile::v1::GetCustomerResponse;
using profile::v1::ProfileService;
using ::testing::HasSubstr;

Caller Ana() { return {.subject = "ana", .workspace = "demo", .roles = {"agent"}}; }

TEST(AuthorizeTest, RoleInOwnWorkspaceIsEnough) {
  EXPECT_TRUE(Authorize(Ana(), "demo", {"supervisor", "agent"}).ok());
}

TEST(AuthorizeTest, SaysWhichRoleIsMissing) {
  const absl::Status status = Authorize(Ana(), "demo", {"supervisor", "admin"});
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrorReason(status), "ROLE_MISSING");
  EXPECT_EQ(status.message(), "one of the roles supervisor, admin is needed, but ana has agent");
}

TEST(AuthorizeTest, OtherWorkspaceIsForbidden) {
  const absl::Status status = Authorize(Ana(), "demo2", {"agent"});
  EXPECT_EQ(ErrorReason(status), "WORKSPACE_FORBIDDEN");
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"demo\" and may not act in \"demo2\""));
}

TEST(AuthorizeTest, MissingWorkspaceOfABoundCallerIsAnInvalidField) {
  EXPECT_EQ(ErrorReason(Authorize(Ana(), "", {"agent"})), "INVALID_FIELD");
}

TEST(AuthorizeTest, UnboundCallerMayEnterAll) {
  const Caller operator_caller = {.subject = "operator", .roles = {"admin"}};
  EXPECT_TRUE(Authorize(operator_caller, "demo", {"admin"}).ok());
  EXPECT_TRUE(Authorize(operator_caller, "", {"admin"}).ok());
}

// Answers with who calls: "subject/workspace/roles", "forwarded" added.
class WhoAmI final : public ProfileService::CallbackService {
 public:
  explicit WhoAmI(CallGate& gate) : gate_(gate) {}
  grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context,
                                        const GetCustomerRequest* request,
                                        GetCustomerResponse* response) override {
    return RunUnary(
        gate_, context, request, response,
        {.workspace = request->workspace(), .roles = {"agent", "service"}},
        [](const Call& call, const GetCustomerRequest&) {
          GetCustomerResponse answer;
          answer.mutable_customer()->set_display_name(absl::StrCat(
              call.caller.subject, "/", call.caller.workspace, "/",
              absl::StrJoin(call.caller.roles, ","), call.forwarded ? "/forwarded" : ""));
          return absl::StatusOr<GetCustomerResponse>(answer);
        });
  }

 private:
  CallGate& gate_;
};

class CallerTest : public ::testing::Test {
 protected:
  void SetUp() override { fixture_.Serve(service_); }

  absl::StatusOr<std::string> Ask(const std::string& token_of, const CallOptions& options = {},
                                  std::multimap<std::string, std::string> metadata = {}) {
    const auto peer = fixture_.Client(token_of);
    const auto stub = ProfileService::NewStub(peer->channel());
    GetCustomerRequest request;
    request.set_workspace("demo");
    const auto answer = CallBlocking<GetCustomerResponse>(
        *peer, request, options, [&](auto* context, const auto& question, auto* result) {
          for (const auto& [name, value] : metadata) context->AddMetadata(name, value);
          return stub->GetCustomer(context, question, result);
        });
    if (!answer.ok()) return answer.status();
    return answer->customer().display_name();
  }

  std::string ReasonFor(const std::string& token_of, const CallOptions& options = {},
                        std::multimap<std::string, std::string> metadata = {}) {
    return ErrorReason(Ask(token_of, options, metadata).status());
  }

  GrpcFixture fixture_;
  WhoAmI service_{fixture_.gate()};
};

TEST_F(CallerTest, IsReadFromTheBearerToken) { EXPECT_EQ(*Ask("ana"), "ana/demo/agent"); }

TEST_F(CallerTest, CallWithoutCredentialsIsUnauthenticated) {
  const absl::Status status = Ask("").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ErrorReason(status), "CREDENTIALS_MISSING");
}

TEST_F(CallerTest, UnknownTokenIsUnauthenticated) {
  EXPECT_EQ(ReasonFor("nobody"), "TOKEN_UNKNOWN");
}

TEST_F(CallerTest, OtherSchemesAndDoubleCredentialsAreRefused) {
  EXPECT_EQ(ReasonFor("", {}, {{"authorization", "Basic dDphbmE="}}), "CREDENTIALS_MISSING");
  EXPECT_EQ(ReasonFor("ana", {}, {{"authorization", "Bearer t-desk"}}), "CREDENTIALS_MISSING");
}

TEST_F(CallerTest, SchemeIsReadWithoutCase) {
  EXPECT_EQ(*Ask("", {}, {{"authorization", "bearer t-ana"}}), "ana/demo/agent");
}

TEST_F(CallerTest, ServiceMayActForSomebody) {
  EXPECT_EQ(*Ask("desk", {.on_behalf_of = Ana()}), "ana/demo/agent");
  EXPECT_EQ(*Ask("desk", {.on_behalf_of = Ana(), .forwarded = true}), "ana/demo/agent/forwarded");
}

TEST_F(CallerTest, ServiceMayForwardItsOwnCalls) {
  EXPECT_EQ(*Ask("desk", {.forwarded = true}), "desk//service/forwarded");
}

TEST_F(CallerTest, NobodyElseMayActForOthers) {
  EXPECT_EQ(ReasonFor("ana", {.on_behalf_of = Ana()}), "ON_BEHALF_OF_REFUSED");
  EXPECT_EQ(ReasonFor("eva", {.forwarded = true}), "ON_BEHALF_OF_REFUSED");
  EXPECT_EQ(ReasonFor("ana", {}, {{kOnBehalfOfRolesHeader, "admin"}}), "ON_BEHALF_OF_REFUSED");
}

TEST_F(CallerTest, ServiceBoundToAWorkspaceCannotLeaveIt) {
  Caller elsewhere = Ana();
  elsewhere.workspace = "demo2";
  EXPECT_EQ(ReasonFor("local", {.on_behalf_of = elsewhere}), "ON_BEHALF_OF_REFUSED");
  elsewhere.workspace = "";
  EXPECT_EQ(ReasonFor("local", {.on_behalf_of = elsewhere}), "ON_BEHALF_OF_REFUSED");
  EXPECT_EQ(*Ask("local", {.on_behalf_of = Ana()}), "ana/demo/agent");
}

TEST_F(CallerTest, RightsAreThoseOfWhomTheCallIsFor) {
  Caller eva = {.subject = "eva", .workspace = "demo", .roles = {"supervisor"}};
  EXPECT_EQ(ReasonFor("desk", {.on_behalf_of = eva}), "ROLE_MISSING");
}

TEST_F(CallerTest, NamelessOnBehalfOfIsRefused) {
  EXPECT_EQ(ReasonFor("desk", {.on_behalf_of = Caller{.workspace = "demo", .roles = {"agent"}}}),
            "ON_BEHALF_OF_REFUSED");
}

}  // namespace
}  // namespace trama::platform
