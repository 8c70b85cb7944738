#include "tools/loadgen/agent.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/errors.h"
#include "services/kernel/pause.h"
#include "services/platform/grpc/errors.h"
#include "tools/loadgen/channel.h"
#include "tools/loadgen/later.h"

namespace trama::loadgen {
namespace {

using routing::v1::AgentUpdate;
using routing::v1::Conversation;

using Async = routing::v1::RoutingService::StubInterface::async_interface;

constexpr absl::Duration kCallMax = absl::Seconds(10);
constexpr absl::Duration kHeartbeat = absl::Seconds(8);
constexpr absl::Duration kPauseFirst = absl::Milliseconds(50);
constexpr absl::Duration kPauseMax = absl::Seconds(1);
constexpr char kWrapUpCode[] = "done";

// Nobody knows whether it was done: to be sent again as it is.
bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

}  // namespace

// Reads one stream; deletes itself at its end.
class Agent::Stream : public grpc::ClientReadReactor<AgentUpdate> {
 public:
  explicit Stream(std::shared_ptr<Agent> agent) : agent_(std::move(agent)) {}

  void Open(routing::v1::WatchAgentRequest request) {
    request_ = std::move(request);
    agent_->Credentials(call_);
    stub_ = agent_->stubs_.Current();
    stub_->async()->WatchAgent(&call_, &request_, this);
    StartRead(&update_);
    StartCall();
  }
  grpc::ClientContext* call() { return &call_; }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    agent_->OnUpdate(update_, absl::Now());
    StartRead(&update_);
  }
  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<Agent> agent = std::move(agent_);
    const absl::Status ended = platform::FromGrpc(status);
    agent->OnStreamOver(ended);
    delete this;
  }

 private:
  std::shared_ptr<Agent> agent_;
  std::shared_ptr<RoutingStubs::Stub> stub_;
  grpc::ClientContext call_;
  routing::v1::WatchAgentRequest request_;
  AgentUpdate update_;
};

Agent::Agent(Credential who, AgentContext context, const std::shared_ptr<grpc::Channel>& channel,
             ChannelTo to_owner)
    : who_(std::move(who)), context_(std::move(context)), stubs_(channel, std::move(to_owner)) {}

void Agent::Credentials(grpc::ClientContext& call) const {
  call.AddMetadata("authorization", absl::StrCat("Bearer ", who_.token));
}

bool Agent::leaving() const {
  std::lock_guard lock(mutex_);
  return leaving_;
}

void Agent::Begin() {
  std::lock_guard lock(mutex_);
  ++under_way_;
}

void Agent::End() {
  std::function<void()> gone;
  {
    std::lock_guard lock(mutex_);
    if (--under_way_ == 0 && leaving_) gone = std::exchange(gone_, nullptr);
  }
  if (gone) gone();
}

void Agent::Then(std::function<void()> step) {
  if (context_.pause == absl::ZeroDuration()) {
    step();
    return;
  }
  Begin();
  Later(*context_.io, context_.pause, [self = shared_from_this(), step = std::move(step)] {
    step();
    self->End();
  });
}

template <typename Response, typename Request>
void Agent::Command(Request request,
                    void (Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                          std::function<void(grpc::Status)>),
                    std::function<void(absl::StatusOr<Response>, absl::Time)> done,
                    absl::Time began, int attempt) {
  struct Pending {
    std::shared_ptr<RoutingStubs::Stub> stub;
    grpc::ClientContext call;
    Request request;
    Response response;
  };
  auto pending = std::make_shared<Pending>();
  pending->stub = stubs_.Current();
  pending->request = std::move(request);
  pending->call.set_deadline(absl::ToChronoTime(absl::Now() + kCallMax));
  Credentials(pending->call);
  if (attempt == 0) began = absl::Now();
  Begin();
  auto answered = [self = shared_from_this(), pending, method, done = std::move(done), began,
                   attempt](grpc::Status grpc_status) {
    const absl::Status status = platform::FromGrpc(grpc_status);
    if (status.ok()) {
      self->stubs_.NoteOwner(pending->call);
      done(std::move(pending->response), began);
    } else if (!IsPassing(status) || self->leaving()) {
      done(status, began);
    } else {
      self->stubs_.LeaveOwner();
      const absl::Duration pause = DoublingPause(kPauseFirst, kPauseMax, attempt);
      self->Begin();
      Later(*self->context_.io, pause, [self, pending, method, done, began, attempt] {
        self->Command(std::move(pending->request), method, done, began, attempt + 1);
        self->End();
      });
    }
    self->End();
  };
  (pending->stub->async()->*method)(&pending->call, &pending->request, &pending->response,
                                    std::move(answered));
}

void Agent::Start(std::function<void()> ready) {
  {
    std::lock_guard lock(mutex_);
    ready_ = std::move(ready);
  }
  Begin();
  SetPresence(agent::v1::PRESENCE_AVAILABLE, [self = shared_from_this()] {
    self->Watch();
    self->Beat();
    self->End();
  });
}

void Agent::Leave(std::function<void()> gone) {
  Begin();
  SetPresence(agent::v1::PRESENCE_OFFLINE, [self = shared_from_this(), gone = std::move(gone)] {
    {
      std::lock_guard lock(self->mutex_);
      self->leaving_ = true;
      self->gone_ = gone;
      if (self->stream_ != nullptr) self->stream_->TryCancel();
    }
    self->End();
  });
}

void Agent::SetPresence(agent::v1::Presence presence, std::function<void()> done) {
  routing::v1::SetPresenceRequest request;
  request.set_workspace(context_.workspace);
  request.set_presence(presence);
  request.set_command_id(absl::StrCat("presence-", presence, "-", context_.run));
  Command<routing::v1::SetPresenceResponse>(
      std::move(request), &Async::SetPresence,
      [self = shared_from_this(), done = std::move(done)](auto answer, absl::Time began) {
        self->context_.ledger->Commanded("presence", self->who_.name, "", answer.status(), began,
                                         absl::Now());
        done();
      });
}

void Agent::Beat() {
  if (leaving()) return;
  routing::v1::HeartbeatRequest request;
  request.set_workspace(context_.workspace);
  Command<routing::v1::HeartbeatResponse>(
      std::move(request), &Async::Heartbeat, [self = shared_from_this()](auto, absl::Time) {
        Later(*self->context_.io, kHeartbeat, [self] { self->Beat(); });
      });
}

void Agent::Watch() {
  routing::v1::WatchAgentRequest request;
  request.set_workspace(context_.workspace);
  auto* stream = new Stream(shared_from_this());
  {
    std::lock_guard lock(mutex_);
    ++under_way_;
    request.set_resume_token(resume_token_);
    stream_ = stream->call();
    if (leaving_) stream_->TryCancel();
  }
  stream->Open(std::move(request));
}

void Agent::OnStreamOver(const absl::Status&) {
  stubs_.LeaveOwner();
  bool again = false;
  {
    std::lock_guard lock(mutex_);
    stream_ = nullptr;
    again = !leaving_;
  }
  if (again) {
    Begin();
    Later(*context_.io, kPauseFirst, [self = shared_from_this()] {
      self->Watch();
      self->End();
    });
  }
  End();
}

void Agent::OnUpdate(const AgentUpdate& update, absl::Time at) {
  if (update.has_offer()) OnOffer(update.offer(), at);
  if (update.has_snapshot()) OnSnapshot(update.snapshot(), at);
  std::function<void()> ready;
  {
    std::lock_guard lock(mutex_);
    if (!update.resume_token().empty()) resume_token_ = update.resume_token();
    ready = std::exchange(ready_, nullptr);
  }
  if (ready) ready();
}

void Agent::OnSnapshot(const routing::v1::AgentSnapshot& snapshot, absl::Time at) {
  for (const routing::v1::Offer& offer : snapshot.offers()) OnOffer(offer, at);
  for (const Conversation& conversation : snapshot.conversations()) {
    const bool is_mine = conversation.state() == conversation::v1::STATE_ASSIGNED ||
                         conversation.state() == conversation::v1::STATE_WRAPPING;
    {
      std::lock_guard lock(mutex_);
      if (!is_mine || working_.contains(conversation.conversation_id())) continue;
      working_.insert(conversation.conversation_id());
    }
    const std::string cause =
        absl::StrCat(conversation.conversation_id(), "-", conversation.sequence());
    if (conversation.state() == conversation::v1::STATE_WRAPPING) {
      WrapUp(cause, conversation);
    } else {
      Work(cause, conversation);
    }
  }
}

void Agent::OnOffer(const routing::v1::Offer& offer, absl::Time at) {
  {
    std::lock_guard lock(mutex_);
    if (!asked_.insert(offer.offer_id()).second) return;  // The stream told it again.
  }
  context_.ledger->Offered(who_.name, offer.offer_id(), offer.conversation().conversation_id(), at);
  Then([self = shared_from_this(), id = offer.offer_id(), conversation = offer.conversation()] {
    self->Accept(id, conversation);
  });
}

void Agent::Accept(std::string offer_id, Conversation conversation) {
  {
    std::lock_guard lock(mutex_);
    working_.insert(conversation.conversation_id());
  }
  routing::v1::AcceptOfferRequest request;
  request.set_workspace(context_.workspace);
  request.set_offer_id(offer_id);
  request.set_command_id(absl::StrCat("accept-", offer_id));
  Command<routing::v1::AcceptOfferResponse>(
      std::move(request), &Async::AcceptOffer,
      [self = shared_from_this(), offer_id, conversation](auto answer, absl::Time began) {
        self->context_.ledger->Commanded("accept", self->who_.name, conversation.conversation_id(),
                                         answer.status(), began, absl::Now());
        if (!answer.ok()) {
          self->Done(conversation.conversation_id());
          return;
        }
        self->Then([self, offer_id, conversation] { self->Work(offer_id, conversation); });
      });
}

void Agent::Work(std::string cause, const Conversation& conversation) {
  if (context_.answers) {
    Reply(std::move(cause), conversation);
  } else {
    Resolve(std::move(cause), conversation);
  }
}

void Agent::Reply(std::string cause, const Conversation& conversation) {
  const std::string token = absl::StrCat(context_.run, "/", cause);
  Replied reply;
  reply.channel = conversation.channel();
  reply.conversation_id = conversation.conversation_id();
  context_.ledger->Replying(token, std::move(reply));
  routing::v1::ReplyRequest request;
  request.set_workspace(context_.workspace);
  request.set_conversation_id(conversation.conversation_id());
  request.set_command_id(absl::StrCat("reply-", cause));
  request.add_parts()->mutable_text()->set_body(TextWithToken(token));
  Command<routing::v1::ReplyResponse>(
      std::move(request), &Async::Reply,
      [self = shared_from_this(), cause, token, conversation](auto answer, absl::Time began) {
        self->context_.ledger->Commanded("reply", self->who_.name, conversation.conversation_id(),
                                         answer.status(), began, absl::Now());
        self->context_.ledger->ReplyAnswered(
            token, answer.ok() ? absl::StatusOr<std::string>(answer->message_id())
                               : absl::StatusOr<std::string>(answer.status()));
        self->Then([self, cause, conversation] { self->Resolve(cause, conversation); });
      });
}

void Agent::Resolve(std::string cause, const Conversation& conversation) {
  routing::v1::ResolveRequest request;
  request.set_workspace(context_.workspace);
  request.set_conversation_id(conversation.conversation_id());
  request.set_command_id(absl::StrCat("resolve-", cause));
  Command<routing::v1::ResolveResponse>(
      std::move(request), &Async::Resolve,
      [self = shared_from_this(), cause, conversation](auto answer, absl::Time began) {
        self->context_.ledger->Commanded("resolve", self->who_.name, conversation.conversation_id(),
                                         answer.status(), began, absl::Now());
        const bool wraps =
            answer.ok() && answer->conversation().state() == conversation::v1::STATE_WRAPPING;
        if (!wraps) {
          self->Done(conversation.conversation_id());
          return;
        }
        self->Then([self, cause, conversation] { self->WrapUp(cause, conversation); });
      });
}

void Agent::WrapUp(std::string cause, const Conversation& conversation) {
  routing::v1::CompleteWrapUpRequest request;
  request.set_workspace(context_.workspace);
  request.set_conversation_id(conversation.conversation_id());
  request.set_command_id(absl::StrCat("wrap-up-", cause));
  request.add_codes(kWrapUpCode);
  Command<routing::v1::CompleteWrapUpResponse>(
      std::move(request), &Async::CompleteWrapUp,
      [self = shared_from_this(), id = conversation.conversation_id()](auto answer,
                                                                       absl::Time began) {
        self->context_.ledger->Commanded("wrap-up", self->who_.name, id, answer.status(), began,
                                         absl::Now());
        self->Done(id);
      });
}

void Agent::Done(const std::string& conversation_id) {
  std::lock_guard lock(mutex_);
  const auto it = working_.find(conversation_id);
  if (it != working_.end()) working_.erase(it);
}

}  // namespace trama::loadgen
