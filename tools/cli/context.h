#pragma once

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "services/platform/grpc/client.h"
#include "services/platform/kafka/kafka_config.h"
#include "tools/cli/args.h"
#include "tools/cli/endpoints.h"
#include "tools/cli/output.h"

namespace trama::tramactl {

// The program's exit codes.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;  // Refused or failed.
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnavailable = 3;

// An error in how the program was called: exit code 2.
absl::Status UsageError(std::string_view text);

// The answer is printed and all is well, but it says that something differs: exit code 1 without
// an error, as of diff(1).
absl::Status Differs();
bool IsDiffers(const absl::Status& status);

int ExitCodeOf(const absl::Status& status);

// The flags that go with every command.
std::vector<Flag> GlobalFlags();

// What a command works with: where the services are, who calls, in which workspace, and how to
// answer. One per run of the program.
class Context {
 public:
  // Reads the endpoints file, if there is one. `out` must outlive the context.
  static absl::StatusOr<std::unique_ptr<Context>> Create(const Arguments& arguments,
                                                         Environment environment, std::ostream& out,
                                                         bool is_terminal);

  const std::string& workspace() const { return workspace_; }
  Output& out() { return out_; }
  const Environment& environment() const { return environment_; }
  absl::Duration timeout() const { return timeout_; }
  // For commands that take long, unless the command line says how long to try.
  void AllowTime(absl::Duration timeout);

  // From now on calls are made as one of these, the first that the endpoints have a token of,
  // unless the command line says who calls.
  void ActAs(std::vector<std::string> names) { default_names_ = std::move(names); }
  // As this one, unless the command line says who calls; TRAMA_TOKEN does not.
  void ActAsHimself(const std::string& name);

  // From now on calls are steps of this trace; at first of the one that the command line names.
  void GoOnWith(const std::string& traceparent) { traceparent_ = traceparent; }
  const std::string& traceparent() const { return traceparent_; }

  // Calls a method of a service ("routing", "profile", "sla", "reporting", "config"), and again
  // while it is unavailable and there is time: every command carries an id, so a repeat does no
  // harm.
  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Call(const std::string& service, const Request& request,
                                grpc::Status (Service::*method)(grpc::ClientContext*,
                                                                const Request&, Response*)) {
    const absl::StatusOr<platform::Peer*> peer = PeerOf(service);
    if (!peer.ok()) return peer.status();
    const absl::StatusOr<std::string> token = Token();
    if (!token.ok()) return token.status();
    Service stub((*peer)->channel());
    const absl::Time deadline = absl::Now() + timeout_;
    for (int attempt = 0;; ++attempt) {
      grpc::ClientContext call;
      (*peer)->Prepare(call, {.timeout = deadline - absl::Now(), .traceparent = traceparent_});
      call.AddMetadata("authorization", "Bearer " + *token);
      Response response;
      const absl::Status status = platform::FromGrpc((stub.*method)(&call, request, &response));
      if (status.ok()) return response;
      if (!WaitForRepeat(status, attempt, deadline)) return Explained(service, status);
    }
  }

  // For streams: the channel of a service, and the token to send along.
  absl::StatusOr<platform::Peer*> PeerOf(const std::string& service);
  absl::StatusOr<std::string> Token() const;

  absl::StatusOr<platform::KafkaConfig> Kafka() const;

  // An id for a command, drawn once per run: a repeat of a call has the same.
  const std::string& command_id() const { return command_id_; }

 private:
  Context(const Arguments& arguments, Environment environment, Output out)
      : arguments_(arguments), environment_(std::move(environment)), out_(std::move(out)) {}

  absl::Status ReadEndpoints();
  // An error of the connection with whose it is.
  static absl::Status Explained(const std::string& service, const absl::Status& status);
  // Sleeps before another attempt; false when there must be none.
  static bool WaitForRepeat(const absl::Status& status, int attempt, absl::Time deadline);

  const Arguments& arguments_;
  const Environment environment_;
  Output out_;
  Endpoints endpoints_;
  std::string endpoints_file_;
  std::string workspace_;
  absl::Duration timeout_;
  std::vector<std::string> default_names_;
  std::string himself_;
  std::string command_id_;
  std::string traceparent_;  // Empty: calls are of no trace.
  std::map<std::string, std::shared_ptr<platform::Peer>> peers_;
};

}  // namespace trama::tramactl
