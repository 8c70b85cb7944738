#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "services/platform/base/span.h"

namespace trama::platform::testing {

// Keeps what is traced in its lifetime; one at a time.
class SpanKeeper {
 public:
  explicit SpanKeeper(double ratio = 1) { StartTracing(kept_, ratio); }
  ~SpanKeeper() { StopTracing(); }

  std::vector<FinishedSpan> spans() const {
    const std::lock_guard lock(kept_->mutex);
    return kept_->spans;
  }
  // The first of that name; the tests fail on an empty name otherwise.
  FinishedSpan Named(const std::string& name) const {
    for (FinishedSpan& span : spans()) {
      if (span.name == name) return std::move(span);
    }
    return {};
  }
  bool Has(const std::string& name) const { return !Named(name).name.empty(); }

 private:
  struct Kept final : SpanSink {
    void Take(FinishedSpan span) override {
      const std::lock_guard lock(mutex);
      spans.push_back(std::move(span));
    }
    mutable std::mutex mutex;
    std::vector<FinishedSpan> spans;
  };
  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

}  // namespace trama::platform::testing
