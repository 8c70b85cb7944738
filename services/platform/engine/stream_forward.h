#pragma once

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "grpcpp/support/server_callback.h"
#include "services/platform/grpc/call_gate.h"
#include "services/platform/grpc/client.h"
#include "services/platform/grpc/errors.h"

namespace trama::platform {

// A server stream that is passed on to a peer, message by message: the next one is read when the
// one before was written, so that a slow client slows its own stream only. The client's
// cancellation reaches the peer, the peer's end reaches the client. Deletes itself.
//
// The order that keeps it alive: the peer's OnDone comes first and calls Finish, whose OnDone
// deletes it. The hold on the reading side is given back when no further read can begin, because
// reads begin in the writing side's callback.
template <typename Request, typename Response>
class ForwardedStream final : public grpc::ServerWriteReactor<Response> {
 public:
  ForwardedStream(std::shared_ptr<Peer> peer, const Request& request, Call call)
      : peer_(std::move(peer)), request_(request), call_(std::move(call)), source_(*this) {}

  template <typename Start>
  void Begin(const CallOptions& options, Start start) {
    peer_->Prepare(context_, options);
    start(peer_->channel(), &context_, static_cast<const Request*>(&request_),
          static_cast<grpc::ClientReadReactor<Response>*>(&source_));
    source_.AddHold();
    source_.StartRead(&message_);
    source_.StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      source_.StartRead(&message_);
    } else {
      context_.TryCancel();
      source_.RemoveHold();
    }
  }
  void OnCancel() override { context_.TryCancel(); }
  void OnDone() override { delete this; }

 private:
  class Source final : public grpc::ClientReadReactor<Response> {
   public:
    explicit Source(ForwardedStream& stream) : stream_(stream) {}
    void OnReadDone(bool ok) override {
      if (ok) {
        stream_.StartWrite(&stream_.message_);
      } else {
        this->RemoveHold();
      }
    }
    void OnDone(const grpc::Status& status) override { stream_.Finish(status); }

   private:
    ForwardedStream& stream_;
  };

  const std::shared_ptr<Peer> peer_;
  const Request request_;
  const Call call_;  // Holds the slot of the open stream.
  grpc::ClientContext context_;
  Response message_;
  Source source_;
};

}  // namespace trama::platform
