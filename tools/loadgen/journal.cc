#include "tools/loadgen/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace trama::loadgen {
namespace {

constexpr size_t kWaitingBytesMax = 64 << 10;
constexpr int kNone = -1;

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    // Nothing that is journalled needs a control character.
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  out += '"';
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path) {
  int file = kNone;
  if (!path.empty()) {
    file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file == kNone) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot write the journal ", path, ": ", std::strerror(errno)));
    }
  }
  return std::unique_ptr<Journal>(new Journal(path, file));
}

Journal::~Journal() { Close().IgnoreError(); }

void Journal::Write(std::initializer_list<std::pair<const char*, std::string_view>> fields) {
  if (file_ == kNone) return;
  absl::StrAppend(&waiting_, "{\"at_us\":", absl::ToUnixMicros(absl::Now()));
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&waiting_, ",\"", name, "\":");
    AppendQuoted(value, waiting_);
  }
  waiting_ += "}\n";
  if (waiting_.size() > kWaitingBytesMax) Flush();
}

void Journal::Flush() {
  std::string_view rest = waiting_;
  while (!rest.empty()) {
    const ssize_t written = write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      lost_ = true;
      break;
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  waiting_.clear();
}

absl::Status Journal::Close() {
  if (file_ == kNone) return absl::OkStatus();
  Flush();
  lost_ = fsync(file_) != 0 || lost_;
  close(file_);
  file_ = kNone;
  return lost_ ? absl::DataLossError(absl::StrCat("the journal ", path_, " is not complete"))
               : absl::OkStatus();
}

}  // namespace trama::loadgen
