#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trama::platform {

// A redis-server of our own for tests: free port below 32768 on loopback, a temporary folder that
// is removed at the end, nothing saved unless asked for. Kills only the process that it started; it
// also ends with the thread that started it. DEBUG is allowed.
class RedisProcess {
 public:
  struct Options {
    std::vector<std::string> arguments;  // More of redis-server's, such as {"--requirepass", "x"}.
    // With all three, the server speaks TLS only.
    std::string tls_certificate_file;
    std::string tls_key_file;
    std::string tls_ca_file;
  };

  // Starts the server and waits until it accepts connections. UNAVAILABLE: redis-server is not
  // installed or did not come up; the message has the end of its log.
  static absl::StatusOr<std::unique_ptr<RedisProcess>> Start(Options options);
  static absl::StatusOr<std::unique_ptr<RedisProcess>> Start() { return Start(Options()); }
  ~RedisProcess();

  uint16_t port() const { return port_; }
  std::string address() const;  // "127.0.0.1:port"

  void Kill();             // kill -9, and waits for its end.
  absl::Status Restart();  // On the same port, after Kill().
  void Pause();            // SIGSTOP: alive, but silent.
  void Resume();

  // Sends one command over a connection of its own, as an operator would: "REPLICAOF NO ONE". The
  // first line of the answer, such as "+OK". Not with TLS.
  std::string Tell(const std::string& command);

 private:
  explicit RedisProcess(Options options);
  absl::Status Launch();

  Options options_;
  uint16_t port_ = 0;
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace trama::platform
