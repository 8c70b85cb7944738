#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "services/platform/net/awaitable.h"
#include "services/platform/net/stream.h"

namespace trama::loadgen {

// Lines over a connection, as SMTP speaks them. Runs on the stream's strand.
class SmtpLines {
 public:
  explicit SmtpLines(platform::Stream stream) : stream_(std::move(stream)) {}

  // Without its CRLF. False: the connection is over or the line is too long.
  platform::Awaitable<bool> Read(std::string* line);
  // `text` must live until the end of the wait.
  platform::Awaitable<bool> Write(std::string_view text);
  // The code of a whole reply; 0 when the connection is over.
  platform::Awaitable<int> ReadReply();

  platform::Stream& stream() { return stream_; }

 private:
  platform::Stream stream_;
  std::string buffer_;
};

}  // namespace trama::loadgen
