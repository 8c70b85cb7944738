#include "services/platform/base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "openssl/rand.h"
#include "services/kernel/check.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"
#include "services/platform/base/log_mask.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/stdout_sinks.h"

#include "absl/flags/flag.h"

ABSL_FLAG(std::string, log_level, "info",
          "least severe lines to write: debug, info, warning, error");

namespace trama::platform {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

// Counts the lines of each call site in the running second.
class BurstLimit {
 public:
  struct Verdict {
    bool write = true;
    int64_t suppressed = 0;  // Before this line, since the last one written.
  };

  Verdict Count(const std::source_location& where) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    Site& site = sites_[{where.file_name(), where.line()}];
    if (now - site.window_start >= std::chrono::seconds(1)) {
      site.window_start = now;
      site.lines = 0;
    }
    if (site.lines >= kLogBurstMax) {
      ++site.suppressed;
      return {.write = false};
    }
    ++site.lines;
    return {.write = true, .suppressed = std::exchange(site.suppressed, 0)};
  }

 private:
  struct Site {
    std::chrono::steady_clock::time_point window_start;
    int lines = 0;
    int64_t suppressed = 0;
  };
  using Key = std::pair<const char*, uint32_t>;
  struct Hash {
    size_t operator()(const Key& key) const {
      return std::hash<const void*>()(key.first) * 31 + key.second;
    }
  };

  std::mutex mutex_;
  std::unordered_map<Key, Site, Hash> sites_;  // As many as the program has call sites.
};

struct Captured {
  mutable std::mutex mutex;
  std::vector<std::string> lines;
  bool limit_repeats = false;
};

// Never destroyed: a line may be written while the process ends.
struct Logging {
  std::mutex mutex;  // Guards service and capture.
  std::string service;
  std::shared_ptr<Captured> capture;
  std::atomic<LogLevel> level{LogLevel::kInfo};
  BurstLimit bursts;
  spdlog::logger sink{"trama", std::make_shared<spdlog::sinks::stderr_sink_mt>()};

  Logging() {
    sink.set_pattern("%v");
    sink.set_level(spdlog::level::trace);
    sink.flush_on(spdlog::level::trace);
  }
};

Logging& GetLogging() {
  static Logging& logging = *new Logging;
  return logging;
}

std::string& ThreadTraceId() {
  thread_local std::string trace_id;
  return trace_id;
}

std::string CutAndMasked(std::string_view text) {
  std::string masked = MaskPersonal(text.substr(0, kLogValueBytesMax));
  if (text.size() > kLogValueBytesMax) absl::StrAppend(&masked, "… ", text.size(), " bytes");
  return masked;
}

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

OrderedJson ToJson(const LogValue& value) {
  struct Visitor {
    OrderedJson operator()(std::string_view text) const { return CutAndMasked(text); }
    OrderedJson operator()(const std::string& text) const { return CutAndMasked(text); }
    OrderedJson operator()(bool flag) const { return flag; }
    OrderedJson operator()(int64_t number) const { return number; }
    OrderedJson operator()(double number) const { return number; }
    OrderedJson operator()(absl::Duration duration) const {
      return absl::ToDoubleSeconds(duration);
    }
    OrderedJson operator()(absl::Time time) const { return Rfc3339(time); }
  };
  return std::visit(Visitor(), value.value());
}

std::string MakeLine(LogLevel level, const std::string& service, std::string_view event,
                     std::initializer_list<LogField> fields, int64_t suppressed) {
  OrderedJson line;
  line["time"] = Rfc3339(absl::Now());
  line["level"] = kLevelNames[static_cast<size_t>(level)];
  line["service"] = service;
  line["event"] = CutAndMasked(event);
  size_t count = 0;
  for (const LogField& field : fields) {
    if (++count > kLogFieldsMax) break;
    line[std::string(field.key)] =
        IsDeniedLogKey(field.key) ? OrderedJson("[redacted]") : ToJson(field.value);
  }
  if (!ThreadTraceId().empty()) line["trace_id"] = ThreadTraceId();
  if (suppressed > 0) line["suppressed"] = suppressed;
  // What is no UTF-8 is shown as replacement characters.
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace

LogValue::LogValue(const absl::Status& status)
    : value_(status.ok() ? std::string("OK")
                         : status.ToString(absl::StatusToStringMode::kWithNoExtraData)) {}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields,
         std::source_location where) {
  Logging& logging = GetLogging();
  std::string service;
  std::shared_ptr<Captured> capture;
  {
    const std::lock_guard lock(logging.mutex);
    service = logging.service;
    capture = logging.capture;
  }
  if (capture == nullptr && level < logging.level.load(std::memory_order_relaxed)) return;
  BurstLimit::Verdict verdict;
  if (capture == nullptr || capture->limit_repeats) verdict = logging.bursts.Count(where);
  if (!verdict.write) return;

  const std::string line = MakeLine(level, service, event, fields, verdict.suppressed);
  if (capture != nullptr) {
    const std::lock_guard lock(capture->mutex);
    capture->lines.push_back(line);
    return;
  }
  logging.sink.log(spdlog::level::info, line);
}

std::string Redacted(std::string_view personal) {
  static const std::string& key = *new std::string([] {
    std::string drawn(kSha256Bytes, '\0');
    const int done =
        RAND_bytes(reinterpret_cast<unsigned char*>(drawn.data()), static_cast<int>(drawn.size()));
    TRAMA_CHECK(done == 1);
    return drawn;
  }());
  return absl::StrCat("#", absl::BytesToHexString(HmacSha256(key, personal).substr(0, 6)));
}

void StartLogging(const LogOptions& options) {
  Logging& logging = GetLogging();
  logging.level.store(options.level);
  const std::lock_guard lock(logging.mutex);
  logging.service = options.service;
}

absl::Status ParseLogLevel(std::string_view text, LogLevel* level) {
  const auto found = std::find(kLevelNames.begin(), kLevelNames.end(), text);
  if (found == kLevelNames.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", ToAbsl(text), "\" is no log level; use debug, info, warning or error"));
  }
  *level = static_cast<LogLevel>(found - kLevelNames.begin());
  return absl::OkStatus();
}

ScopedLogTrace::ScopedLogTrace(std::string trace_id)
    : previous_(std::exchange(ThreadTraceId(), std::move(trace_id))) {}

ScopedLogTrace::~ScopedLogTrace() { ThreadTraceId() = std::move(previous_); }

struct ScopedLogCapture::State : Captured {};

ScopedLogCapture::ScopedLogCapture(bool limit_repeats) : state_(std::make_shared<State>()) {
  state_->limit_repeats = limit_repeats;
  const std::lock_guard lock(GetLogging().mutex);
  GetLogging().capture = state_;
}

ScopedLogCapture::~ScopedLogCapture() {
  const std::lock_guard lock(GetLogging().mutex);
  GetLogging().capture = nullptr;
}

std::vector<std::string> ScopedLogCapture::lines() const {
  const std::lock_guard lock(state_->mutex);
  return state_->lines;
}

bool ScopedLogCapture::Contains(std::string_view text) const {
  const std::vector<std::string> all = lines();
  return std::any_of(all.begin(), all.end(), [&](const std::string& line) {
    return absl::StrContains(line, ToAbsl(text));
  });
}

}  // namespace trama::platform
