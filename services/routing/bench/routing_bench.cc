// How many inputs the routing machine takes in per CPU-second, and what a single one costs, with
// 1 000 agents, 50 queues and 20 000 conversations waiting (the numbers can be changed).
//
//   routing_bench [agents] [queues] [waiting] [cycles]
//
// One cycle is the life of one conversation as the engine sees it: it opens, a second message
// comes, an agent who has become free is offered the first of the queue, accepts, replies and
// resolves, the delivery is reported twice; and five heartbeats.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/ids.h"
#include "services/routing/publish.h"
#include "services/routing/routing_machine.h"
#include "services/routing/testing/config_builder.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"
#include "trama/routing/v1/routing_service.pb.h"

namespace trama::routing {
namespace {

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Cost {
  double seconds = 0;
  std::vector<float> each_us;
};

class Bench {
 public:
  Bench(int agents, int queues) : agents_(agents), queues_(queues), machine_(0) {
    for (int q = 0; q < queues; ++q) {
      auto& queue = config_.Queue(absl::StrCat("queue-", q));
      queue.set_order(q);
      queue.mutable_when()->add_channel_accounts(absl::StrCat("account-", q));
      testing::Require(queue, absl::StrCat("skill-", q), 3);
    }
    for (int a = 0; a < agents; ++a) {
      auto& agent = config_.Agent(AgentName(a));
      for (int s = 0; s < 5; ++s) {
        (*agent.mutable_skills())[absl::StrCat("skill-", (a * 7 + s * 11) % queues)] = 5;
      }
    }
    Run("takeover", TakenOver{1});
    Run("configuration", config_.Next());
    for (int a = 0; a < agents; ++a) {
      auto request = std::make_shared<v1::SetPresenceRequest>();
      request->set_workspace("demo");
      request->set_presence(agent::v1::PRESENCE_AVAILABLE);
      Call("presence", AgentName(a), std::move(request));
    }
  }

  // Until every agent is full and so many wait.
  void Fill(int waiting) {
    for (int i = 0; i < waiting + agents_ * 4; ++i) {
      NewMessage("filling");
      AcceptAll("filling");
    }
    costs_.clear();
  }

  void Cycle(int i) {
    NewMessage("new conversation");
    SecondMessage();
    const auto& [agent, conversation] = held_.front();
    auto reply = std::make_shared<v1::ReplyRequest>();
    reply->set_workspace("demo");
    reply->set_conversation_id(conversation);
    reply->add_parts()->mutable_text()->set_body("It is on its way.");
    Call("reply", agent, std::move(reply));
    Delivered(delivery::v1::STATUS_SENT);
    Delivered(delivery::v1::STATUS_DELIVERED);
    auto resolve = std::make_shared<v1::ResolveRequest>();
    resolve->set_workspace("demo");
    resolve->set_conversation_id(conversation);
    Call("resolve and offer the next", agent, std::move(resolve));
    held_.pop_front();
    AcceptAll("accept");
    for (int h = 0; h < 5; ++h) {
      auto beat = std::make_shared<v1::HeartbeatRequest>();
      beat->set_workspace("demo");
      Call("heartbeat", AgentName((i * 5 + h) % agents_), std::move(beat));
    }
    if (i % 32 == 0) Commit();
  }

  void Print() {
    size_t inputs = 0;
    double seconds = 0;
    std::printf("%-28s %10s %10s %10s %10s\n", "input", "count", "mean us", "p99 us", "max us");
    for (auto& [name, cost] : costs_) {
      std::sort(cost.each_us.begin(), cost.each_us.end());
      const size_t count = cost.each_us.size();
      std::printf("%-28s %10zu %10.2f %10.2f %10.2f\n", name.c_str(), count,
                  cost.seconds * 1e6 / static_cast<double>(count), cost.each_us[count * 99 / 100],
                  cost.each_us.back());
      if (name != "rows for the commit") inputs += count;
      seconds += cost.seconds;
    }
    std::printf("inputs per CPU-second, rows included: %.0f\n",
                static_cast<double>(inputs) / seconds);
  }

 private:
  static std::string AgentName(int a) { return absl::StrCat("agent-", a); }

  template <typename Work>
  void Measure(const char* name, Work work) {
    const double before = CpuSeconds();
    work();
    const double took = CpuSeconds() - before;
    Cost& cost = costs_[name];
    cost.seconds += took;
    cost.each_us.push_back(static_cast<float>(took * 1e6));
  }

  void Run(const char* name, const Input& input) {
    now_ += absl::Microseconds(5);
    effects_ = Effects();
    const Stamp at{.now = now_, .caught_up = now_};
    Measure(name, [&] { machine_.Apply(at, input, effects_); });
    while (machine_.NextDeadline() <= now_) {
      Measure("tick", [&] { machine_.Apply(at, trama::Tick{}, effects_); });
    }
    for (const Push& push : effects_.pushes) {
      const auto& update = static_cast<const v1::AgentUpdate&>(*push.message);
      if (update.has_offer()) offers_.emplace_back(push.stream.substr(5), update.offer());
    }
  }

  void Call(const char* name, const std::string& subject, MessagePtr request) {
    Command command;
    command.call = ++calls_;
    command.caller = {.subject = subject, .workspace = "demo", .roles = {"agent"}};
    command.id = absl::StrCat("command-", calls_);
    command.request = std::move(request);
    Run(name, command);
    TRAMA_CHECK(effects_.replies.size() == 1 && effects_.replies[0].status.ok());
  }

  void AcceptAll(const char* name) {
    while (!offers_.empty()) {
      const auto [agent, offer] = std::move(offers_.front());
      offers_.pop_front();
      auto request = std::make_shared<v1::AcceptOfferRequest>();
      request->set_workspace("demo");
      request->set_offer_id(offer.offer_id());
      Call(name, agent, std::move(request));
      held_.emplace_back(agent, offer.conversation().conversation_id());
    }
  }

  void Receive(const char* name, int64_t customer) {
    auto work = std::make_shared<v1::Work>();
    interaction::v1::Interaction& message = *work->mutable_interaction();
    const std::string from = absl::StrCat("customer-", customer, "@example.test");
    message.set_interaction_id(DerivedId("interaction", ++messages_));
    message.set_workspace("demo");
    message.set_channel("sms");
    message.set_channel_account(absl::StrCat("account-", customer % queues_));
    message.set_kind(interaction::v1::KIND_MESSAGE);
    message.set_vendor_message_id(absl::StrCat("SM", messages_));
    message.mutable_sender()->mutable_identifier()->set_value(from);
    message.mutable_sender()->set_address(from);
    *message.mutable_received_at() = ToTimestamp(absl::ToUnixMillis(now_));
    message.add_parts()->mutable_text()->set_body("Where is my parcel? It should be here.");
    work->mutable_source()->set_topic("trama.interactions.v1");
    work->mutable_source()->set_offset(messages_);
    work->mutable_keys()->set_sender(DerivedId("key", customer));
    work->mutable_keys()->set_thread(DerivedId("thread", customer));
    work->mutable_facts()->set_customer_id(work->keys().sender());
    (*work->mutable_facts()->mutable_values())["segment"] = "gold";
    LogEntry entry;
    entry.topic = "trama.work.v1";
    entry.id = message.interaction_id();
    entry.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    entry.message = std::move(work);
    Run(name, entry);
  }

  void NewMessage(const char* name) { Receive(name, ++customers_); }
  void SecondMessage() { Receive("message of an open one", customers_ - 7); }

  void Delivered(delivery::v1::Status status) {
    if (status == delivery::v1::STATUS_SENT) {
      for (const OutRecord& record : effects_.records) {
        if (record.topic == "trama.outbound.sms.v1") sent_.ParseFromString(record.value);
      }
    }
    auto delivery = std::make_shared<delivery::v1::Delivery>();
    delivery->set_workspace("demo");
    delivery->set_message_id(sent_.message_id());
    delivery->set_conversation_id(sent_.conversation_id());
    delivery->set_status(status);
    delivery->set_vendor_message_id(absl::StrCat("SMout", messages_));
    LogEntry entry;
    entry.id = absl::StrCat(sent_.message_id(), status);
    entry.message = std::move(delivery);
    Run("delivery", entry);
  }

  void Commit() {
    Measure("rows for the commit", [&] { machine_.TakeChangedRows(); });
  }

  const int agents_;
  const int queues_;
  testing::ConfigBuilder config_;
  RoutingMachine machine_;
  absl::Time now_ = absl::FromUnixSeconds(1'767'225'600);
  Effects effects_;
  std::deque<std::pair<std::string, v1::Offer>> offers_;
  std::deque<std::pair<std::string, std::string>> held_;
  outbound::v1::OutboundMessage sent_;
  std::map<std::string, Cost> costs_;
  int64_t messages_ = 0;
  int64_t customers_ = 0;
  CallId calls_ = 0;
};

}  // namespace
}  // namespace trama::routing

int main(int argc, char** argv) {
  const auto number = [&](int index, int otherwise) {
    return argc > index ? std::atoi(argv[index]) : otherwise;
  };
  trama::routing::Bench bench(number(1, 1000), number(2, 50));
  bench.Fill(number(3, 20'000));
  const int cycles = number(4, 50'000);
  for (int i = 0; i < cycles; ++i) bench.Cycle(i);
  bench.Print();
}
