#include "services/sla/policy_book.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/kernel/resources/resources.h"

namespace trama::sla {
namespace {

constexpr int kWarnPercent = 20;

template <typename List>
bool EmptyOrHolds(const List& list, const std::string& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

bool Matches(const config::v1::SlaCondition& when, const Subject& subject) {
  if (!EmptyOrHolds(when.channels(), subject.channel)) return false;
  if (!EmptyOrHolds(when.queues(), subject.queue)) return false;
  if (when.has_priority_min() && subject.priority < when.priority_min()) return false;
  for (const auto& [name, value] : when.customer_facts()) {
    if (subject.facts == nullptr) return false;
    const auto it = subject.facts->find(name);
    if (it == subject.facts->end() || it->second != value) return false;
  }
  return true;
}

std::string TargetText(const config::v1::SlaPolicySpec& spec, int32_t priority,
                       v1::ClockKind kind) {
  const bool first = kind == v1::CLOCK_KIND_FIRST_RESPONSE;
  const auto it = spec.by_priority().find(priority);
  if (it != spec.by_priority().end()) {
    const std::string& own = first ? it->second.first_response() : it->second.queue_answer();
    if (!own.empty()) return own;
  }
  return first ? spec.first_response() : spec.queue_answer();
}

// "20%" of the target, or a duration; never longer than the target itself.
absl::Duration WarnBefore(const std::string& text, absl::Duration target) {
  absl::string_view number = text;
  int percent = kWarnPercent;
  if (absl::ConsumeSuffix(&number, "%") || text.empty()) {
    if (!text.empty() && !absl::SimpleAtoi(number, &percent)) percent = kWarnPercent;
    return target * percent / 100;
  }
  return std::min(target, SpecDurationOr(text, target * kWarnPercent / 100));
}

}  // namespace

PolicyBook::PolicyBook(const config::v1::Snapshot& snapshot) {
  for (const config::v1::Resource& resource : snapshot.resources()) {
    const config::v1::Metadata& meta = resource.metadata();
    const std::string key = absl::StrCat(meta.workspace(), "/", meta.name());
    if (resource.has_sla_policy()) {
      policies_[meta.workspace()].push_back(
          {resource.sla_policy().order(), meta.name(), resource.sla_policy()});
    } else if (resource.has_calendar()) {
      absl::StatusOr<Calendar> calendar =
          CompileCalendar(meta.name(), meta.revision(), resource.calendar());
      // Validation has refused what cannot be compiled; without hours every second counts.
      if (calendar.ok()) calendars_.emplace(key, *std::move(calendar));
    } else if (resource.has_queue() && !resource.queue().calendar().empty()) {
      queue_calendars_.emplace(key, resource.queue().calendar());
    }
  }
  for (auto& [workspace, policies] : policies_) {
    std::sort(policies.begin(), policies.end(), [](const Policy& a, const Policy& b) {
      return std::tie(a.order, a.name) < std::tie(b.order, b.name);
    });
  }
}

bool PolicyBook::Find(const Subject& subject, v1::ClockKind kind, Promise& promise) const {
  const auto it = policies_.find(subject.workspace);
  if (it == policies_.end()) return false;
  for (const Policy& policy : it->second) {
    if (!Matches(policy.spec.when(), subject)) continue;
    const std::string text = TargetText(policy.spec, subject.priority, kind);
    if (text.empty()) return false;
    promise.policy = policy.name;
    promise.calendar = policy.spec.calendar();
    if (kind == v1::CLOCK_KIND_QUEUE_ANSWER) {
      const auto own = queue_calendars_.find(absl::StrCat(subject.workspace, "/", subject.queue));
      if (own != queue_calendars_.end()) promise.calendar = own->second;
    }
    promise.target = SpecDurationOr(text, absl::ZeroDuration());
    promise.warn_before = WarnBefore(policy.spec.warn_before(), promise.target);
    return true;
  }
  return false;
}

bool PolicyBook::KnowsCalendar(const std::string& workspace, const std::string& name) const {
  return name.empty() || calendars_.contains(absl::StrCat(workspace, "/", name));
}

const Calendar& PolicyBook::CalendarOf(const std::string& workspace,
                                       const std::string& name) const {
  const auto it = calendars_.find(absl::StrCat(workspace, "/", name));
  return it == calendars_.end() ? always_ : it->second;
}

}  // namespace trama::sla
