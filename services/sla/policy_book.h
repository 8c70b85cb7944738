#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/map.h"
#include "services/kernel/calendar.h"
#include "trama/config/v1/resources.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

namespace trama::sla {

// What decides which policy a conversation falls under.
struct Subject {
  std::string workspace;
  std::string channel;
  std::string queue;
  int32_t priority = 0;
  const google::protobuf::Map<std::string, std::string>* facts = nullptr;  // May be null.
};

// What a policy promises for one clock.
struct Promise {
  std::string policy;
  std::string calendar;  // Empty: every second counts.
  absl::Duration target;
  absl::Duration warn_before;  // On the calendar, before the target is used up.
};

// The SLA policies and calendars of one configuration revision. Immutable.
class PolicyBook {
 public:
  PolicyBook() = default;
  explicit PolicyBook(const config::v1::Snapshot& snapshot);

  // The promise of the first policy (by order, then name) that matches, if that policy promises
  // anything for this clock. Ordered lists with first match: Zendesk's rule,
  // https://support.zendesk.com/hc/en-us/articles/4408829459866. False when there is none.
  bool Find(const Subject& subject, v1::ClockKind kind, Promise& promise) const;

  // Empty is known, too.
  bool KnowsCalendar(const std::string& workspace, const std::string& name) const;
  // Always open when the name is empty or unknown.
  const Calendar& CalendarOf(const std::string& workspace, const std::string& name) const;

 private:
  struct Policy {
    int32_t order = 0;
    std::string name;
    config::v1::SlaPolicySpec spec;
  };

  std::map<std::string, std::vector<Policy>> policies_;  // By workspace, in order.
  std::map<std::string, Calendar> calendars_;            // By "workspace/name".
  std::map<std::string, std::string> queue_calendars_;   // By "workspace/queue".
  Calendar always_ = Calendar::AlwaysOpen();
};

}  // namespace trama::sla
