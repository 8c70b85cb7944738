#include "services/config/spec_checks.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/kernel/resources/resources.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::config {
namespace {

constexpr size_t kPresenceReasonsMax = 64;
constexpr size_t kPresenceReasonMaxCharacters = 64;
constexpr absl::Duration kShortest = absl::Milliseconds(100);
constexpr absl::Duration kOfferTimeoutMax = absl::Hours(24);
constexpr absl::Duration kHeartbeatTimeoutMax = absl::Hours(1);

using Texts = google::protobuf::RepeatedPtrField<std::string>;

void CheckNoRepeats(const Texts& texts, const std::string& path, Violations& out) {
  std::set<std::string> seen;
  for (int i = 0; i < texts.size(); ++i) {
    if (!seen.insert(texts[i]).second) {
      AddViolation(out, Item(path, i), absl::StrCat("\"", texts[i], "\" is there twice"));
    }
  }
}

void CheckChannels(const Texts& channels, const std::string& path, Violations& out) {
  for (int i = 0; i < channels.size(); ++i) CheckChannel(channels[i], Item(path, i), out);
}

// The shape of a BCP 47 tag: "pt", "pt-BR", "zh-Hant-TW".
bool IsLanguageTag(std::string_view tag) {
  bool first = true;
  for (const absl::string_view part : absl::StrSplit(ToAbsl(tag), '-')) {
    const size_t longest = first ? 3 : 8;
    const size_t shortest = first ? 2 : 1;
    if (part.size() < shortest || part.size() > longest) return false;
    const auto fits = [first](char letter) {
      return first ? absl::ascii_isalpha(letter) : absl::ascii_isalnum(letter);
    };
    if (!std::all_of(part.begin(), part.end(), fits)) return false;
    first = false;
  }
  return !first;
}

void CheckCondition(const v1::Condition& when, const std::string& path, Violations& out) {
  CheckChannels(when.channels(), Below(path, "channels"), out);
  for (int i = 0; i < when.languages_size(); ++i) {
    if (IsLanguageTag(when.languages(i))) continue;
    AddViolation(out, Item(Below(path, "languages"), i),
                 absl::StrCat("\"", when.languages(i), "\" is not a language such as pt or pt-BR"));
  }
  for (int i = 0; i < when.text_contains_size(); ++i) {
    if (!FoldForMatch(when.text_contains(i)).empty()) continue;
    AddViolation(out, Item(Below(path, "text_contains"), i), "is blank and would match nothing");
  }
}

void CheckWrapUp(const v1::WrapUp& wrap_up, const std::string& path, Violations& out) {
  const std::string timeout = Below(path, "timeout");
  CheckDuration(wrap_up.timeout(), kShortest, kOfferTimeoutMax, timeout, out);
  if (wrap_up.mode() == v1::WrapUp::TIME_BOXED && wrap_up.timeout().empty()) {
    AddViolation(out, timeout, "is missing: mode TIME_BOXED ends at a time-out, such as 60s");
  }
  if (wrap_up.mode() == v1::WrapUp::MODE_UNSPECIFIED && !wrap_up.timeout().empty()) {
    AddViolation(out, Below(path, "mode"), "is missing: NONE, OPTIONAL, MANDATORY or TIME_BOXED");
  }
  if (wrap_up.mode() == v1::WrapUp::NONE && !wrap_up.timeout().empty()) {
    AddViolation(out, timeout, "has no meaning with mode NONE; leave it out");
  }
}

void CheckTarget(std::string_view text, const std::string& path, Violations& out) {
  CheckDuration(text, kShortest, kSpecDurationMax, path, out);
}

void CheckWarnBefore(std::string_view text, const std::string& path, Violations& out) {
  if (text.empty() || text.back() != '%') return CheckTarget(text, path, out);
  double percent = 0;
  if (!absl::SimpleAtod(ToAbsl(text.substr(0, text.size() - 1)), &percent) || !(percent > 0) ||
      !(percent < 100)) {
    AddViolation(out, path,
                 absl::StrCat("\"", ToAbsl(text), "\" must be a duration or between 0% and 100%"));
  }
}

bool HasTarget(const v1::SlaPolicySpec& spec) {
  if (!spec.first_response().empty() || !spec.queue_answer().empty()) return true;
  for (const auto& [priority, targets] : spec.by_priority()) {
    if (!targets.first_response().empty() || !targets.queue_answer().empty()) return true;
  }
  return false;
}

void CheckCapacity(const v1::WorkspaceSpec& spec, const std::string& path, Violations& out) {
  const std::map<std::string, v1::ChannelCapacity> by_channel(spec.capacity().begin(),
                                                              spec.capacity().end());
  for (const auto& [channel, capacity] : by_channel) {
    const std::string at = Item(path, channel);
    CheckChannel(channel, at, out);
    CheckRange(capacity.units(), 1, kUnitsMax, Below(at, "units"), out);
    CheckRange(capacity.count_max(), 0, kUnitsMax, Below(at, "count_max"), out);
    if (capacity.has_units_when_wrapping()) {
      CheckRange(capacity.units_when_wrapping(), 0, kUnitsMax, Below(at, "units_when_wrapping"),
                 out);
    }
    if (spec.agent_units() > 0 && capacity.units() > spec.agent_units()) {
      AddViolation(out, Below(at, "units"),
                   absl::StrCat(capacity.units(), " is more than agent_units, ", spec.agent_units(),
                                ": nobody could take such a conversation"));
    }
  }
}

}  // namespace

void CheckWorkspace(const v1::WorkspaceSpec& spec, const std::string& path, Violations& out) {
  CheckDisplayName(spec.display_name(), Below(path, "display_name"), out);
  CheckTimeZone(spec.time_zone(), Below(path, "time_zone"), out);
  CheckRegion(spec.default_region(), Below(path, "default_region"), out);
  CheckSecret(spec.identity_secret(), /*required=*/true, Below(path, "identity_secret"), out);
  CheckRange(spec.agent_units(), 0, kUnitsMax, Below(path, "agent_units"), out);
  CheckCapacity(spec, Below(path, "capacity"), out);
  CheckDuration(spec.offer_timeout(), kShortest, kOfferTimeoutMax, Below(path, "offer_timeout"),
                out);
  CheckDuration(spec.exclusion(), absl::ZeroDuration(), kSpecDurationMax, Below(path, "exclusion"),
                out);
  CheckDuration(spec.reopen_window(), absl::ZeroDuration(), kSpecDurationMax,
                Below(path, "reopen_window"), out);
  CheckDuration(spec.heartbeat_timeout(), kShortest, kHeartbeatTimeoutMax,
                Below(path, "heartbeat_timeout"), out);

  const std::string reasons = Below(path, "presence_reasons");
  CheckNoRepeats(spec.presence_reasons(), reasons, out);
  if (static_cast<size_t>(spec.presence_reasons_size()) > kPresenceReasonsMax) {
    AddViolation(out, reasons, absl::StrCat("has more than ", kPresenceReasonsMax, " entries"));
  }
  for (int i = 0; i < spec.presence_reasons_size(); ++i) {
    const size_t length = CountCodePoints(spec.presence_reasons(i));
    if (length == 0 || length > kPresenceReasonMaxCharacters) {
      AddViolation(out, Item(reasons, i),
                   absl::StrCat("must have 1 to ", kPresenceReasonMaxCharacters, " characters"));
    }
  }
}

void CheckQueue(const v1::QueueSpec& spec, const std::string& path, Violations& out) {
  CheckDisplayName(spec.display_name(), Below(path, "display_name"), out);
  CheckRange(spec.order(), -kOrderMax, kOrderMax, Below(path, "order"), out);
  CheckRange(spec.priority(), -kPriorityMax, kPriorityMax, Below(path, "priority"), out);
  CheckCondition(spec.when(), Below(path, "when"), out);
  std::set<std::string> skills;
  for (int i = 0; i < spec.required_skills_size(); ++i) {
    const v1::SkillRequirement& required = spec.required_skills(i);
    const std::string at = Item(Below(path, "required_skills"), i);
    CheckRange(required.proficiency_min(), 0, 10, Below(at, "proficiency_min"), out);
    if (!skills.insert(required.skill()).second) {
      AddViolation(out, Below(at, "skill"),
                   absl::StrCat("\"", required.skill(), "\" is required twice"));
    }
  }
  CheckDuration(spec.offer_timeout(), kShortest, kOfferTimeoutMax, Below(path, "offer_timeout"),
                out);
  CheckWrapUp(spec.wrap_up(), Below(path, "wrap_up"), out);

  const std::string level = Below(path, "service_level");
  CheckTarget(spec.service_level().threshold(), Below(level, "threshold"), out);
  CheckDuration(spec.service_level().short_abandon(), absl::ZeroDuration(), kSpecDurationMax,
                Below(level, "short_abandon"), out);
}

void CheckSkill(const v1::SkillSpec& spec, const std::string& path, Violations& out) {
  CheckDisplayName(spec.display_name(), Below(path, "display_name"), out);
}

void CheckAgent(const v1::AgentSpec& spec, const std::string& path, Violations& out) {
  CheckDisplayName(spec.display_name(), Below(path, "display_name"), out);
  CheckRange(spec.units(), 0, kUnitsMax, Below(path, "units"), out);
  const std::map<std::string, int32_t> skills(spec.skills().begin(), spec.skills().end());
  for (const auto& [skill, proficiency] : skills) {
    CheckRange(proficiency, 1, 10, Item(Below(path, "skills"), skill), out);
  }
  CheckNoRepeats(spec.queues(), Below(path, "queues"), out);
}

void CheckSlaPolicy(const v1::SlaPolicySpec& spec, const std::string& path, Violations& out) {
  CheckDisplayName(spec.display_name(), Below(path, "display_name"), out);
  CheckRange(spec.order(), -kOrderMax, kOrderMax, Below(path, "order"), out);
  CheckChannels(spec.when().channels(), Below(path, "when.channels"), out);
  if (spec.when().has_priority_min()) {
    CheckRange(spec.when().priority_min(), -kPriorityMax, kPriorityMax,
               Below(path, "when.priority_min"), out);
  }
  CheckTarget(spec.first_response(), Below(path, "first_response"), out);
  CheckTarget(spec.queue_answer(), Below(path, "queue_answer"), out);
  const std::map<int32_t, v1::SlaTargets> by_priority(spec.by_priority().begin(),
                                                      spec.by_priority().end());
  for (const auto& [priority, targets] : by_priority) {
    const std::string at = Item(Below(path, "by_priority"), priority);
    CheckRange(priority, -kPriorityMax, kPriorityMax, at, out);
    CheckTarget(targets.first_response(), Below(at, "first_response"), out);
    CheckTarget(targets.queue_answer(), Below(at, "queue_answer"), out);
  }
  CheckWarnBefore(spec.warn_before(), Below(path, "warn_before"), out);
  if (!HasTarget(spec)) {
    AddViolation(out, path, "sets no target: give first_response, queue_answer or by_priority");
  }
}

void CheckWrapUpCode(const v1::WrapUpCodeSpec& spec, const std::string& path, Violations& out) {
  CheckDisplayName(spec.display_name(), Below(path, "display_name"), out);
  CheckNoRepeats(spec.queues(), Below(path, "queues"), out);
}

}  // namespace trama::config
