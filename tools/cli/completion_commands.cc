#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/suggestion.h"
#include "services/platform/kafka/topics.h"
#include "tools/cli/commands.h"
#include "tools/cli/completion.h"
#include "tools/cli/config_parts.h"
#include "tools/cli/kinds.h"

namespace trama::tramactl {
namespace {

// Somebody waits with a finger on the key.
constexpr absl::Duration kNamesTimeout = absl::Seconds(2);

absl::Status PrintScript(Context& context, const Arguments& arguments) {
  const std::string shell = arguments.Get("SHELL");
  const std::string script = CompletionScript(shell);
  if (script.empty()) {
    return UsageError(absl::StrCat("\"", shell, "\" is not one of ",
                                   absl::StrJoin(CompletionShells(), ", "),
                                   DidYouMean(shell, CompletionShells())));
  }
  context.out().Raw(script);
  return absl::OkStatus();
}

std::vector<std::string> DeclaredTopics() {
  std::vector<std::string> names;
  const auto topics = platform::LoadTopics("", "demo");
  if (!topics.ok()) return names;
  for (const platform::TopicSpec& topic : topics->topics) names.push_back(topic.name);
  return names;
}

// As `get KIND` sees them; none when that cannot be asked now.
std::vector<std::string> NamesOf(const CommandTable& table, const Completion& completion,
                                 const Environment& environment, std::ostream& out) {
  std::vector<std::string> words = {"get", completion.names_of};
  words.insert(words.end(), completion.global_words.begin(), completion.global_words.end());
  const auto invocation = table.Parse(words, environment);
  if (!invocation.ok() || invocation->command == nullptr) return {};
  auto context = Context::Create(invocation->arguments, environment, out, false);
  if (!context.ok()) return {};
  (*context)->ActAs({"admin", "supervisor"});
  (*context)->AllowTime(kNamesTimeout);
  const bool everywhere = completion.names_of == "Workspace";
  const auto resources =
      ListAll(**context, completion.names_of, everywhere ? "" : (*context)->workspace());
  std::vector<std::string> names;
  if (!resources.ok()) return names;
  for (const auto& resource : *resources) names.push_back(resource.metadata().name());
  return names;
}

}  // namespace

void PrintCompletion(const CommandTable& table, const std::vector<std::string>& words,
                     const Environment& environment, std::ostream& out) {
  const Completion completion = Complete(table, words, KindWords(), DeclaredTopics());
  if (completion.files) {
    out << kFilesLine << "\n";
    return;
  }
  for (const auto& [word, help] : completion.candidates) out << word << "\t" << help << "\n";
  if (completion.names_of.empty()) return;
  for (const std::string& name : NamesOf(table, completion, environment, out)) {
    if (words.empty() || absl::StartsWith(name, words.back())) out << OneLine(name) << "\t\n";
  }
}

std::vector<Command> CompletionCommands() {
  return {{.path = {"completion"},
           .summary = "A script that lets a shell complete commands, flags and names",
           .details = "bash: source <(tramactl completion bash)\n"
                      "zsh:  source <(tramactl completion zsh)\n"
                      "fish: tramactl completion fish | source",
           .positionals = {{.name = "SHELL",
                            .help = absl::StrJoin(CompletionShells(), ", "),
                            .choices = CompletionShells()}},
           .run = PrintScript}};
}

}  // namespace trama::tramactl
