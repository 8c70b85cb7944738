#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "tools/loadgen/ledger.h"
#include "tools/loadgen/routing_stubs.h"
#include "tools/loadgen/world.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::loadgen {

// What all agents of a run share. Everything must outlive them.
struct AgentContext {
  std::string workspace;
  std::string run;
  absl::Duration pause;  // Before each step, as a person needs one.
  bool answers = true;   // Before he resolves.
  boost::asio::io_context* io = nullptr;
  Ledger* ledger = nullptr;
};

// One agent's client, as a desk is one: it watches its stream (and takes it up again after a
// break), beats its heart, accepts what it is offered, answers, resolves and does the wrap-up. What
// gets no answer is sent again with the same command id until the agent is told to go. Once told
// who owns its workspace, it calls him directly until he fails it.
//
// Threads: called from gRPC's and the io_context's; its state has a lock.
class Agent : public std::enable_shared_from_this<Agent> {
 public:
  // `channel`: to any replica. `to_owner` may be empty: every call goes to any.
  Agent(Credential who, AgentContext context, const std::shared_ptr<grpc::Channel>& channel,
        ChannelTo to_owner);

  // Available from now on. `ready` is called once, when the stream has told the first snapshot.
  void Start(std::function<void()> ready);
  // Away; the stream ends and nothing is begun any more. `gone` is called once, when all is over.
  void Leave(std::function<void()> gone);

 private:
  class Stream;
  enum class Step { kAccept, kReply, kResolve, kWrapUp };

  void Watch();
  void OnUpdate(const routing::v1::AgentUpdate& update, absl::Time at);
  void OnStreamOver(const absl::Status& status);
  void Beat();

  void OnOffer(const routing::v1::Offer& offer, absl::Time at);
  void OnSnapshot(const routing::v1::AgentSnapshot& snapshot, absl::Time at);
  void Accept(std::string offer_id, routing::v1::Conversation conversation);
  void Work(std::string cause, const routing::v1::Conversation& conversation);
  void Reply(std::string cause, const routing::v1::Conversation& conversation);
  void Resolve(std::string cause, const routing::v1::Conversation& conversation);
  void WrapUp(std::string cause, const routing::v1::Conversation& conversation);
  void Done(const std::string& conversation_id);
  void SetPresence(agent::v1::Presence presence, std::function<void()> done);

  // Sends the command until it has an answer. `done` gets it, and when it was first sent.
  template <typename Response, typename Request>
  void Command(Request request,
               void (routing::v1::RoutingService::StubInterface::async_interface::*method)(
                   grpc::ClientContext*, const Request*, Response*,
                   std::function<void(grpc::Status)>),
               std::function<void(absl::StatusOr<Response>, absl::Time began)> done,
               absl::Time began = absl::InfinitePast(), int attempt = 0);
  void Credentials(grpc::ClientContext& call) const;
  void Then(std::function<void()> step);
  bool leaving() const;
  void Begin();
  void End();

  const Credential who_;
  const AgentContext context_;
  RoutingStubs stubs_;

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::string resume_token_;
  std::multiset<std::string> working_;  // Conversations whose next step is under way.
  std::set<std::string> asked_;         // Offers that are being accepted.
  std::function<void()> ready_;
  std::function<void()> gone_;
  grpc::ClientContext* stream_ = nullptr;
  bool leaving_ = false;
  int under_way_ = 0;  // Calls and streams.
};

}  // namespace trama::loadgen
