#include "services/routing/receipts.h"

#include <algorithm>

#include "services/routing/publish.h"
#include "services/routing/views.h"

namespace trama::routing {
namespace {

using delivery::v1::Delivery;

// Never goes back. A late DELIVERED after FAILED is kept, see Status. 0: not worth telling.
int Rank(int status) {
  switch (status) {
    case delivery::v1::STATUS_RETRYING:
      return 1;
    case delivery::v1::STATUS_UNKNOWN:
      return 2;
    case delivery::v1::STATUS_SENT:
      return 3;
    case delivery::v1::STATUS_FAILED:
      return 4;
    case delivery::v1::STATUS_DELIVERED:
      return 5;
    case delivery::v1::STATUS_READ:
      return 6;
    default:
      return 0;
  }
}

}  // namespace

void OnDelivery(State& state, Step& step, const Delivery& delivery) {
  Conversation* conversation =
      state.FindConversation(delivery.workspace(), delivery.conversation_id());
  if (conversation == nullptr) return;
  const auto& known = conversation->row->messages();
  const auto it = std::find_if(known.begin(), known.end(), [&](const v1::MessageState& message) {
    return message.message_id() == delivery.message_id();
  });
  if (it == known.end() || Rank(delivery.status()) <= Rank(it->status())) return;
  const int index = static_cast<int>(it - known.begin());
  v1::ConversationRow& row = state.Edit(*conversation);
  row.mutable_messages(index)->set_status(delivery.status());
  // An answer of the customer may refer to it.
  state.threads.AddVendorId(conversation->hash, row, delivery.vendor_message_id());
  Publish(state, step, *conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::DeliveryChanged& changed = *event.mutable_delivery_changed();
    changed.set_message_id(delivery.message_id());
    changed.set_status(delivery.status());
    changed.set_failure_reason(delivery.failure().reason());
  });
  if (conversation->placement.holder == nullptr) return;
  if (row.state() == conversation::v1::STATE_OFFERED) return;
  v1::AgentUpdate update;
  *update.mutable_conversation() = ViewOf(*conversation);
  Tell(step, *conversation->placement.holder, std::move(update));
}

void OnSla(State& state, Step& step, const sla::v1::SlaEvent& event) {
  const bool is_warning = event.has_warned();
  if (!is_warning && !event.has_breached()) return;
  Conversation* conversation = state.FindConversation(event.workspace(), event.conversation_id());
  if (conversation == nullptr) return;
  const v1::ConversationRow& row = *conversation->row;
  if (is_warning && row.sla_warned_at_ms() == 0) {
    state.Edit(*conversation).set_sla_warned_at_ms(step.now_ms);
  }
  if (!is_warning && row.sla_breached_at_ms() == 0) {
    state.Edit(*conversation).set_sla_breached_at_ms(step.now_ms);
  }
}

}  // namespace trama::routing
