#include "services/platform/net/testing/test_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "services/kernel/check.h"

namespace trama::platform {
namespace {

// A connected socket, or -1.
int ConnectTo(uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  TRAMA_CHECK(descriptor >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    return descriptor;
  }
  close(descriptor);
  return -1;
}

}  // namespace

TestSocket::TestSocket(int descriptor) : descriptor_(descriptor) {
  const timeval limit{kWaitSecondsMax, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

TestSocket::~TestSocket() { Close(); }

TestSocket::TestSocket(TestSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)) {}

TestSocket& TestSocket::operator=(TestSocket&& other) noexcept {
  Close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  buffer_ = std::move(other.buffer_);
  return *this;
}

bool TestSocket::Listens(uint16_t port) {
  const int descriptor = ConnectTo(port);
  if (descriptor >= 0) close(descriptor);
  return descriptor >= 0;
}

TestSocket TestSocket::Connect(uint16_t port) {
  const int descriptor = ConnectTo(port);
  TRAMA_CHECK(descriptor >= 0);
  return TestSocket(descriptor);
}

bool TestSocket::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool TestSocket::Fill() {
  char bytes[4096];
  const ssize_t got = recv(descriptor_, bytes, sizeof(bytes), 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(got));
  return true;
}

std::string TestSocket::ReadUntil(std::string_view end) {
  size_t at = buffer_.find(end);
  while (at == std::string::npos && Fill()) at = buffer_.find(end);
  if (at == std::string::npos) return std::exchange(buffer_, {});
  const std::string out = buffer_.substr(0, at + end.size());
  buffer_.erase(0, out.size());
  return out;
}

std::string TestSocket::ReadAll() {
  while (Fill()) {
  }
  return std::exchange(buffer_, {});
}

std::string TestSocket::ReadMessage() {
  std::string message = ReadUntil("\r\n\r\n");
  const size_t field = message.find("Content-Length: ");
  if (field == std::string::npos) return message;
  const size_t length = std::strtoul(message.c_str() + field + 16, nullptr, 10);
  while (buffer_.size() < length && Fill()) {
  }
  message += buffer_.substr(0, length);
  buffer_.erase(0, length);
  return message;
}

void TestSocket::CloseSending() { shutdown(descriptor_, SHUT_WR); }

void TestSocket::Close() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
}

void TestSocket::Reset() {
  const linger hard{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  Close();
}

}  // namespace trama::platform
