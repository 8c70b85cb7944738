#include <cstdio>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/grpc/unary.h"
#include "services/platform/service/service_main.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

// A service for the tests of ServiceMain, which run it as a process of its own.
ABSL_FLAG(std::string, test_mode, "serve",
          "serve; setup_fails, setup_hangs, setup_waits; start_fails; fatal; closer_hangs");
ABSL_FLAG(int32_t, test_even, 2, "must be even");

namespace trama::platform {
namespace {

using profile::v1::GetCustomerRequest;
using profile::v1::GetCustomerResponse;
using profile::v1::ProfileService;

// Answers after as many milliseconds as customer_id says.
class SlowService final : public ProfileService::CallbackService {
 public:
  explicit SlowService(CallGate& gate) : gate_(gate) {}
  grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context,
                                        const GetCustomerRequest* request,
                                        GetCustomerResponse* response) override {
    return RunUnary(gate_, context, request, response,
                    {.workspace = request->workspace(), .roles = {"agent"}},
                    [](const Call&, const GetCustomerRequest& wanted) {
                      int64_t milliseconds = 0;
                      static_cast<void>(absl::SimpleAtoi(wanted.customer_id(), &milliseconds));
                      absl::SleepFor(absl::Milliseconds(milliseconds));
                      return absl::StatusOr<GetCustomerResponse>(GetCustomerResponse());
                    });
  }

 private:
  CallGate& gate_;
};

// Says when it is destroyed.
struct Owned {
  explicit Owned(std::string name_in) : name(std::move(name_in)) {}
  ~Owned() { Log(LogLevel::kInfo, absl::StrCat("step: ", name, " destroyed")); }
  std::string name;
};

[[noreturn]] void Hang() {
  while (true) absl::SleepFor(absl::Seconds(1));
}

absl::Status Setup(Runtime& runtime) {
  const std::string mode = absl::GetFlag(FLAGS_test_mode);
  runtime.Own(std::make_unique<Owned>("first"));
  runtime.Own(std::make_unique<Owned>("second"));
  const auto say = [](const char* text) {
    return [text] { Log(LogLevel::kInfo, absl::StrCat("step: ", text)); };
  };
  runtime.AddCloser("a", say("close a"));
  runtime.AddCloser("b", say("close b"));
  runtime.AddStopper("a", say("stop a"));
  runtime.AddStopper("b", say("stop b"));
  runtime.AddGrpcService(std::make_unique<SlowService>(runtime.gate()));
  runtime.AfterStart([&runtime, mode]() -> absl::Status {
    if (mode == "start_fails") return absl::UnavailableError("start went wrong");
    if (mode == "fatal") {
      std::thread([&runtime] { runtime.Fatal(absl::AbortedError("loop died")); }).detach();
    }
    Log(LogLevel::kInfo, absl::StrCat("step: started at ", runtime.grpc_address()));
    return absl::OkStatus();
  });
  Log(LogLevel::kInfo, "step: setup");
  if (mode == "setup_fails") return absl::NotFoundError("nothing there");
  if (mode == "setup_hangs") Hang();
  if (mode == "setup_waits") {
    while (!runtime.stopping()) absl::SleepFor(absl::Milliseconds(5));
  }
  if (mode == "closer_hangs") runtime.AddCloser("stuck loop", [] { Hang(); });
  return absl::OkStatus();
}

void Validate(Mistakes& mistakes) {
  const int32_t even = absl::GetFlag(FLAGS_test_even);
  mistakes.Require(even % 2 == 0, absl::StrCat("--test_even is ", even, " but must be even"));
}

}  // namespace
}  // namespace trama::platform

int main(int argc, char** argv) {
  using trama::platform::CommonFlag;
  return trama::platform::ServiceMain(argc, argv,
                                      {.name = "test",
                                       .purpose = "Serves tests.",
                                       .defaults = {{"drain_timeout", "15s"}},
                                       .needs = {CommonFlag::kTokensFile},
                                       .validators = {trama::platform::Validate}},
                                      trama::platform::Setup);
}
