#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::sms {

// What a message says about consent: by Twilio's own word (OptOutType, with Advanced Opt-Out), else
// by the opt-out words that Twilio and the carriers obey, when they are the whole trimmed text, in
// any case. None for every other text.
//
// `to`: our number. On toll-free numbers of North America the network obeys only START and UNSTOP
// as a return, so other words of return are no consent there. Words of refusal always count.
std::optional<interaction::v1::Consent> ConsentOf(std::string_view opt_out_type,
                                                  std::string_view body, std::string_view to);

}  // namespace trama::sms
