#include "services/platform/net/testing/scripted_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <utility>

#include "services/kernel/check.h"

namespace trama::platform {
namespace {

constexpr int kPortMin = 20000;
constexpr int kPortMax = 32767;
constexpr int kAttemptsMax = 200;

}  // namespace

BoundSocket BindFreePort() {
  std::random_device random;
  std::uniform_int_distribution<int> ports(kPortMin, kPortMax);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    TRAMA_CHECK(descriptor >= 0);
    const auto port = static_cast<uint16_t>(ports(random));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
      return {.descriptor = descriptor, .port = port};
    }
    close(descriptor);
  }
  TRAMA_CHECK(false && "no free port below 32768");
  return {};
}

ScriptedPeer::ScriptedPeer(Script script) : script_(std::move(script)) {
  const BoundSocket bound = BindFreePort();
  listener_ = bound.descriptor;
  port_ = bound.port;
  TRAMA_CHECK(listen(listener_, 16) == 0);
  thread_ = std::thread([this] { Run(); });
}

ScriptedPeer::~ScriptedPeer() {
  shutdown(listener_, SHUT_RDWR);  // Wakes accept().
  thread_.join();
  close(listener_);
}

void ScriptedPeer::Run() {
  while (true) {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    TestSocket connection(descriptor);
    script_(connection, connections_++);
  }
}

}  // namespace trama::platform
