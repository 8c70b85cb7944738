#include "services/platform/kafka/answer_port.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/kafka/errors.h"

namespace trama::platform::kafka_internal {

AnswerPort::AnswerPort(boost::asio::io_context& io, rd_kafka_t* client)
    : client_(client), signal_(io) {}

absl::StatusOr<std::shared_ptr<AnswerPort>> AnswerPort::Open(boost::asio::io_context& io,
                                                             rd_kafka_t* client) {
  auto port = std::make_shared<AnswerPort>(io, client);
  if (absl::Status connected = port->Connect(); !connected.ok()) return connected;
  port->Wait();
  return port;
}

absl::Status AnswerPort::Connect() {
  const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no descriptor for a kafka client: ", std::strerror(errno)));
  }
  signal_.assign(descriptor);
  const QueueHandle queue(rd_kafka_queue_get_main(client_));
  constexpr uint64_t kOnce = 1;
  rd_kafka_queue_io_event_enable(queue.get(), descriptor, &kOnce, sizeof(kOnce));
  return absl::OkStatus();
}

void AnswerPort::Wait() {
  signal_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error) return;
                       self->Serve();
                       const std::lock_guard lock(self->mutex_);
                       if (self->client_ != nullptr) self->Wait();
                     });
}

void AnswerPort::Serve() {
  const std::lock_guard lock(mutex_);
  if (client_ == nullptr) return;
  // Before the queue: what comes in between signals anew.
  uint64_t times = 0;
  [[maybe_unused]] const ssize_t got = ::read(signal_.native_handle(), &times, sizeof(times));
  rd_kafka_poll(client_, 0);
}

void AnswerPort::Close() {
  const std::lock_guard lock(mutex_);
  if (client_ == nullptr) return;
  const QueueHandle queue(rd_kafka_queue_get_main(client_));
  rd_kafka_queue_io_event_enable(queue.get(), -1, nullptr, 0);
  client_ = nullptr;
  boost::system::error_code ignored;
  signal_.close(ignored);
}

}  // namespace trama::platform::kafka_internal
