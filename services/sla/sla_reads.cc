// SlaMachine's answers to clients.

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/time_util.h"
#include "services/kernel/key_hash.h"
#include "services/sla/sla_machine.h"

namespace trama::sla {
namespace {

using google::protobuf::util::TimeUtil;

// "<due ms>/<clock id>": where the next page begins.
std::string PageToken(const std::pair<int64_t, std::string>& place) {
  return absl::StrCat(place.first, "/", place.second);
}

absl::StatusOr<std::pair<int64_t, std::string>> ParsePageToken(const std::string& token) {
  std::pair<int64_t, std::string> place{INT64_MIN, ""};
  if (token.empty()) return place;
  const size_t slash = token.find('/');
  if (slash == std::string::npos || !absl::SimpleAtoi(token.substr(0, slash), &place.first)) {
    return absl::InvalidArgumentError("page_token is not one that ListClocks gave out");
  }
  place.second = token.substr(slash + 1);
  return place;
}

constexpr char kEndedTokenPrefix[] = "after/";

// "after/<clock id>", of the last clock that was looked at: where in the table to go on.
absl::StatusOr<uint64_t> ParseEndedToken(absl::string_view token) {
  if (token.empty()) return 0;
  if (!absl::ConsumePrefix(&token, kEndedTokenPrefix)) {
    return absl::InvalidArgumentError("page_token is not one that ListClocks gave out");
  }
  return KeyHash(ToStd(token)) + 1;
}

bool AsksForEnded(const v1::ListClocksRequest& request) {
  const auto& states = request.states();
  return std::any_of(states.begin(), states.end(), [](int state) {
    return state == v1::CLOCK_STATE_FULFILLED || state == v1::CLOCK_STATE_CANCELED;
  });
}

bool StateFits(const v1::ListClocksRequest& request, const v1::ClockRow& clock) {
  if (request.states().empty()) return IsOpen(clock);
  return std::find(request.states().begin(), request.states().end(), clock.state()) !=
         request.states().end();
}

}  // namespace

void SlaMachine::On(const Stamp& at, const Command& command, Effects& effects) {
  Reply& reply = effects.replies.emplace_back();
  reply.call = command.call;
  if (const auto* get = dynamic_cast<const v1::GetClocksRequest*>(command.request.get())) {
    auto response = std::make_shared<v1::GetClocksResponse>();
    reply.status = GetClocks(at, *get, *response);
    if (reply.status.ok()) reply.response = std::move(response);
  } else if (const auto* list = dynamic_cast<const v1::ListClocksRequest*>(command.request.get())) {
    auto response = std::make_shared<v1::ListClocksResponse>();
    reply.status = ListClocks(at, *list, *response);
    if (reply.status.ok()) reply.response = std::move(response);
  } else {
    reply.status = absl::UnimplementedError(
        absl::StrCat("sla has no answer to ", command.request->GetTypeName()));
  }
}

absl::Status SlaMachine::GetClocks(const Stamp& at, const v1::GetClocksRequest& request,
                                   v1::GetClocksResponse& response) const {
  const v1::ConversationRow* row = conversations_.Find(request.conversation_id());
  if (row == nullptr || row->workspace() != request.workspace()) {
    return absl::NotFoundError(absl::StrCat("conversation ", request.conversation_id(),
                                            " has no clocks, or was closed more than ",
                                            absl::FormatDuration(kKeptAfterClose), " ago"));
  }
  for (const std::string& id : row->clock_ids()) {
    *response.add_clocks() = ViewOf(at, id, *clocks_.Find(id));
  }
  return absl::OkStatus();
}

absl::Status SlaMachine::ListClocks(const Stamp& at, const v1::ListClocksRequest& request,
                                    v1::ListClocksResponse& response) const {
  const int asked = request.page_size() <= 0 ? kPageSizeDefault : request.page_size();
  const size_t size = static_cast<size_t>(std::min(asked, kPageSizeMax));
  // A day of ended clocks is too much to read and sort for each page.
  return AsksForEnded(request) ? ListEndedToo(at, request, size, response)
                               : ListOpen(at, request, size, response);
}

bool SlaMachine::Wanted(const v1::ListClocksRequest& request, const v1::ClockRow& clock) const {
  if (clock.workspace() != request.workspace() || !StateFits(request, clock)) return false;
  return request.queue().empty() ||
         conversations_.Find(clock.conversation_id())->queue() == request.queue();
}

absl::Status SlaMachine::ListOpen(const Stamp& at, const v1::ListClocksRequest& request,
                                  size_t size, v1::ListClocksResponse& response) const {
  const auto start = ParsePageToken(request.page_token());
  if (!start.ok()) return start.status();
  std::vector<std::pair<int64_t, std::string>> places;
  // In any order: they are sorted below.
  clocks_.ForEachFrom(
      0, /*at_rest_too=*/false, [&](uint64_t, const std::string& id, const v1::ClockRow& clock) {
        if (!Wanted(request, clock)) return true;
        std::pair<int64_t, std::string> place{clock.due_ms() == 0 ? INT64_MAX : clock.due_ms(), id};
        if (place >= *start) places.push_back(std::move(place));
        return true;
      });
  const size_t shown = std::min(size, places.size());
  std::partial_sort(places.begin(), places.begin() + std::min(shown + 1, places.size()),
                    places.end());
  for (size_t i = 0; i < shown; ++i) {
    *response.add_clocks() = ViewOf(at, places[i].second, *clocks_.Find(places[i].second));
  }
  if (shown < places.size()) response.set_next_page_token(PageToken(places[shown]));
  return absl::OkStatus();
}

absl::Status SlaMachine::ListEndedToo(const Stamp& at, const v1::ListClocksRequest& request,
                                      size_t size, v1::ListClocksResponse& response) const {
  const absl::StatusOr<uint64_t> from = ParseEndedToken(request.page_token());
  if (!from.ok()) return from.status();
  // There is no number behind the last one.
  if (*from == 0 && !request.page_token().empty()) return absl::OkStatus();
  int looked_at = 0;
  uint64_t last_hash = 0;
  std::string last;
  const auto visit = [&](uint64_t hash, const std::string& id, const v1::ClockRow& clock) {
    const bool is_full =
        looked_at >= kRowsPerReadMax || static_cast<size_t>(response.clocks_size()) >= size;
    // Those of one hash have no order, so a page holds all of them.
    if (is_full && hash != last_hash) {
      response.set_next_page_token(absl::StrCat(kEndedTokenPrefix, last));
      return false;
    }
    if (Wanted(request, clock)) *response.add_clocks() = ViewOf(at, id, clock);
    ++looked_at;
    last_hash = hash;
    last = id;
    return true;
  };
  clocks_.ForEachFrom(*from, /*at_rest_too=*/true, visit);
  return absl::OkStatus();
}

v1::Clock SlaMachine::ViewOf(const Stamp& at, const std::string& id,
                             const v1::ClockRow& clock) const {
  const v1::ConversationRow* row = conversations_.Find(clock.conversation_id());
  v1::Clock view;
  view.set_clock_id(id);
  view.set_workspace(clock.workspace());
  view.set_conversation_id(clock.conversation_id());
  view.set_kind(clock.kind());
  view.set_state(clock.state());
  view.set_policy(clock.policy());
  view.set_calendar(clock.calendar());
  view.set_channel(row->channel());
  view.set_queue(row->queue());
  view.set_priority(row->priority());
  view.set_agent_id(IsOpen(clock) ? row->agent_id() : clock.agent_id());
  *view.mutable_started_at() = TimeUtil::MillisecondsToTimestamp(clock.started_ms());
  if (clock.due_ms() != 0) {
    *view.mutable_due_at() = TimeUtil::MillisecondsToTimestamp(clock.due_ms());
  }
  if (!IsOpen(clock)) {
    *view.mutable_ended_at() = TimeUtil::MillisecondsToTimestamp(clock.ended_ms());
  }
  view.set_target_ms(clock.target_ms());
  view.set_used_ms(absl::ToInt64Milliseconds(Used(CalendarOf(id, clock), clock, at.now)));
  view.set_warned(clock.warned());
  view.set_breached(clock.breached());
  return view;
}

}  // namespace trama::sla
