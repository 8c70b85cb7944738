#pragma once

#include "absl/status/statusor.h"
#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/routing/v1/routing_service.pb.h"

// What agents write: answers to the customer and notes for each other. The texts pass through to
// `outbound` and are kept nowhere here.
namespace trama::routing {

// Refused before anything leaves with OPTED_OUT when the customer does not want it, and with
// NEEDS_TEMPLATE when the channel's session window is over and the answer is no template.
absl::StatusOr<ResponsePtr> Reply(State& state, Step& step, Agent& agent,
                                  const v1::ReplyRequest& request);
absl::StatusOr<ResponsePtr> AddNote(State& state, Step& step, Agent& agent,
                                    const v1::AddNoteRequest& request);

// "Re: " and the subject, without a second "Re: ". Empty stays empty.
std::string ReplySubject(const std::string& subject);

// Key of State::opted_out.
std::string OptedOutKey(const v1::ConversationRow& row, const std::string& identifier_key);

}  // namespace trama::routing
