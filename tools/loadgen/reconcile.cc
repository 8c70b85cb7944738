#include "tools/loadgen/reconcile.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace trama::loadgen {
namespace {

class Reconciler {
 public:
  Reconciler(const Ledger::State& ledger, const Evidence& evidence, bool has_others)
      : ledger_(ledger), evidence_(evidence), has_others_(has_others) {}

  std::vector<Difference> Run() {
    std::set<std::string> sent;
    for (const Sent& message : ledger_.sent) {
      if (!sent.insert(message.vendor_id).second) {
        Say("sent", message.vendor_id, "two messages of this run have the same id");
      }
      CompareMessage(message);
    }
    for (const auto& [vendor_id, interactions] : evidence_.interactions) {
      if (sent.contains(vendor_id)) continue;
      if (has_others_) {
        interactions_ += static_cast<int64_t>(interactions.size());
      } else {
        Say("interactions", vendor_id, "nobody has sent it");
      }
    }
    CompareReplies();
    CompareCounts();
    for (const auto& [conversation, state] : evidence_.unfinished) {
      Say("conversations", conversation, absl::StrCat("not resolved, in state ", state));
    }
    for (const std::string& conversation : evidence_.two_owners) {
      Say("conversations", conversation, "accepted while another agent had it");
    }
    return std::move(differences_);
  }

 private:
  void Say(std::string where, std::string id, std::string what) {
    differences_.push_back({std::move(where), std::move(id), std::move(what)});
  }

  void CompareMessage(const Sent& message) {
    const auto found = evidence_.interactions.find(message.vendor_id);
    if (found == evidence_.interactions.end()) {
      if (message.accepted) Say("interactions", message.vendor_id, "accepted and not there");
      return;
    }
    if (found->second.size() > 1) {
      Say("interactions", message.vendor_id,
          absl::StrCat("has ", found->second.size(), " interaction ids"));
    }
    if (!message.accepted && !message.broken) {
      Say("interactions", message.vendor_id, "refused at every attempt and there nevertheless");
    }
    for (const std::string& interaction : found->second) {
      ++interactions_;
      const auto received = evidence_.received.find(interaction);
      const size_t times = received == evidence_.received.end() ? 0 : received->second.size();
      ExpectOnce("conversations", message.vendor_id, interaction, times);
      const auto entries = evidence_.timeline.find(interaction);
      ExpectOnce("timeline", message.vendor_id, interaction,
                 entries == evidence_.timeline.end() ? 0 : static_cast<size_t>(entries->second));
    }
  }

  void ExpectOnce(const char* where, const std::string& vendor_id, const std::string& interaction,
                  size_t times) {
    if (times == 1) return;
    Say(where, vendor_id,
        absl::StrCat("interaction ", interaction, " stands there ", times, " times"));
  }

  void CompareReplies() {
    for (const auto& [token, reply] : ledger_.replies) {
      const auto arrived = ledger_.arrivals.find(token);
      const int times = arrived == ledger_.arrivals.end() ? 0 : arrived->second;
      if (reply.accepted && times != 1) {
        Say("delivered", token,
            absl::StrCat("the answer in conversation ", reply.conversation_id, " reached the ",
                         reply.channel, " vendor ", times, " times"));
      } else if (reply.refused && times > 0) {
        Say("delivered", token, "refused to the agent and sent nevertheless");
      } else if (times > 1) {
        Say("delivered", token, absl::StrCat("reached the vendor ", times, " times"));
      }
    }
    for (const std::string& token : ledger_.receipts) {
      const auto reply = ledger_.replies.find(token);
      if (reply == ledger_.replies.end() || reply->second.message_id.empty()) continue;
      if (evidence_.delivered.contains(reply->second.message_id)) continue;
      Say("receipts", token,
          absl::StrCat("was taken; conversation ", reply->second.conversation_id,
                       " does not say that message ", reply->second.message_id, " is delivered"));
    }
    for (const auto& [token, times] : ledger_.arrivals) {
      if (!ledger_.replies.contains(token)) Say("delivered", token, "no agent has written it");
    }
  }

  void CompareCounts() {
    Expect("messages in", evidence_.counted_in, interactions_);
    Expect("messages out", evidence_.counted_out, evidence_.replies_sent);
    Expect("resolved", evidence_.counted_resolved, evidence_.resolved);
    int64_t answered = 0, unanswered = 0;
    for (const auto& [token, reply] : ledger_.replies) {
      if (reply.earlier) continue;
      answered += reply.accepted ? 1 : 0;
      unanswered += reply.accepted || reply.refused ? 0 : 1;
    }
    if (evidence_.replies_sent < answered || evidence_.replies_sent > answered + unanswered) {
      Say("conversations", "replies",
          absl::StrCat(evidence_.replies_sent, " stand there, agents were told of ", answered,
                       " and left without an answer for ", unanswered));
    }
  }

  void Expect(const char* figure, int64_t counted, int64_t there) {
    if (counted == there) return;
    Say("counted", figure, absl::StrCat("reported as ", counted, ", there are ", there));
  }

  const Ledger::State& ledger_;
  const Evidence& evidence_;
  const bool has_others_;
  std::vector<Difference> differences_;
  int64_t interactions_ = 0;
};

}  // namespace

std::vector<Difference> Reconcile(const Ledger::State& ledger, const Evidence& evidence,
                                  bool has_others) {
  return Reconciler(ledger, evidence, has_others).Run();
}

}  // namespace trama::loadgen
