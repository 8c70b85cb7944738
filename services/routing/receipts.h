#pragma once

#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

// What others tell about conversations.
namespace trama::routing {

// What became of a message of ours. Published when it is news: repeats and receipts that come late
// change nothing.
void OnDelivery(State& state, Step& step, const delivery::v1::Delivery& delivery);

// The first warning and breach are noted.
void OnSla(State& state, Step& step, const sla::v1::SlaEvent& event);

}  // namespace trama::routing
