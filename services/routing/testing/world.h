#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/kernel/machine.h"
#include "services/routing/routing_machine.h"
#include "services/routing/testing/config_builder.h"
#include "trama/agent/v1/agent_events.pb.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"
#include "trama/routing/v1/profile_question.pb.h"
#include "trama/routing/v1/routing_service.pb.h"
#include "trama/routing/v1/work.pb.h"

namespace trama::routing::testing {

// One message of a customer.
struct Mail {
  std::string from = "ana@x.test";  // The sender's identifier; its key is "key:" + from.
  std::string text = "hello";
  std::string subject;
  std::string workspace = "demo";
  std::string channel = "email";
  std::string account = "help";
  std::string thread;     // The channel's key; empty: a thread of its own.
  std::string vendor_id;  // "<id of the interaction>" when empty.
  std::string language;
  std::string token;                    // Signed evidence.
  std::vector<std::string> references;  // Vendor ids.
  std::vector<std::string> cc;
  bool automatic = false;
  interaction::v1::Kind kind = interaction::v1::KIND_MESSAGE;
  std::string amends;
  std::map<std::string, std::string> facts;
  bool facts_pending = false;
  int64_t position = -1;  // In the source; the next when negative.
  absl::Duration received_ago = absl::ZeroDuration();
  // From its receipt; none when infinite.
  absl::Duration session_window = absl::InfiniteDuration();
  std::string traceparent;
};

// Runs one machine as its loop would: every input is followed by the ticks that are due at once,
// and the changed rows are kept, so that the machine can be restarted from them.
//
// After each input the invariants are checked, those of what rests included, and that events have
// ids and sequence numbers without gaps or repeats.
class World {
 public:
  explicit World(int32_t partition = 0, size_t awake_max = kAwakeOverMax);

  // Time, since the start of the test; nothing else moves it.
  void At(absl::Duration since_start) { now_ = start_ + since_start; }
  void Pass(absl::Duration time) { now_ += time; }
  absl::Time now() const { return now_; }
  // The inputs have been read so far; follows the time unless held.
  void HoldCaughtUp() { caught_up_held_ = now_; }

  // What happened, in words, in order: "m1 queued general" and so on. Each verb returns what it
  // caused.
  using Words = std::vector<std::string>;
  Words Apply(Input input);
  Words Tick() { return Apply(trama::Tick{}); }
  // Moves to every moment at which something is due, up to `since_start`.
  Words RunUntil(absl::Duration since_start);

  Words Configure(ConfigBuilder& config) { return Apply(config.Next()); }
  Words Receive(const std::string& interaction_id, const Mail& mail = {});
  // Of one message that was sent out.
  Words Deliver(const outbound::v1::OutboundMessage& message, delivery::v1::Status status,
                const std::string& vendor_id = "");

  // Calls. The agent is the caller, with role agent, unless said otherwise. `command_id` is made up
  // when the request has none.
  struct Outcome {
    absl::Status status;
    MessagePtr response;
    Words words;

    std::string reason() const;  // Of a refusal.
    template <typename Response>
    const Response& As() const {
      return dynamic_cast<const Response&>(*response);
    }
  };
  template <typename Request>
  Outcome Call(const std::string& subject, Request request, const std::string& command_id = "",
               std::vector<std::string> roles = {"agent"});

  Outcome Online(const std::string& agent, const std::string& workspace = "demo");
  Outcome Presence(const std::string& agent, agent::v1::Presence presence,
                   const std::string& reason = "");
  Outcome Accept(const std::string& agent, const std::string& conversation);
  Outcome Decline(const std::string& agent, const std::string& conversation,
                  const std::string& reason = "");
  Outcome Reply(const std::string& agent, const std::string& conversation,
                const std::string& text = "hi", const std::string& command_id = "");
  Outcome Note(const std::string& agent, const std::string& conversation, const std::string& text);
  Outcome Resolve(const std::string& agent, const std::string& conversation);
  Outcome WrapUp(const std::string& agent, const std::string& conversation,
                 std::vector<std::string> codes = {});
  Outcome Abandon(const std::string& conversation);

  // Conversations go by the id of the interaction that opened them.
  std::string IdOf(const std::string& conversation) const;
  v1::Conversation Get(const std::string& conversation, const std::string& workspace = "demo");
  v1::Agent GetAgent(const std::string& agent, const std::string& workspace = "demo");
  // The newest offer id that an agent was told for a conversation.
  std::string OfferOf(const std::string& agent, const std::string& conversation) const;

  // A new machine from the rows, with the next incarnation.
  Words Restart();

  // What profile says to the questions of this process. By default nobody answers.
  Words AnswerAll(const std::function<void(const v1::ProfileQuestion&, v1::ProfileAnswer&)>& fill);
  Words FailAllQuestions();
  const std::vector<MessagePtr>& questions() const { return questions_; }

  // Everything so far.
  const std::vector<OutRecord>& records() const { return records_; }
  const std::vector<Push>& pushes() const { return pushes_; }
  std::vector<conversation::v1::ConversationEvent> EventsOf(const std::string& conversation) const;
  // The newest event of that kind.
  conversation::v1::ConversationEvent Last(
      conversation::v1::ConversationEvent::FactCase fact) const;
  std::vector<agent::v1::AgentEvent> AgentEvents() const;
  std::vector<outbound::v1::OutboundMessage> Outbound() const;
  const std::map<std::string, std::string>& rows() const { return rows_; }
  RoutingMachine& machine() { return *machine_; }

  static v1::Work WorkOf(const std::string& interaction_id, const Mail& mail, absl::Time now);

 private:
  void ApplyOnce(const Input& input, Words& words);
  void Take(Effects& effects, Words& words);
  void Note(const OutRecord& record, Words& words);
  std::string InWords(const conversation::v1::ConversationEvent& event);
  Outcome CallWith(const std::string& subject, MessagePtr request, const std::string& command_id,
                   std::vector<std::string> roles);

  const int32_t partition_;
  const size_t awake_max_;
  const absl::Time start_;
  absl::Time now_;
  absl::Time caught_up_held_ = absl::InfiniteFuture();
  int64_t incarnation_ = 0;
  std::unique_ptr<RoutingMachine> machine_;
  std::map<std::string, std::string> rows_;

  std::vector<OutRecord> records_;
  std::vector<Push> pushes_;
  std::vector<MessagePtr> questions_;
  std::map<CallId, trama::Reply> replies_;
  std::map<std::string, std::string> names_;  // Conversation id → name.
  std::map<std::string, int64_t> sequences_;  // Of conversations.
  std::set<std::string> event_ids_;
  std::map<std::string, std::string> offers_;  // "<agent>/<conversation name>" → offer id
  int64_t position_ = 0;
  CallId next_call_ = 1;
  int64_t next_command_ = 1;
};

template <typename Request>
World::Outcome World::Call(const std::string& subject, Request request,
                           const std::string& command_id, std::vector<std::string> roles) {
  return CallWith(subject, std::make_shared<const Request>(std::move(request)), command_id,
                  std::move(roles));
}

}  // namespace trama::routing::testing
