#include "tools/cli/run.h"

#include "services/kernel/errors.h"
#include "tools/cli/commands.h"
#include "tools/cli/completion.h"
#include "tools/cli/context.h"
#include "tools/cli/table.h"

namespace trama::tramactl {
namespace {

int Fail(const absl::Status& status, const Streams& streams, const char* advice = "") {
  const std::string reason = ErrorReason(status);
  streams.out.flush();
  streams.err << (streams.err_is_terminal ? "\x1b[31merror:\x1b[0m " : "error: ")
              << WithoutControls(std::string(status.message()));
  // That a field is wrong is what the text says already.
  if (!reason.empty() && reason != "INVALID_FIELD") streams.err << " (" << reason << ")";
  streams.err << "\n" << advice;
  return ExitCodeOf(status);
}

}  // namespace

int Run(const std::vector<std::string>& words, const Environment& environment, Streams streams) {
  const CommandTable table = MakeCommandTable();
  if (!words.empty() && words.front() == kCompleteWord) {
    PrintCompletion(table, {words.begin() + 1, words.end()}, environment, streams.out);
    return kExitDone;
  }
  absl::StatusOr<Invocation> invocation = table.Parse(words, environment);
  if (!invocation.ok()) {
    return Fail(UsageError(std::string(invocation.status().message())), streams,
                "see tramactl --help, or --help behind a command\n");
  }
  if (invocation->command == nullptr) {
    streams.out << invocation->help;
    return kExitDone;
  }
  auto context =
      Context::Create(invocation->arguments, environment, streams.out, streams.out_is_terminal);
  if (!context.ok()) return Fail(context.status(), streams);
  const absl::Status done = invocation->command->run(**context, invocation->arguments);
  if (IsDiffers(done)) return kExitFailed;
  if (!done.ok()) return Fail(done, streams);
  return streams.out.good() ? kExitDone : kExitFailed;
}

}  // namespace trama::tramactl
