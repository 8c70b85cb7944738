#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "services/platform/http/http_server.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/net/testing/test_socket.h"

namespace trama::platform {

// An HttpServer on loopback with a few routes:
//   POST /echo  the body back     GET /hello  "hello"     POST /small  at most 10 bytes
//   GET /slow   waits for Release()           GET /throw  throws
//   GET /hasty  as /slow, and has 100 ms
class ServerFixture : public ::testing::Test {
 protected:
  struct Seen {
    std::string method;
    std::string route;
    int status = 0;
  };

  void TearDown() override {
    Release();
    io_.Stop();
  }

  void Start(HttpServerOptions options = {});
  TestSocket Connect() { return TestSocket::Connect(server_->port()); }
  // Sends `bytes` on a new connection and gives everything that comes until the server closes.
  std::string Exchange(std::string_view bytes);

  // Lets /slow answer, now and later.
  void Release();
  // Waits until that many /slow handlers have begun.
  void WaitForSlow(int count);
  // Waits until that many answers have been observed.
  std::vector<Seen> WaitForSeen(size_t count);

  IoThreads io_{2};
  std::unique_ptr<HttpServer> server_;

 private:
  Awaitable<HttpResponse> Slow();
  void Observe(const HttpObservation& observation);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  int slow_ = 0;
  std::vector<std::function<void(bool)>> waiting_;
  std::vector<Seen> seen_;
};

}  // namespace trama::platform
