#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/spec_checks.h"
#include "services/config/test_resources.h"

namespace trama::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using namespace testing;  // NOLINT: the builders of this service.

TEST(ResourceChecksTest, CorrectResourcesOfEveryKindPass) {
  EXPECT_THAT(Wrong(Workspace("demo")), IsEmpty());
  EXPECT_THAT(Wrong(Skill("demo", "billing")), IsEmpty());
  EXPECT_THAT(Wrong(Calendar("demo", "office")), IsEmpty());
  EXPECT_THAT(Wrong(Queue("demo", "billing")), IsEmpty());
  EXPECT_THAT(Wrong(Agent("demo", "ana")), IsEmpty());
  EXPECT_THAT(Wrong(EmailAccount("demo", "support", "help@demo.test")), IsEmpty());
  EXPECT_THAT(Wrong(SmsAccount("demo", "texts", "+14155550123")), IsEmpty());
}

TEST(ResourceChecksTest, KindNotKnownSuggestsTheNearest) {
  v1::Resource queue = Queue("demo", "billing");
  queue.set_kind("Qeue");
  EXPECT_THAT(Wrong(queue), ElementsAre("r.kind: \"Qeue\" is not a kind; did you mean \"Queue\"?"));
}

TEST(ResourceChecksTest, ApiVersionMustBeOurs) {
  v1::Resource queue = Queue("demo", "billing");
  queue.set_api_version("v2");
  EXPECT_THAT(Wrong(queue), ElementsAre("r.api_version: \"v2\" must be trama/v1"));
}

TEST(ResourceChecksTest, SpecMustBeThatOfTheKind) {
  v1::Resource queue = Queue("demo", "billing");
  queue.mutable_skill();
  EXPECT_THAT(Wrong(queue), ElementsAre("r.spec: is not that of a Queue"));
}

TEST(ResourceChecksTest, SpecMustBeThere) {
  v1::Resource queue = Queue("demo", "billing");
  queue.clear_spec();
  EXPECT_THAT(Wrong(queue), ElementsAre("r.spec: is missing"));
}

TEST(ResourceChecksTest, NamesAreLowerCaseLettersDigitsDashAndDot) {
  for (const char* name : {"a", "a-b", "a.b", "0", "x9"}) {
    EXPECT_THAT(Wrong(Queue("demo", name)), IsEmpty()) << name;
  }
  for (const char* name : {"A", "a_b", "a b", "-a", "a-", ".a", "é", "a/b"}) {
    EXPECT_THAT(Wrong(Queue("demo", name)), ElementsAre(StartsWith("r.metadata.name: "))) << name;
  }
  EXPECT_THAT(Wrong(Queue("demo", "")), ElementsAre("r.metadata.name: is missing"));
  EXPECT_THAT(Wrong(Queue("demo", std::string(63, 'a'))), IsEmpty());
  EXPECT_THAT(Wrong(Queue("demo", std::string(64, 'a'))),
              ElementsAre("r.metadata.name: has 64 letters; at most 63"));
}

TEST(ResourceChecksTest, OnlyAWorkspaceIsInNoWorkspace) {
  EXPECT_THAT(Wrong(Queue("", "billing")), ElementsAre("r.metadata.workspace: is missing"));
  v1::Resource workspace = Workspace("demo");
  workspace.mutable_metadata()->set_workspace("other");
  EXPECT_THAT(Wrong(workspace), ElementsAre(StartsWith("r.metadata.workspace: must be empty")));
}

TEST(ResourceChecksTest, TextsWithControlCharactersAreRefusedWithTheirPath) {
  v1::Resource queue = Queue("demo", "billing");
  queue.mutable_queue()->set_display_name("Bill\ning");
  (*queue.mutable_queue()->mutable_when()->mutable_customer_facts())["segment"] = "go\tld";
  EXPECT_THAT(Wrong(queue), ElementsAre(StartsWith("r.spec.display_name: contains a control"),
                                        StartsWith("r.spec.when.customer_facts[segment]: ")));
}

TEST(ResourceChecksTest, EnumNumbersOfALaterReleaseAreRefused) {
  v1::Resource account = SmsAccount("demo", "texts", "+14155550123");
  account.mutable_channel_account()->set_state(static_cast<v1::ChannelAccountSpec::State>(77));
  EXPECT_THAT(Wrong(account), ElementsAre(StartsWith("r.spec.state: 77 is not known")));
}

TEST(ResourceChecksTest, DurationsAreReadStrictly) {
  for (const char* text : {"20s", "5m", "4h30m", "1500ms"}) {
    v1::Resource queue = Queue("demo", "billing");
    queue.mutable_queue()->set_offer_timeout(text);
    EXPECT_THAT(Wrong(queue), IsEmpty()) << text;
  }
  for (const char* text : {"20", "five", "-5s", "inf", "20 s", "1d"}) {
    v1::Resource queue = Queue("demo", "billing");
    queue.mutable_queue()->set_offer_timeout(text);
    EXPECT_THAT(Wrong(queue), ElementsAre(AllOf(StartsWith("r.spec.offer_timeout: "),
                                                HasSubstr("is not a duration such as 20s"))))
        << text;
  }
  v1::Resource queue = Queue("demo", "billing");
  queue.mutable_queue()->set_offer_timeout("25h");
  EXPECT_THAT(Wrong(queue), ElementsAre(HasSubstr("must lie between 100ms and 24h")));
}

TEST(ResourceChecksTest, TimeZoneMustBeAnIanaName) {
  for (const char* zone : {"Brazil/Sao_Paulo", "localtime", "/etc/passwd", "../x", "file:x", ""}) {
    v1::Resource workspace = Workspace("demo");
    workspace.mutable_workspace()->set_time_zone(zone);
    EXPECT_THAT(Wrong(workspace), ElementsAre(StartsWith("r.spec.time_zone: "))) << zone;
  }
}

TEST(ResourceChecksTest, RegionMustBeAnIsoCountry) {
  for (const char* region : {"", "Brazil", "br", "XX"}) {
    v1::Resource workspace = Workspace("demo");
    workspace.mutable_workspace()->set_default_region(region);
    EXPECT_THAT(Wrong(workspace), ElementsAre(StartsWith("r.spec.default_region: "))) << region;
  }
}

TEST(ResourceChecksTest, SecretMustBeAReferenceAndIsNeverRepeated) {
  for (const char* secret :
       {"hunter2", "file:relative", "file:/../x", "env:", "env:A-B", "ENV:A"}) {
    v1::Resource workspace = Workspace("demo");
    workspace.mutable_workspace()->set_identity_secret(secret);
    EXPECT_THAT(Wrong(workspace),
                ElementsAre(AllOf(StartsWith("r.spec.identity_secret: must be a reference"),
                                  Not(HasSubstr("hunter2")))))
        << secret;
  }
  for (const char* secret : {"file:/run/secrets/x", "env:A_1"}) {
    v1::Resource workspace = Workspace("demo");
    workspace.mutable_workspace()->set_identity_secret(secret);
    EXPECT_THAT(Wrong(workspace), IsEmpty()) << secret;
  }
}

TEST(ResourceChecksTest, CapacityIsByKnownChannelAndFitsIntoAnAgent) {
  v1::Resource workspace = Workspace("demo");
  v1::WorkspaceSpec& spec = *workspace.mutable_workspace();
  spec.set_agent_units(50);
  (*spec.mutable_capacity())["emial"].set_units(10);
  (*spec.mutable_capacity())["sms"].set_units(60);
  EXPECT_THAT(
      Wrong(workspace),
      ElementsAre("r.spec.capacity[emial]: \"emial\" is not a channel; did you mean "
                  "\"email\"?",
                  HasSubstr("r.spec.capacity[sms].units: 60 is more than agent_units, 50")));
}

TEST(ResourceChecksTest, QueueConditionIsChecked) {
  v1::Resource queue = Queue("demo", "billing");
  v1::Condition& when = *queue.mutable_queue()->mutable_when();
  when.add_channels("fax");
  when.add_languages("portuguese");
  when.add_text_contains("  ");
  EXPECT_THAT(Wrong(queue),
              ElementsAre("r.spec.when.channels[0]: \"fax\" is not a channel",
                          StartsWith("r.spec.when.languages[0]: \"portuguese\" is not a language"),
                          StartsWith("r.spec.when.text_contains[0]: is blank")));
}

TEST(ResourceChecksTest, LanguagesAreTags) {
  v1::Resource queue = Queue("demo", "billing");
  for (const char* tag : {"pt", "pt-BR", "zh-Hant-TW", "yue"}) {
    queue.mutable_queue()->mutable_when()->add_languages(tag);
  }
  EXPECT_THAT(Wrong(queue), IsEmpty());
}

TEST(ResourceChecksTest, SkillIsRequiredOnceAndWithinTen) {
  v1::Resource queue = Queue("demo", "billing");
  queue.mutable_queue()->add_required_skills()->set_skill("billing");
  v1::SkillRequirement& twice = *queue.mutable_queue()->add_required_skills();
  twice.set_skill("billing");
  twice.set_proficiency_min(11);
  EXPECT_THAT(Wrong(queue),
              ElementsAre("r.spec.required_skills[1].proficiency_min: 11 must lie between 0 and 10",
                          "r.spec.required_skills[1].skill: \"billing\" is required twice"));
}

TEST(ResourceChecksTest, TimeBoxedWrapUpNeedsATimeout) {
  v1::Resource queue = Queue("demo", "billing");
  queue.mutable_queue()->mutable_wrap_up()->set_mode(v1::WrapUp::TIME_BOXED);
  EXPECT_THAT(Wrong(queue), ElementsAre(StartsWith("r.spec.wrap_up.timeout: is missing")));
  queue.mutable_queue()->mutable_wrap_up()->set_timeout("60s");
  EXPECT_THAT(Wrong(queue), IsEmpty());
}

TEST(ResourceChecksTest, SlaPolicyNeedsATarget) {
  v1::Resource policy = Resource(R"pb(kind: "SlaPolicy"
                                      metadata { name: "p" workspace: "demo" }
                                      sla_policy {})pb");
  EXPECT_THAT(Wrong(policy), ElementsAre(StartsWith("r.spec: sets no target")));
  (*policy.mutable_sla_policy()->mutable_by_priority())[3].set_queue_answer("2m");
  EXPECT_THAT(Wrong(policy), IsEmpty());
}

TEST(ResourceChecksTest, WarnBeforeIsADurationOrAShare) {
  v1::Resource policy = Resource(
      R"pb(kind: "SlaPolicy"
           metadata { name: "p" workspace: "demo" }
           sla_policy { first_response: "1h" })pb");
  for (const char* text : {"", "10m", "20%", "0.5%"}) {
    policy.mutable_sla_policy()->set_warn_before(text);
    EXPECT_THAT(Wrong(policy), IsEmpty()) << text;
  }
  for (const char* text : {"0%", "100%", "-1%", "%", "nan%", "ten"}) {
    policy.mutable_sla_policy()->set_warn_before(text);
    EXPECT_THAT(Wrong(policy), ElementsAre(StartsWith("r.spec.warn_before: "))) << text;
  }
}

TEST(ResourceChecksTest, CalendarNamesTheWrongHour) {
  v1::Resource calendar = Calendar("demo", "office");
  calendar.mutable_calendar()->add_tuesday("09:00-12:00");
  calendar.mutable_calendar()->add_tuesday("13-18");
  calendar.mutable_calendar()->add_holidays("2026-02-30");
  v1::DateHours& special = *calendar.mutable_calendar()->add_dates();
  special.set_date("2026-12-24");
  special.add_hours("9");
  EXPECT_THAT(Wrong(calendar),
              ElementsAre("r.spec.tuesday[1]: \"13-18\" is not an interval such as 09:00-12:00",
                          "r.spec.holidays[0]: \"2026-02-30\" is not a date such as 2026-04-21",
                          StartsWith("r.spec.dates[0].hours[0]: \"9\"")));
}

TEST(ResourceChecksTest, CalendarThatNeverOpensIsRefused) {
  v1::Resource calendar = Calendar("demo", "office");
  calendar.mutable_calendar()->clear_monday();
  EXPECT_THAT(Wrong(calendar), ElementsAre(StartsWith("r.spec: never opens")));
}

TEST(ResourceChecksTest, AgentsProficiencyIsOneToTen) {
  v1::Resource agent = Agent("demo", "ana");
  (*agent.mutable_agent()->mutable_skills())["billing"] = 0;
  EXPECT_THAT(Wrong(agent), ElementsAre("r.spec.skills[billing]: 0 must lie between 1 and 10"));
}

}  // namespace
}  // namespace trama::config
