#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/http/http_client.h"
#include "tools/loadgen/channel.h"

namespace trama::loadgen {

struct Webhook {
  std::string body;
  platform::HttpHeaders headers;
  std::string target = {};  // Path and query; empty: the sender's path.
};

// A vendor's way of calling webhooks: a few connections that are kept, and each attempt at the next
// door, as behind a balancer.
//
// Threads: those of the io_context; Post() from any.
class WebhookSender {
 public:
  // Whether an answer says that the message was taken.
  using IsTaken = std::function<bool(const platform::HttpResponse& response)>;

  // `doors` are addresses, `path` is what is called there. INVALID_ARGUMENT names the address.
  static absl::StatusOr<std::unique_ptr<WebhookSender>> Create(
      const std::vector<std::string>& doors, const std::string& path, IsTaken is_taken,
      boost::asio::io_context& io);

  // `done` is called exactly once, on a thread of the io_context.
  void Post(Webhook webhook, std::function<void(Attempt)> done);

  // What a vendor reports of a message that it was given: tried until it is taken, for about five
  // minutes. `make` is asked anew for each attempt; `taken` is called at most once.
  void Report(std::function<Webhook()> make, std::function<void()> taken);

 private:
  WebhookSender(boost::asio::io_context& io, IsTaken is_taken)
      : io_(io), is_taken_(std::move(is_taken)) {}

  platform::Awaitable<void> Send(platform::HttpClientRequest request,
                                 std::function<void(Attempt)> done);
  platform::Awaitable<void> SendReport(std::function<Webhook()> make, std::function<void()> taken);
  platform::HttpClientRequest RequestOf(Webhook webhook);
  Attempt AttemptOf(const platform::HttpOutcome& outcome) const;

  boost::asio::io_context& io_;
  const IsTaken is_taken_;
  std::vector<platform::Url> doors_;
  std::unique_ptr<platform::HttpClient> http_;
  std::atomic<size_t> turn_ = 0;
};

}  // namespace trama::loadgen
