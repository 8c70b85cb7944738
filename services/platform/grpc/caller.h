#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "services/kernel/caller.h"
#include "services/platform/base/tokens.h"

// Who calls, from the credentials of the call:
//   authorization: Bearer <token>
// A service that passes on somebody's call adds whose it is; these are believed only when the
// bearer token has the role `service`, and refused from anybody else:
//   trama-on-behalf-of: ana
//   trama-on-behalf-of-workspace: demo        (absent: all workspaces)
//   trama-on-behalf-of-roles: agent,supervisor
//   trama-forwarded: 1                        (by a replica to the owner; one hop only)
namespace trama::platform {

inline constexpr char kAuthorizationHeader[] = "authorization";
inline constexpr char kOnBehalfOfHeader[] = "trama-on-behalf-of";
inline constexpr char kOnBehalfOfWorkspaceHeader[] = "trama-on-behalf-of-workspace";
inline constexpr char kOnBehalfOfRolesHeader[] = "trama-on-behalf-of-roles";
inline constexpr char kForwardedHeader[] = "trama-forwarded";
inline constexpr char kTraceparentHeader[] = "traceparent";

// In the trailing metadata of a call that was passed on: the "host:port" of the replica that
// answered. A client that can reach it saves the way round by calling it directly, until that
// fails.
inline constexpr char kOwnerTrailer[] = "trama-owner";

// One value of the client's metadata, empty when absent.
std::string_view ClientHeader(const grpc::ServerContextBase& context, std::string_view name);

// UNAUTHENTICATED with reason CREDENTIALS_MISSING or TOKEN_UNKNOWN; PERMISSION_DENIED with reason
// ON_BEHALF_OF_REFUSED.
absl::StatusOr<Caller> CallerOf(const grpc::ServerContextBase& context, const TokenStore& tokens);

// Has another replica passed this call on? Such a call must not be passed on again. Only true for
// calls whose credentials CallerOf has accepted as a service's.
bool IsForwarded(const grpc::ServerContextBase& context);

// May `caller` act in `workspace`, and has he one of `roles`? PERMISSION_DENIED with reason
// WORKSPACE_FORBIDDEN or ROLE_MISSING and a text that says what is missing; InvalidField when
// `workspace` is empty and the caller is bound to one. An empty `workspace` otherwise means all.
absl::Status Authorize(const Caller& caller, std::string_view workspace,
                       const std::vector<std::string_view>& roles);

}  // namespace trama::platform
