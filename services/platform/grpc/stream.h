#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"
#include "services/platform/grpc/call_gate.h"
#include "services/platform/grpc/errors.h"

namespace trama::platform {

// A stream from server to client with a bounded queue before it: the producer is never held up by a
// slow client unless it asks for that (SendBlocking).
//
//   grpc::ServerWriteReactor<AgentUpdate>* WatchAgent(grpc::CallbackServerContext* context,
//                                                     const WatchAgentRequest* request) override {
//     absl::StatusOr<Call> call = gate_.AdmitStream(*context, {…});
//     if (!call.ok()) return ServerStream<AgentUpdate>::Refuse(call.status());
//     auto stream = ServerStream<AgentUpdate>::Open(*std::move(call), kUpdatesQueuedMax);
//     stream->OnClosed([…] { hub_.Remove(…); });
//     hub_.Add(stream, *request);
//     return stream->reactor();
//   }
//
// Lifetime: gRPC keeps it until the stream is over; the producer may keep its shared_ptr longer.
// Thread-safe.
template <typename T>
class ServerStream final : private grpc::ServerWriteReactor<T> {
 public:
  static std::shared_ptr<ServerStream> Open(Call call, size_t queue_max) {
    std::shared_ptr<ServerStream> stream(new ServerStream(std::move(call), queue_max));
    stream->self_ = stream;
    return stream;
  }

  // For calls that are not let in.
  static grpc::ServerWriteReactor<T>* Refuse(const absl::Status& why) {
    auto stream = Open(Call(), 1);
    stream->Finish(why);
    return stream->reactor();
  }

  grpc::ServerWriteReactor<T>* reactor() { return this; }
  const Call& call() const { return call_; }

  // False, and nothing is sent, when the stream is over or its queue is full.
  bool Send(T message) {
    const std::lock_guard lock(mutex_);
    if (finishing_ || queue_.size() >= queue_max_) return false;
    Enqueue(std::move(message));
    return true;
  }

  // Waits at most `limit` for a place in the queue; false when there was none or the stream is
  // over. Not on a thread of gRPC.
  bool SendBlocking(T message, absl::Duration limit) {
    std::unique_lock lock(mutex_);
    const bool in_time = room_.wait_for(lock, absl::ToChronoMilliseconds(limit), [this] {
      return finishing_ || queue_.size() < queue_max_;
    });
    if (!in_time || finishing_) return false;
    Enqueue(std::move(message));
    return true;
  }

  // Sends what is queued, then the status. A second one does nothing.
  void Finish(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (finishing_) return;
    finishing_ = true;
    status_ = status;
    room_.notify_all();
    FinishIfIdle();
  }

  // Called once when the stream is over, whoever ended it; at once if it is already.
  void OnClosed(std::function<void()> closed) {
    {
      const std::lock_guard lock(mutex_);
      if (!done_) {
        closed_ = std::move(closed);
        return;
      }
    }
    closed();
  }

  // Has the stream ended or been told to? For producers between two messages.
  bool finishing() const {
    const std::lock_guard lock(mutex_);
    return finishing_;
  }

 private:
  ServerStream(Call call, size_t queue_max) : call_(std::move(call)), queue_max_(queue_max) {}

  // The next four need the lock.
  void Enqueue(T message) {
    queue_.push_back(std::move(message));
    WriteNext();
  }
  void WriteNext() {
    if (writing_ || queue_.empty()) return;
    writing_ = true;
    current_ = std::move(queue_.front());
    queue_.pop_front();
    room_.notify_one();
    this->StartWrite(&current_);
  }
  void FinishIfIdle() {
    if (!finishing_ || finished_ || writing_ || !queue_.empty()) return;
    finished_ = true;
    grpc::ServerWriteReactor<T>::Finish(ToGrpc(status_));
  }
  void Abandon() {
    if (!finishing_) status_ = absl::CancelledError("the client has gone");
    finishing_ = true;
    queue_.clear();
    room_.notify_all();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok) Abandon();
    WriteNext();
    FinishIfIdle();
  }
  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    Abandon();
    FinishIfIdle();
  }
  void OnDone() override {
    std::function<void()> closed;
    std::shared_ptr<ServerStream> self;
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      call_.slot = CallSlot();
      call_.method_slot = CallSlot();
      closed = std::move(closed_);
      self = std::move(self_);
    }
    if (closed) closed();
  }

  Call call_;
  const size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::deque<T> queue_;
  T current_;
  absl::Status status_;
  bool writing_ = false;    // current_ belongs to gRPC.
  bool finishing_ = false;  // Takes no more messages.
  bool finished_ = false;   // The status was handed to gRPC.
  bool done_ = false;       // gRPC has let go.
  std::function<void()> closed_;
  std::shared_ptr<ServerStream> self_;  // Until done_.
};

}  // namespace trama::platform
