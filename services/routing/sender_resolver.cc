#include "services/routing/sender_resolver.h"

#include <functional>
#include <latch>
#include <utility>

namespace trama::routing {

using profile::v1::ResolveResponse;

std::vector<absl::StatusOr<ResolveResponse>> SenderResolver::Ask(
    std::vector<SenderQuestion> questions) {
  struct Answers {
    explicit Answers(size_t count)
        : each(count, absl::UnknownError("not answered yet")),
          open(static_cast<std::ptrdiff_t>(count)) {}
    std::vector<absl::StatusOr<ResolveResponse>> each;
    std::latch open;
  };
  // Shared, because the last callback may still count down when the wait is over.
  const auto answers = std::make_shared<Answers>(questions.size());
  for (size_t i = 0; i < questions.size(); ++i) {
    if (absl::Status refused = circuit_.Enter(); !refused.ok()) {
      answers->each[i] = std::move(refused);
      answers->open.count_down();
      continue;
    }
    platform::CallAsync<ResolveResponse>(
        *profile_, std::move(questions[i].request),
        {.timeout = kAnswerMax, .traceparent = questions[i].traceparent},
        [&](auto* context, auto* wanted, auto* response, auto finished) {
          stub_->async()->Resolve(context, wanted, response, std::move(finished));
        },
        std::function<void(absl::StatusOr<ResolveResponse>)>(
            [this, answers, i](absl::StatusOr<ResolveResponse> answer) {
              circuit_.Leave(answer.status());
              answers->each[i] = std::move(answer);
              answers->open.count_down();
            }));
  }
  answers->open.wait();
  return std::move(answers->each);
}

}  // namespace trama::routing
