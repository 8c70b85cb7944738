#pragma once

#include "services/routing/model.h"
#include "services/routing/workspace.h"
#include "trama/routing/v1/routing_service.pb.h"

// Rows as clients see them.
namespace trama::routing {

v1::Conversation ViewOf(const Conversation& conversation);
v1::Agent ViewOf(const Agent& agent);
v1::Queue ViewOf(const Workspace& workspace, const Line& line);

// Everything that an agent works on: his load and his open offers.
v1::AgentSnapshot SnapshotOf(const Agent& agent);

// An offer as its agent is told of it, without the decision.
v1::Offer OfferOf(const Conversation& conversation);

}  // namespace trama::routing
