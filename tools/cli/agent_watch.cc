#include "tools/cli/agent_watch.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "tools/cli/names.h"

namespace trama::tramactl {
namespace {

using routing::v1::AgentUpdate;
using routing::v1::Conversation;
using routing::v1::RoutingService;

constexpr absl::Duration kHeartbeatFirst = absl::Seconds(2);
constexpr absl::Duration kHeartbeatMin = absl::Milliseconds(50);
constexpr absl::Duration kReconnectPauseFirst = absl::Milliseconds(100);
constexpr absl::Duration kReconnectPauseMax = absl::Seconds(2);

std::string WhatOf(const Conversation& conversation) {
  return absl::StrCat("conversation ", conversation.conversation_id(), " (", conversation.channel(),
                      ", queue ", conversation.queue(), ")");
}

// A break that mends itself: the stream is to be opened again.
bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

// Threads: the caller's reads the stream; one of its own sends heartbeats and ends the stream in
// time.
class AgentWatch {
 public:
  AgentWatch(Context& context, const WatchOptions& options, platform::Peer& peer, std::string token)
      : context_(context),
        options_(options),
        peer_(peer),
        token_(std::move(token)),
        stub_(peer.channel()),
        end_(absl::Now() + options.duration) {}

  absl::Status Run() {
    std::thread beating([this] { Beat(); });
    const absl::Status status = Follow();
    Stop();
    beating.join();
    return status;
  }

 private:
  absl::Status Follow() {
    absl::Duration pause = kReconnectPauseFirst;
    bool is_first = true;
    while (true) {
      bool heard = false;
      const absl::Status ended = Stream(&heard);
      if (Over()) return absl::OkStatus();
      if (!IsPassing(ended)) return ended;
      if (heard || is_first) {  // Once per break, however many attempts it takes.
        context_.out().Say(absl::StrCat("the stream broke off (", std::string(ended.message()),
                                        "); taking it up again"));
      }
      is_first = false;
      pause = heard ? kReconnectPauseFirst : std::min(pause * 2, kReconnectPauseMax);
      if (!Sleep(pause)) return absl::OkStatus();
    }
  }

  absl::Status Stream(bool* heard) {
    routing::v1::WatchAgentRequest request;
    request.set_workspace(context_.workspace());
    request.set_agent_id(options_.agent);
    request.set_resume_token(resume_token_);
    grpc::ClientContext* call = Begin();
    if (call == nullptr) return absl::OkStatus();
    const auto reader = stub_.WatchAgent(call, request);
    AgentUpdate update;
    while (reader->Read(&update)) {
      *heard = true;
      context_.out().Line(ToJson(update), [&] { return LineOf(update); });
      if (options_.auto_accept) AcceptOffersOf(update);
      // Only now: what broke off while it was handled comes again.
      if (!update.resume_token().empty()) resume_token_ = update.resume_token();
    }
    const absl::Status ended = platform::FromGrpc(reader->Finish());
    std::lock_guard lock(mutex_);
    call_.reset();
    return ended;
  }

  void AcceptOffersOf(const AgentUpdate& update) {
    if (update.has_offer()) Accept(update.offer().offer_id());
    for (const routing::v1::Offer& offer : update.snapshot().offers()) Accept(offer.offer_id());
  }

  void Accept(const std::string& offer_id) {
    routing::v1::AcceptOfferRequest request;
    request.set_workspace(context_.workspace());
    request.set_agent_id(options_.agent);
    request.set_offer_id(offer_id);
    request.set_command_id("accept-" + offer_id);
    const auto response = context_.Call("routing", request, &RoutingService::Stub::AcceptOffer);
    if (response.ok()) {
      context_.out().Say(absl::StrCat("accepted ", WhatOf(response->conversation())));
    } else {
      // Somebody else had it, or it was too late: the stream tells.
      context_.out().Say(absl::StrCat("not accepted: ", std::string(response.status().message())));
    }
  }

  void Beat() {
    absl::Duration interval = kHeartbeatFirst;
    do {
      grpc::ClientContext call;
      peer_.Prepare(call, {.timeout = context_.timeout()});
      call.AddMetadata("authorization", "Bearer " + token_);
      routing::v1::HeartbeatRequest request;
      request.set_workspace(context_.workspace());
      routing::v1::HeartbeatResponse response;
      const grpc::Status status = stub_.Heartbeat(&call, request, &response);
      if (status.ok() && response.timeout_ms() > 0) {
        interval = std::max(absl::Milliseconds(response.timeout_ms()) / 3, kHeartbeatMin);
      }
    } while (Sleep(interval));
    std::lock_guard lock(mutex_);
    stopped_ = true;
    if (call_ != nullptr) call_->TryCancel();
  }

  // The context of a new stream; null when there must be no more.
  grpc::ClientContext* Begin() {
    std::lock_guard lock(mutex_);
    if (stopped_) return nullptr;
    call_ = std::make_unique<grpc::ClientContext>();
    peer_.Prepare(*call_, {.timeout = absl::InfiniteDuration()});
    call_->AddMetadata("authorization", "Bearer " + token_);
    return call_.get();
  }

  // False when it is over.
  bool Sleep(absl::Duration pause) {
    std::unique_lock lock(mutex_);
    const absl::Duration until = std::min(pause, end_ - absl::Now());
    if (until > absl::ZeroDuration()) {
      changed_.wait_for(lock, absl::ToChronoNanoseconds(until), [this] { return stopped_; });
    }
    return !stopped_ && absl::Now() < end_;
  }

  bool Over() {
    std::lock_guard lock(mutex_);
    return stopped_ || absl::Now() >= end_;
  }

  void Stop() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
  }

  Context& context_;
  const WatchOptions& options_;
  platform::Peer& peer_;
  const std::string token_;
  RoutingService::Stub stub_;
  const absl::Time end_;
  std::string resume_token_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::unique_ptr<grpc::ClientContext> call_;  // Of the stream that is open.
};

}  // namespace

std::string LineOf(const AgentUpdate& update) {
  switch (update.update_case()) {
    case AgentUpdate::kSnapshot:
      return absl::StrCat("state: ", update.snapshot().agent().agent_id(), " is ",
                          WordOf(update.snapshot().agent().presence()), ", ",
                          update.snapshot().offers_size(), " offers, ",
                          update.snapshot().conversations_size(), " conversations");
    case AgentUpdate::kOffer:
      return absl::StrCat("offer ", update.offer().offer_id(), ": ",
                          WhatOf(update.offer().conversation()), ", until ",
                          ShortTime(update.offer().expires_at()));
    case AgentUpdate::kOfferOver:
      return absl::StrCat("offer ", update.offer_over().offer_id(),
                          " is over: ", WordOf(update.offer_over().reason()));
    case AgentUpdate::kConversation:
      return absl::StrCat(WhatOf(update.conversation()), " is ",
                          WordOf(update.conversation().state()));
    case AgentUpdate::kMessage:
      return absl::StrCat("message ", update.message().interaction_id(), " in conversation ",
                          update.message().conversation_id());
    case AgentUpdate::kAgent:
      return absl::StrCat(update.agent().agent_id(), " is ", WordOf(update.agent().presence()),
                          ", holds ", update.agent().units_held(), " of ",
                          update.agent().units_total(), " units");
    default:
      return "an update that only a later release knows";
  }
}

absl::Status WatchAgent(Context& context, const WatchOptions& options) {
  const auto peer = context.PeerOf("routing");
  if (!peer.ok()) return peer.status();
  const auto token = context.Token();
  if (!token.ok()) return token.status();
  if (options.go_online) {
    routing::v1::SetPresenceRequest request;
    request.set_workspace(context.workspace());
    request.set_agent_id(options.agent);
    request.set_presence(agent::v1::PRESENCE_AVAILABLE);
    request.set_command_id(context.command_id());
    const auto response = context.Call("routing", request, &RoutingService::Stub::SetPresence);
    if (!response.ok()) return response.status();
  }
  return AgentWatch(context, options, **peer, *token).Run();
}

}  // namespace trama::tramactl
