#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/http/http_server.h"
#include "tools/loadgen/channel.h"

namespace trama::loadgen {

// The vendor's side of SMS: takes every message and remembers it, so that it can be listed
// (https://www.twilio.com/docs/messaging/api/message-resource). It counts, it judges nothing.
class TwilioSink {
 public:
  static absl::StatusOr<std::unique_ptr<TwilioSink>> Start(const std::string& listen,
                                                           boost::asio::io_context& io,
                                                           const OnArrival& on_arrival);

 private:
  struct Message {
    std::string sid;
    std::string body;
    std::string created;  // RFC 2822.
  };

  explicit TwilioSink(OnArrival on_arrival) : on_arrival_(std::move(on_arrival)) {}

  platform::HttpResponse Take(const platform::HttpRequest& request);
  platform::HttpResponse List(const platform::HttpRequest& request);

  const OnArrival on_arrival_;
  std::mutex mutex_;
  std::map<std::string, std::vector<Message>> messages_;  // By recipient. Guarded by mutex_.
  int64_t taken_ = 0;                                     // Guarded by mutex_.
  std::unique_ptr<platform::HttpServer> server_;
};

}  // namespace trama::loadgen
