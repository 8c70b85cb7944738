#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/post.hpp"

namespace trama::channels {

// Gathers what is added by all who run on an executor before it comes to us again: those who have
// come together (Turns) leave together, and who is alone waits for nobody.
//
// Threads: safe from any. What was added leaves though the object is gone.
template <typename Item>
class Round {
 public:
  // Is given what leaves together, in the order in which it came, on the executor of the first.
  using Leave = std::function<void(std::vector<Item>)>;

  explicit Round(Leave leave) : gathered_(std::make_shared<Gathered>(std::move(leave))) {}

  void Add(Item item, const boost::asio::any_io_executor& executor) {
    {
      const std::lock_guard lock(gathered_->mutex);
      gathered_->items.push_back(std::move(item));
      if (gathered_->items.size() > 1) return;
    }
    boost::asio::post(executor, [gathered = gathered_] {
      std::vector<Item> ready;
      {
        const std::lock_guard lock(gathered->mutex);
        ready.swap(gathered->items);
      }
      gathered->leave(std::move(ready));
    });
  }

 private:
  struct Gathered {
    explicit Gathered(Leave leave_in) : leave(std::move(leave_in)) {}

    const Leave leave;
    std::mutex mutex;
    std::vector<Item> items;  // Guarded by mutex.
  };

  const std::shared_ptr<Gathered> gathered_;
};

}  // namespace trama::channels
