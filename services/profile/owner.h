#pragma once

#include <map>
#include <string>
#include <utility>

#include "trama/types/v1/types.pb.h"

namespace trama::profile {

// Whose timeline something stands on.
struct Owner {
  // The id that the identifier has alone.
  std::string customer_id;
  types::v1::Identifier identifier;
};

// Whose an interaction, message or conversation is: {workspace, id} → owner. Ids of all three kinds
// are UUIDs and never meet.
using OwnedId = std::pair<std::string, std::string>;
using Owners = std::map<OwnedId, Owner>;

}  // namespace trama::profile
