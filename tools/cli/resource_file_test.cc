#include "tools/cli/resource_file.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/cli/json.h"

namespace trama::tramactl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ResourceFileTest : public ::testing::Test {
 protected:
  std::vector<LocatedResource> Read(const std::string& text, const std::string& workspace = "") {
    return ReadResources(ParseYaml("f.yaml", text, mistakes_), workspace, environment_, mistakes_);
  }
  std::vector<std::string> Mistakes() {
    std::vector<std::string> lines;
    for (const Mistake& mistake : mistakes_) lines.push_back(mistake.ToString());
    return lines;
  }

  std::map<std::string, std::string> variables_;
  Environment environment_ = [this](const std::string& name) -> std::optional<std::string> {
    const auto it = variables_.find(name);
    if (it == variables_.end()) return std::nullopt;
    return it->second;
  };
  std::vector<Mistake> mistakes_;
};

constexpr char kQueue[] = R"(
apiVersion: trama/v1
kind: Queue
metadata: {name: billing, workspace: demo}
spec:
  order: 10
  when:
    channels: [email, sms]
    customer_facts: {segment: gold}
  required_skills:
    - {skill: billing, proficiency_min: 5}
  wrap_up: {mode: TIME_BOXED, timeout: 60s}
  service_level: {include_abandoned: true}
---
apiVersion: trama/v1
kind: Agent
metadata:
  name: ana
  workspace: demo
spec:
  skills:
    billing: 7
)";

TEST_F(ResourceFileTest, EveryDocumentIsAResource) {
  const auto read = Read(kQueue);
  ASSERT_THAT(Mistakes(), IsEmpty());
  ASSERT_EQ(read.size(), 2u);
  const config::v1::QueueSpec& queue = read[0].resource.queue();
  EXPECT_EQ(read[0].resource.metadata().name(), "billing");
  EXPECT_EQ(queue.order(), 10);
  EXPECT_THAT(queue.when().channels(), ElementsAre("email", "sms"));
  EXPECT_EQ(queue.when().customer_facts().at("segment"), "gold");
  EXPECT_EQ(queue.required_skills(0).proficiency_min(), 5);
  EXPECT_EQ(queue.wrap_up().mode(), config::v1::WrapUp::TIME_BOXED);
  EXPECT_TRUE(queue.service_level().include_abandoned());
  EXPECT_EQ(read[1].resource.agent().skills().at("billing"), 7);
}

TEST_F(ResourceFileTest, NamesMayBeInCamelCase) {
  const auto read = Read(
      "apiVersion: trama/v1\nkind: Queue\nmetadata: {name: q, workspace: demo}\n"
      "spec: {requiredSkills: [{skill: billing, proficiencyMin: 5}]}\n");
  ASSERT_THAT(Mistakes(), IsEmpty());
  EXPECT_EQ(read[0].resource.queue().required_skills(0).proficiency_min(), 5);
}

TEST_F(ResourceFileTest, WorkspaceIsTheGivenOneUnlessNamed) {
  const auto read = Read(
      "{apiVersion: trama/v1, kind: Skill, metadata: {name: a}, spec: {}}\n---\n"
      "{apiVersion: trama/v1, kind: Skill, metadata: {name: a, workspace: acme}, spec: {}}\n---\n"
      "{apiVersion: trama/v1, kind: Workspace, metadata: {name: demo}, spec: {}}\n",
      "demo");
  ASSERT_THAT(Mistakes(), IsEmpty());
  EXPECT_EQ(read[0].resource.metadata().workspace(), "demo");
  EXPECT_EQ(read[1].resource.metadata().workspace(), "acme");
  EXPECT_EQ(read[2].resource.metadata().workspace(), "");
}

TEST_F(ResourceFileTest, UnknownFieldIsNamedWithLineAndSuggestion) {
  Read(
      "apiVersion: trama/v1\n"
      "kind: Queue\n"
      "metadata: {name: q, workspace: demo}\n"
      "spec:\n"
      "  order: 1\n"
      "  priorty: 3\n"
      "  required_skills:\n"
      "    - skill: billing\n"
      "      profficiency_min: 5\n");
  EXPECT_THAT(
      Mistakes(),
      ElementsAre("f.yaml:6:3: spec.priorty: is not a field; did you mean \"priority\"?",
                  "f.yaml:9:7: spec.required_skills[0].profficiency_min: is not a field; did you "
                  "mean \"proficiency_min\"?"));
}

TEST_F(ResourceFileTest, MistakesSpellFieldsAsTheFileDoes) {
  const auto read = Read(
      "apiVersion: trama/v1\nkind: Queue\nmetadata: {name: q, workspace: demo}\n"
      "spec:\n  requiredSkills:\n    - {skill: billing, profficiencyMin: 5}\n");
  EXPECT_THAT(Mistakes(),
              ElementsAre("f.yaml:6:24: spec.requiredSkills[0].profficiencyMin: is not a "
                          "field; did you mean \"proficiencyMin\"?"));
  EXPECT_EQ(
      MistakeOf({"resources[0].spec.required_skills[0].skill", "does not exist"}, read).ToString(),
      "f.yaml:6:15: spec.requiredSkills[0].skill: does not exist");
}

TEST_F(ResourceFileTest, ValuesOfAnotherTypeAreNamedWithTheirLine) {
  Read(
      "apiVersion: trama/v1\n"
      "kind: Queue\n"
      "metadata: {name: q, workspace: demo}\n"
      "spec:\n"
      "  order: first\n"
      "  display_name: [a]\n"
      "  wrap_up: {mode: TIMEBOXED}\n"
      "  service_level: {include_abandoned: yes}\n"
      "  required_skills: {skill: billing}\n"
      "  when: email\n");
  EXPECT_THAT(
      Mistakes(),
      ElementsAre("f.yaml:5:10: spec.order: \"first\" is not a whole number",
                  "f.yaml:6:17: spec.display_name: must be a single value",
                  "f.yaml:7:19: spec.wrap_up.mode: \"TIMEBOXED\" is not one of NONE, "
                  "OPTIONAL, MANDATORY, TIME_BOXED; did you mean \"TIME_BOXED\"?",
                  "f.yaml:8:38: spec.service_level.include_abandoned: \"yes\" must be true or "
                  "false",
                  "f.yaml:9:20: spec.required_skills: must be a list, such as [a, b]",
                  "f.yaml:10:9: spec.when: must be a map of names and values"));
}

TEST_F(ResourceFileTest, KeyThatIsThereTwiceIsAMistake) {
  Read(
      "apiVersion: trama/v1\n"
      "kind: Queue\n"
      "metadata: {name: q, workspace: demo}\n"
      "spec:\n"
      "  order: 1\n"
      "  order: 2\n");
  EXPECT_THAT(Mistakes(),
              ElementsAre("f.yaml:6:3: spec.order: is there twice; keep one of the two"));
}

TEST_F(ResourceFileTest, TwoSettingsOfAChannelAreAMistake) {
  Read(
      "apiVersion: trama/v1\n"
      "kind: ChannelAccount\n"
      "metadata: {name: a, workspace: demo}\n"
      "spec:\n"
      "  email: {}\n"
      "  sms: {}\n");
  EXPECT_THAT(Mistakes(),
              ElementsAre("f.yaml:6:3: spec.sms: cannot stand beside email; keep one of the two"));
}

TEST_F(ResourceFileTest, PartsOfAResourceMustBeThere) {
  Read("kind: Queue\nmetdata: {}\n");
  EXPECT_THAT(Mistakes(),
              ElementsAre("f.yaml:2:1: metdata: is not a field; did you mean \"metadata\"?",
                          "f.yaml:1:1: apiVersion: is missing", "f.yaml:1:1: metadata: is missing",
                          "f.yaml:1:1: spec: is missing"));
}

TEST_F(ResourceFileTest, UnknownKindIsNamedWithItsLine) {
  Read("apiVersion: trama/v1\nkind: Qeue\nmetadata: {name: q}\nspec: {}\n");
  EXPECT_THAT(Mistakes(),
              ElementsAre("f.yaml:2:7: kind: \"Qeue\" is not a kind; did you mean \"Queue\"?"));
}

TEST_F(ResourceFileTest, BrokenYamlIsNamedWithItsLine) {
  Read("apiVersion: trama/v1\nkind: [\n");
  EXPECT_THAT(Mistakes(), ElementsAre(StartsWith("f.yaml:3:")));
}

TEST_F(ResourceFileTest, DocumentThatIsNoMapIsAMistake) {
  Read("- a\n- b\n");
  EXPECT_THAT(Mistakes(), ElementsAre("f.yaml:1:1: must be a map of names and values"));
}

TEST_F(ResourceFileTest, EmptyDocumentsAreSkipped) {
  EXPECT_THAT(Read("---\n---\n# nothing\n"), IsEmpty());
  EXPECT_THAT(Mistakes(), IsEmpty());
}

TEST_F(ResourceFileTest, VariablesAreReplacedInValues) {
  variables_["HOST"] = "mail.test: yes";  // No YAML is made of it.
  const auto read = Read(
      "apiVersion: trama/v1\nkind: Skill\nmetadata: {name: a, workspace: demo}\n"
      "spec: {display_name: 'at ${HOST}, not $${HOST}, for $5'}\n");
  ASSERT_THAT(Mistakes(), IsEmpty());
  EXPECT_EQ(read[0].resource.skill().display_name(), "at mail.test: yes, not ${HOST}, for $5");
}

TEST_F(ResourceFileTest, VariableThatIsNotSetIsNamedWithItsLine) {
  Read(
      "apiVersion: trama/v1\nkind: Skill\nmetadata: {name: a, workspace: demo}\n"
      "spec:\n  display_name: ${HOST}\n");
  EXPECT_THAT(Mistakes(), ElementsAre("f.yaml:5:17: spec.display_name: ${HOST} is not set in the "
                                      "environment"));
}

TEST_F(ResourceFileTest, AliasesThatGrowAreStopped) {
  std::string text =
      "apiVersion: trama/v1\nkind: Queue\nmetadata: {name: a, workspace: demo}\nspec:\n  when:\n"
      "    channels: &a [x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x]\n"
      "  required_skills:\n";
  std::string list = "*a";
  for (int i = 0; i < 20; ++i) {
    text += "    - &l" + std::to_string(i) + " {skill: x, skill2: [" + list + ", " + list + "]}\n";
    list = "*l" + std::to_string(i);
  }
  Read(text);  // Ends, and soon.
  EXPECT_FALSE(mistakes_.empty());
}

TEST_F(ResourceFileTest, WhatTheServiceRefusesGetsFileAndLine) {
  const auto read = Read(kQueue);
  EXPECT_EQ(MistakeOf({"resources[0].spec.required_skills[0].skill", "\"x\" does not exist"}, read)
                .ToString(),
            "f.yaml:11:15: spec.required_skills[0].skill: \"x\" does not exist");
  EXPECT_EQ(MistakeOf({"resources[1].spec.skills[billing]", "0 is low"}, read).ToString(),
            "f.yaml:22:14: spec.skills[billing]: 0 is low");
  EXPECT_EQ(MistakeOf({"resources[0].spec.calendar", "is missing"}, read).ToString(),
            "f.yaml:6:3: spec.calendar: is missing")
      << "the nearest node that exists";
  EXPECT_EQ(MistakeOf({"resources[0]", "is large"}, read).ToString(), "f.yaml:2:1: is large");
  EXPECT_EQ(MistakeOf({"command_id", "is long"}, read).ToString(), "request: command_id: is long");
  EXPECT_EQ(MistakeOf({"resources[9].kind", "is odd"}, read).ToString(),
            "request: resources[9].kind: is odd");
}

TEST_F(ResourceFileTest, WhatIsPrintedReadsBack) {
  const auto first = Read(kQueue);
  std::string printed;
  for (const LocatedResource& located : first) {
    printed += "---\n" + ToYaml(ResourceJson(located.resource));
  }
  const auto second = Read(printed);
  ASSERT_THAT(Mistakes(), IsEmpty()) << printed;
  ASSERT_EQ(second.size(), first.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(second[i].resource.DebugString(), first[i].resource.DebugString());
  }
}

TEST_F(ResourceFileTest, MetadataOfTheServiceReadsBack) {
  const auto read = Read(
      "apiVersion: trama/v1\nkind: Skill\n"
      "metadata: {name: a, workspace: demo, revision: '7', changed_at: '2026-04-21T09:30:00Z'}\n"
      "spec: {}\n");
  ASSERT_THAT(Mistakes(), IsEmpty());
  EXPECT_EQ(read[0].resource.metadata().revision(), 7);
  EXPECT_EQ(read[0].resource.metadata().changed_at().seconds(), 1776763800);
}

}  // namespace
}  // namespace trama::tramactl
