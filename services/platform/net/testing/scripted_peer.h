#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "services/platform/net/testing/test_socket.h"

namespace trama::platform {

// A server for tests of clients: listens on a free loopback port below 32768 and plays `script`
// with each connection, one after another, on a thread of its own.
class ScriptedPeer {
 public:
  // `round` counts the connections from 0.
  using Script = std::function<void(TestSocket& connection, int round)>;

  explicit ScriptedPeer(Script script);
  ~ScriptedPeer();

  uint16_t port() const { return port_; }
  int connections() const { return connections_; }  // Accepted so far.

 private:
  void Run();

  const Script script_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

// Binds a new TCP socket to a free port of 127.0.0.1 below 32768 (ports above belong to outgoing
// connections) and gives its descriptor and port; dies if there is none.
struct BoundSocket {
  int descriptor = -1;
  uint16_t port = 0;
};
BoundSocket BindFreePort();

}  // namespace trama::platform
