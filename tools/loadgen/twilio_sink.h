#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/http/http_server.h"
#include "services/platform/http/url.h"

namespace trama::loadgen {

// The vendor's side of SMS: takes every message and remembers it, so that it can be listed
// (https://www.twilio.com/docs/messaging/api/message-resource). It counts, it judges nothing.
class TwilioSink {
 public:
  // Called with each message that it takes, on a thread of the io_context.
  using OnTaken = std::function<void(const platform::FormFields& form, const std::string& sid)>;

  static absl::StatusOr<std::unique_ptr<TwilioSink>> Start(const std::string& listen,
                                                           boost::asio::io_context& io,
                                                           OnTaken on_taken);

 private:
  struct Message {
    std::string sid;
    std::string body;
    std::string created;  // RFC 2822.
  };

  explicit TwilioSink(OnTaken on_taken) : on_taken_(std::move(on_taken)) {}

  platform::HttpResponse Take(const platform::HttpRequest& request);
  platform::HttpResponse List(const platform::HttpRequest& request);

  const OnTaken on_taken_;
  std::mutex mutex_;
  std::map<std::string, std::vector<Message>> messages_;  // By recipient. Guarded by mutex_.
  int64_t taken_ = 0;                                     // Guarded by mutex_.
  std::unique_ptr<platform::HttpServer> server_;
};

}  // namespace trama::loadgen
