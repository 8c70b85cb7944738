#include "services/platform/grpc/caller.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/kernel/errors.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr char kRoleService[] = "service";
constexpr absl::string_view kScheme = "bearer ";

grpc::string_ref Ref(std::string_view text) { return {text.data(), text.size()}; }

absl::Status Unauthenticated(std::string_view reason, std::string_view message) {
  return TypedError(absl::StatusCode::kUnauthenticated, reason, message);
}

absl::Status Refused(std::string_view message) {
  return TypedError(absl::StatusCode::kPermissionDenied, "ON_BEHALF_OF_REFUSED", message);
}

absl::StatusOr<Caller> BearerOf(const grpc::ServerContextBase& context, const TokenStore& tokens) {
  const size_t count = context.client_metadata().count(Ref(kAuthorizationHeader));
  const absl::string_view header = ToAbsl(ClientHeader(context, kAuthorizationHeader));
  if (count != 1 || !absl::StartsWithIgnoreCase(header, kScheme)) {
    return Unauthenticated("CREDENTIALS_MISSING",
                           "credentials are missing: send metadata \"authorization: Bearer "
                           "<token>\" once");
  }
  const absl::string_view token = absl::StripAsciiWhitespace(header.substr(kScheme.size()));
  std::optional<Caller> caller = tokens.Find(ToStd(token));
  if (!caller.has_value()) {
    return Unauthenticated("TOKEN_UNKNOWN",
                           "the bearer token is unknown or no longer valid; ask for a new one");
  }
  return *std::move(caller);
}

// Whom the headers name. Only called for a bearer with the role service.
absl::StatusOr<Caller> NamedCaller(const grpc::ServerContextBase& context, const Caller& bearer) {
  Caller named;
  named.subject = std::string(ClientHeader(context, kOnBehalfOfHeader));
  named.workspace = std::string(ClientHeader(context, kOnBehalfOfWorkspaceHeader));
  named.roles =
      absl::StrSplit(ToAbsl(ClientHeader(context, kOnBehalfOfRolesHeader)), ',', absl::SkipEmpty());
  if (!IsSubject(named.subject)) {
    return Refused("trama-on-behalf-of must be 1 to 128 of a-z A-Z 0-9 . _ - @");
  }
  if (!bearer.MayEnter(named.workspace)) {
    return Refused(absl::StrCat("service ", bearer.subject, " is bound to workspace \"",
                                bearer.workspace, "\" and cannot act in \"", named.workspace,
                                "\""));
  }
  return named;
}

std::string RolesInWords(const Caller& caller) {
  return caller.roles.empty() ? "no role" : absl::StrJoin(caller.roles, ", ");
}

}  // namespace

std::string_view ClientHeader(const grpc::ServerContextBase& context, std::string_view name) {
  const auto it = context.client_metadata().find(Ref(name));
  if (it == context.client_metadata().end()) return {};
  return {it->second.data(), it->second.size()};
}

bool IsForwarded(const grpc::ServerContextBase& context) {
  return !ClientHeader(context, kForwardedHeader).empty();
}

absl::StatusOr<Caller> CallerOf(const grpc::ServerContextBase& context, const TokenStore& tokens) {
  absl::StatusOr<Caller> bearer = BearerOf(context, tokens);
  if (!bearer.ok()) return bearer.status();
  const bool names_somebody =
      context.client_metadata().count(Ref(kOnBehalfOfHeader)) > 0 ||
      context.client_metadata().count(Ref(kOnBehalfOfWorkspaceHeader)) > 0 ||
      context.client_metadata().count(Ref(kOnBehalfOfRolesHeader)) > 0;
  if (!names_somebody && !IsForwarded(context)) return bearer;
  if (!bearer->HasRole(kRoleService)) {
    return Refused(absl::StrCat("only role service may act for others; ", bearer->subject, " has ",
                                RolesInWords(*bearer)));
  }
  if (!names_somebody) return bearer;
  return NamedCaller(context, *bearer);
}

absl::Status Authorize(const Caller& caller, std::string_view workspace,
                       const std::vector<std::string_view>& roles) {
  if (workspace.empty() && !caller.workspace.empty()) {
    return InvalidField("workspace", "",
                        absl::StrCat("is missing; use \"", caller.workspace, "\", to which ",
                                     caller.subject, " belongs"));
  }
  if (!caller.MayEnter(std::string(workspace))) {
    return TypedError(absl::StatusCode::kPermissionDenied, "WORKSPACE_FORBIDDEN",
                      absl::StrCat(caller.subject, " belongs to workspace \"", caller.workspace,
                                   "\" and may not act in \"", ToAbsl(workspace), "\""));
  }
  const bool has_one = std::any_of(roles.begin(), roles.end(), [&](std::string_view role) {
    return caller.HasRole(std::string(role));
  });
  if (has_one) return absl::OkStatus();
  return TypedError(
      absl::StatusCode::kPermissionDenied, "ROLE_MISSING",
      absl::StrCat(
          "one of the roles ",
          absl::StrJoin(roles, ", ",
                        [](std::string* out, std::string_view role) { out->append(role); }),
          " is needed, but ", caller.subject, " has ", RolesInWords(caller)));
}

}  // namespace trama::platform
