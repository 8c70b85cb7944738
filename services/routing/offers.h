#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/routing/v1/routing_service.pb.h"

// Offers: one agent is asked whether he takes a conversation, until a deadline. Three ends of his
// own (accept, decline, time-out) and two that are not (withdrawn, canceled).
namespace trama::routing {

void MakeOffer(State& state, Step& step, Conversation& conversation, Agent& agent,
               conversation::v1::Decision decision);

// An open offer ends without acceptance. `detail` as in OfferEnded. The conversation goes back to
// its old place in the queue, unless it is CANCELED: then the caller says what becomes of it.
// After a decline or a time-out the agent is not asked again for a while.
void EndOffer(State& state, Step& step, Conversation& conversation,
              conversation::v1::OfferEnded::Reason reason, const std::string& detail);

// All open offers of an agent are WITHDRAWN.
void WithdrawOffers(State& state, Step& step, Agent& agent, const std::string& detail);

// The deadline has come.
void TimeOutOffer(State& state, Step& step, Conversation& conversation);

// Open offers get a full new deadline: the time without an owner was not the agents'.
void ProlongOffers(State& state, Step& step);

absl::StatusOr<ResponsePtr> AcceptOffer(State& state, Step& step, Agent& agent,
                                        const v1::AcceptOfferRequest& request);
absl::StatusOr<ResponsePtr> DeclineOffer(State& state, Step& step, Agent& agent,
                                         const v1::DeclineOfferRequest& request);

// "<conversation id>.<sequence>.<incarnation>.<agent>": says by itself whose it is and which owner
// of the partition made it.
struct OfferId {
  std::string conversation_id;
  int64_t sequence = 0;
  int64_t incarnation = 0;
  std::string agent;

  std::string ToString() const;
  // False when `text` is no offer id.
  static bool Parse(const std::string& text, OfferId& id);
};

}  // namespace trama::routing
