#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/time/time.h"
#include "services/platform/net/awaitable.h"

namespace trama::whatsapp {

// Memory for files on their way to the vendor. Who finds no room waits, and gets it in the order of
// coming, so that a large file is not passed by small ones for ever.
//
// Threads: safe from any; each Take on a strand, or where one thread runs. A Share may outlive it.
class UploadRoom {
 public:
  explicit UploadRoom(size_t bytes) : state_(std::make_shared<State>(bytes)) {}

  // Room that is held, until it is destroyed.
  class Share;

  // `bytes`: at most those of the room. Null when there was no room within `limit`.
  platform::Awaitable<std::unique_ptr<Share>> Take(size_t bytes, absl::Duration limit);

 private:
  struct Waiter;

  struct State {
    explicit State(size_t bytes) : left(bytes) {}
    void GiveBack(size_t bytes);
    void Grant();  // Under the mutex.

    std::mutex mutex;
    size_t left;  // Guarded by mutex, as what follows.
    std::deque<std::shared_ptr<Waiter>> waiting;
  };

  const std::shared_ptr<State> state_;
};

class UploadRoom::Share {
 public:
  Share(std::shared_ptr<State> state, size_t bytes) : state_(std::move(state)), bytes_(bytes) {}
  ~Share() { state_->GiveBack(bytes_); }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

 private:
  const std::shared_ptr<State> state_;
  const size_t bytes_;
};

}  // namespace trama::whatsapp
