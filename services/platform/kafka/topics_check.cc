#include "services/platform/kafka/topics_check.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "services/kernel/pause.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr absl::Duration kAnswerMax = absl::Seconds(5);
constexpr absl::Duration kPauseFirst = absl::Milliseconds(100);
constexpr absl::Duration kPauseMax = absl::Seconds(5);

}  // namespace

std::unique_ptr<TopicsCheck> TopicsCheck::Start(Options options, Health& health) {
  std::unique_ptr<TopicsCheck> check(new TopicsCheck(std::move(options), health));
  check->thread_ = std::thread([self = check.get()] { self->Run(); });
  return check;
}

TopicsCheck::TopicsCheck(Options options, Health& health)
    : options_(std::move(options)), same_(health.AddCondition("topics")) {
  same_->Set(false, "not yet compared with the topics file");
}

TopicsCheck::~TopicsCheck() {
  stop_.Notify();
  thread_.join();
}

void TopicsCheck::Run() {
  absl::Time differ_since = absl::InfiniteFuture();
  for (int attempt = 0;; ++attempt) {
    const absl::Status compared = Compare();
    if (compared.ok()) return same_->Set(true);
    same_->Set(false, ToStd(compared.message()));
    if (absl::IsFailedPrecondition(compared)) {
      differ_since = std::min(differ_since, absl::Now());
      if (absl::Now() - differ_since >= options_.differ_max)
        return options_.on_difference(compared);
    }
    const absl::Duration pause = DoublingPause(kPauseFirst, kPauseMax, attempt);
    if (stop_.WaitForNotificationWithTimeout(pause)) return;
  }
}

absl::Status TopicsCheck::Compare() const {
  const auto admin = Admin::Create(options_.kafka);
  if (!admin.ok()) return admin.status();
  return CheckTopics(**admin, options_.file, options_.topics, kAnswerMax);
}

}  // namespace trama::platform
