#pragma once

#include <memory>
#include <mutex>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/posix/stream_descriptor.hpp"
#include "services/platform/kafka/handles.h"

namespace trama::platform::kafka_internal {

// Serves what librdkafka has to say to its application (deliveries, errors, logs) on an io_context,
// instead of a thread that waits for it: one wake-up less for each answer.
//
// Threads: safe from any. The callbacks run on the threads of `io`, and on that of Serve().
class AnswerPort : public std::enable_shared_from_this<AnswerPort> {
 public:
  // Takes the queue that rd_kafka_poll serves. `io` and `client` must live until Close().
  static absl::StatusOr<std::shared_ptr<AnswerPort>> Open(boost::asio::io_context& io,
                                                          rd_kafka_t* client);
  AnswerPort(boost::asio::io_context& io, rd_kafka_t* client);

  // Serves what is there now; for callers that wait while the threads of `io` may have stopped.
  void Serve();
  // Afterwards no callback runs any more but in calls of rd_kafka_poll and its like.
  void Close();

 private:
  absl::Status Connect();
  void Wait();

  std::mutex mutex_;                              // Held while callbacks run.
  rd_kafka_t* client_;                            // Guarded by mutex_; null after Close().
  boost::asio::posix::stream_descriptor signal_;  // Readable when the queue is not empty any more.
};

}  // namespace trama::platform::kafka_internal
