#include "tools/loadgen/smtp_lines.h"

#include <array>

#include "absl/strings/numbers.h"

namespace trama::loadgen {
namespace {

constexpr size_t kLineBytesMax = 64 << 10;

}  // namespace

platform::Awaitable<bool> SmtpLines::Read(std::string* line) {
  std::array<char, 8192> bytes;
  while (true) {
    const size_t end = buffer_.find("\r\n");
    if (end != std::string::npos) {
      *line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      co_return true;
    }
    if (buffer_.size() > kLineBytesMax) co_return false;
    const platform::IoResult read = co_await stream_.ReadSome(bytes.data(), bytes.size());
    if (read.error) co_return false;
    buffer_.append(bytes.data(), read.bytes);
  }
}

platform::Awaitable<bool> SmtpLines::Write(std::string_view text) {
  const platform::IoResult written = co_await stream_.Write(text);
  co_return !written.error;
}

platform::Awaitable<int> SmtpLines::ReadReply() {
  std::string line;
  while (true) {
    const bool is_read = co_await Read(&line);
    int code = 0;
    if (!is_read || line.size() < 3 || !absl::SimpleAtoi(line.substr(0, 3), &code)) co_return 0;
    if (line.size() == 3 || line[3] != '-') co_return code;
  }
}

}  // namespace trama::loadgen
