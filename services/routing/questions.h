#pragma once

#include "google/protobuf/map.h"
#include "services/kernel/machine.h"
#include "services/routing/state.h"
#include "services/routing/step.h"

// What the engine asks profile: facts that intake could not get, and addresses that a takeover has
// made it forget. At most kQuestionsInFlightMax at once, with growing pauses while there is no
// answer.
namespace trama::routing {

// It is asked at once, or as soon as there is room.
void AskSoon(State& state, const Step& step, Conversation& conversation);
// After a takeover: what agents work on, and facts that are missing. For those that wait it is time
// when they are offered, for those that are over when somebody wants to add a note.
void AskForAll(State& state, const Step& step);

// Its time to ask has come; or its question counts as lost.
void Ask(State& state, Step& step, Conversation& conversation);

void OnAnswer(State& state, Step& step, const Answer& answer);

// What profile knows of the customer: published when it is new, and it may choose another queue.
void LearnFacts(State& state, Step& step, Conversation& conversation,
                const std::string& customer_id,
                const google::protobuf::Map<std::string, std::string>& facts);

}  // namespace trama::routing
