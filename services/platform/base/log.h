#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"

// Structured logs: one JSON object per line on stderr.
//
//   {"time":"2026-03-01T10:00:00.123Z","level":"info","service":"routing","event":"taken over",
//    "partition":3,"trace_id":"…"}
//
// Personal data and secrets must not get in. Three nets, of which the first is the one to rely on:
//   1. The caller logs ids, counts and reasons, never what a customer said or who he is. Where
//      lines about one personal value must be told apart, log Redacted(value).
//   2. Keys that name such things (kDeniedKeys in log_mask.cc: body, email, phone, token, …) are
//      written as "[redacted]".
//   3. What looks like an e-mail address, a telephone number in E.164 form or a bearer token inside
//      any text is masked, because error texts quote what was wrong.
// The log is the one thing of a process that is global: a line must be possible from anywhere.
namespace trama::platform {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

inline constexpr int kLogBurstMax = 20;            // Lines per second and call site.
inline constexpr size_t kLogValueBytesMax = 2048;  // Longer values are cut.
inline constexpr size_t kLogFieldsMax = 32;        // Further fields are dropped.

// One value of a line. Made from texts, numbers, bools, durations, times and statuses.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}  // NOLINT(google-explicit-constructor)
  LogValue(const char* text) : value_(std::string_view(text)) {}  // NOLINT
  LogValue(absl::string_view text)
      : value_(std::string_view(text.data(), text.size())) {}            // NOLINT
  LogValue(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT
  LogValue(bool flag) : value_(flag) {}                                  // NOLINT
  template <std::integral T>
  requires(!std::same_as<T, bool>) LogValue(T number)
      : value_(static_cast<int64_t>(number)) {}            // NOLINT
  LogValue(double number) : value_(number) {}              // NOLINT
  LogValue(absl::Duration duration) : value_(duration) {}  // NOLINT: seconds, as a number.
  LogValue(absl::Time time) : value_(time) {}              // NOLINT: RFC 3339, UTC.
  LogValue(const absl::Status& status);                    // NOLINT: "CODE: message".

  using Value = std::variant<std::string_view, std::string, bool, int64_t, double, absl::Duration,
                             absl::Time>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

struct LogField {
  std::string_view key;  // lower_snake.
  LogValue value;
};

// Writes a line if `level` is on and this call site has not used up its burst; a line that follows
// suppressed ones says how many ("suppressed": n). Thread-safe; never throws.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {},
         std::source_location where = std::source_location::current());

// A short name for a personal value: equal values of one process have equal names, and nobody can
// find the value by trying all (the key is drawn at process start).
std::string Redacted(std::string_view personal);

// The text with addresses, telephone numbers and bearer tokens masked; what Log does to values.
std::string MaskPersonal(std::string_view text);

struct LogOptions {
  std::string service;
  LogLevel level = LogLevel::kInfo;
};

// Before StartLogging, lines go to stderr with an empty service.
void StartLogging(const LogOptions& options);

// "debug", "info", "warning", "error".
absl::Status ParseLogLevel(std::string_view text, LogLevel* level);

// All lines that this thread writes while it lives carry the trace id (32 hex digits). Not to be
// held over a co_await, after which another thread may go on.
class ScopedLogTrace {
 public:
  explicit ScopedLogTrace(std::string trace_id);
  ~ScopedLogTrace();
  ScopedLogTrace(const ScopedLogTrace&) = delete;
  ScopedLogTrace& operator=(const ScopedLogTrace&) = delete;

 private:
  std::string previous_;
};

// For tests: while it lives, lines come here instead of to stderr, all levels, without limit of
// repeats unless asked for.
class ScopedLogCapture {
 public:
  explicit ScopedLogCapture(bool limit_repeats = false);
  ~ScopedLogCapture();
  ScopedLogCapture(const ScopedLogCapture&) = delete;
  ScopedLogCapture& operator=(const ScopedLogCapture&) = delete;

  // Each line once, without the line break.
  std::vector<std::string> lines() const;
  // Is there a line that holds `text`?
  bool Contains(std::string_view text) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace trama::platform
