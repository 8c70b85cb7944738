#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trama::platform {

// A plain TCP socket that blocks, for tests that say exactly which bytes go over the wire. Every
// wait ends after kWaitSecondsMax at the latest.
class TestSocket {
 public:
  static constexpr int kWaitSecondsMax = 20;

  static bool Listens(uint16_t port);        // Does anybody accept on 127.0.0.1?
  static TestSocket Connect(uint16_t port);  // To 127.0.0.1; dies if nobody listens.
  explicit TestSocket(int descriptor);
  ~TestSocket();
  TestSocket(TestSocket&& other) noexcept;
  TestSocket& operator=(TestSocket&& other) noexcept;

  // False when the peer has closed.
  bool Send(std::string_view bytes);
  // What has come when `end` has been seen, or the peer has closed, or the wait is over.
  std::string ReadUntil(std::string_view end);
  // Everything until the peer closes.
  std::string ReadAll();
  // One HTTP message with its body by Content-Length; what follows stays for the next call.
  std::string ReadMessage();
  void CloseSending();  // The peer sees the end; answers can still be read.
  void Close();
  void Reset();  // Closes with a TCP reset.

 private:
  bool Fill();  // Reads more; false at the end.

  int descriptor_ = -1;
  std::string buffer_;
};

}  // namespace trama::platform
