#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "services/platform/kafka/access_admin.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"

namespace trama::tramactl {
namespace {

using platform::AccessChange;
using platform::AccessRule;

Json RuleJson(const AccessRule& rule) {
  return Json{{"user", rule.user},
              {"resource", platform::NameOf(rule.resource)},
              {"name", rule.name},
              {"pattern", rule.prefix ? "prefixed" : "literal"},
              {"operation", platform::NameOf(rule.operation)}};
}

Json RulesJson(const std::vector<AccessRule>& rules) {
  Json json = Json::array();
  for (const AccessRule& rule : rules) json.push_back(RuleJson(rule));
  return json;
}

std::string Lines(const std::string& title, const std::vector<AccessRule>& rules) {
  std::string lines;
  for (const AccessRule& rule : rules) absl::StrAppend(&lines, title, ToText(rule), "\n");
  return lines;
}

absl::StatusOr<std::vector<AccessRule>> Wanted(const Arguments& arguments) {
  // Sizes of a cluster do not matter here.
  const auto topics = platform::LoadTopics(arguments.Get("topics-file"), "demo");
  if (!topics.ok()) return UsageError(ToStd(topics.status().message()));
  auto rules = platform::AccessOf(*topics);
  if (!rules.ok()) return UsageError(ToStd(rules.status().message()));
  return rules;
}

absl::Status ListRules(Context& context, const Arguments& arguments) {
  const auto rules = Wanted(arguments);
  if (!rules.ok()) return rules.status();
  std::vector<Json> items;
  TextTable table({"USER", "MAY", "RESOURCE", "NAME"});
  for (const AccessRule& rule : *rules) {
    items.push_back(RuleJson(rule));
    table.Add({rule.user, std::string(platform::NameOf(rule.operation)),
               std::string(platform::NameOf(rule.resource)),
               absl::StrCat(rule.name, rule.prefix ? "*" : "")});
  }
  context.out().Many(
      items, [&] { return table; }, "nobody may do anything");
  return absl::OkStatus();
}

absl::Status EnsureRules(Context& context, const Arguments& arguments) {
  const auto rules = Wanted(arguments);
  if (!rules.ok()) return rules.status();
  const auto kafka = context.Kafka();
  if (!kafka.ok()) return kafka.status();
  auto admin = platform::AccessAdmin::Create(*kafka);
  if (!admin.ok()) return admin.status();
  const auto found = (*admin)->Describe(context.timeout());
  if (!found.ok()) return found.status();

  const AccessChange change = platform::CompareAccess(*rules, *found);
  if (!arguments.Has("check")) {
    absl::Status done = platform::ChangeAccess(**admin, *rules, change, context.timeout());
    if (!done.ok()) return done;
  }
  const Json json = {{"added", RulesJson(change.add)}, {"removed", RulesJson(change.remove)}};
  context.out().One(json, [&] {
    return absl::StrCat(Lines("+ ", change.add), Lines("- ", change.remove), rules->size(),
                        " rules, ", change.add.size(), " were missing, ", change.remove.size(),
                        " were too many\n");
  });
  if (arguments.Has("check") && !(change.add.empty() && change.remove.empty())) {
    return absl::FailedPreconditionError(
        "the access rules differ from the topics file, run tramactl access ensure");
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> AccessCommands() {
  const Flag file = {.name = "topics-file", .value = "FILE", .help = "Instead of the one built in"};
  return {{.path = {"access", "list"},
           .summary = "What each service's user needs to be allowed in Kafka",
           .details = "It follows from deploy/topics.yaml; Kafka is not asked.",
           .flags = {file},
           .run = ListRules},
          {.path = {"access", "ensure"},
           .summary = "Allow in Kafka what the services need, and nothing else",
           .details = "Adds the access rules (ACLs) that are missing for users named trama-... and "
                      "removes what they have beyond.",
           .flags = {file, {.name = "check", .help = "Change nothing; exit 1 at a difference"}},
           .run = EnsureRules}};
}

}  // namespace trama::tramactl
