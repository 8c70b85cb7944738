#include "services/routing/profile_asker.h"

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "services/platform/grpc/unary.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::routing {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Lt;

constexpr absl::Duration kWait = absl::Seconds(30);

// ProfileService/GetCustomer that knows nobody, or says nothing until it is told to end.
class Profile final : public profile::v1::ProfileService::CallbackService {
 public:
  using Reply = platform::UnaryReply<profile::v1::GetCustomerResponse>;
  explicit Profile(platform::CallGate& gate) : gate_(gate) {}

  grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context,
                                        const profile::v1::GetCustomerRequest* request,
                                        profile::v1::GetCustomerResponse* response) override {
    return platform::RunUnaryAsync(gate_, context, request, response,
                                   {.workspace = request->workspace(), .roles = {"service"}},
                                   [this](Reply reply, const profile::v1::GetCustomerRequest&) {
                                     const absl::MutexLock lock(&mutex_);
                                     ++asked_;
                                     if (!is_silent) return reply.Finish(absl::NotFoundError("no"));
                                     unanswered_.push_back(std::move(reply));
                                   });
  }

  // Before the server is shut down.
  void LetGo() {
    const absl::MutexLock lock(&mutex_);
    unanswered_.clear();
  }
  int asked() {
    const absl::MutexLock lock(&mutex_);
    return asked_;
  }
  bool WasAsked() {
    const absl::MutexLock lock(&mutex_);
    const auto was_asked = [this] { return asked_ > 0; };
    return mutex_.AwaitWithTimeout(absl::Condition(&was_asked), kWait);
  }

  std::atomic<bool> is_silent = false;

 private:
  platform::CallGate& gate_;
  absl::Mutex mutex_;
  int asked_ = 0;
  std::vector<Reply> unanswered_;
};

class ProfileAskerTest : public ::testing::Test {
 protected:
  ProfileAskerTest() {
    grpc_.Serve(profile_);
    asker_ = std::make_unique<ProfileAsker>(grpc_.Client("desk"), clock_, grpc_.metrics());
  }
  ~ProfileAskerTest() override {
    profile_.LetGo();
    grpc_.server().Shutdown(absl::ZeroDuration());
  }

  // `held` is let go with the question.
  void Ask(std::shared_ptr<void> held = nullptr) {
    auto question = std::make_shared<v1::ProfileQuestion>();
    question->set_workspace("demo");
    question->set_identifier_key("somebody");
    asker_->Ask({.request = question}, [this, held = std::move(held)](const Answer& answer) {
      const absl::MutexLock lock(&mutex_);
      answers_.push_back(answer.status);
    });
  }

  bool HasAnswers(size_t count) {
    const absl::MutexLock lock(&mutex_);
    const auto are_there = [&] { return answers_.size() >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&are_there), kWait);
  }
  absl::Status LastAnswer() {
    const absl::MutexLock lock(&mutex_);
    return answers_.back();
  }

  platform::SystemClock clock_;
  platform::GrpcFixture grpc_;
  Profile profile_{grpc_.gate()};
  absl::Mutex mutex_;
  std::vector<absl::Status> answers_;
  std::unique_ptr<ProfileAsker> asker_;
};

TEST_F(ProfileAskerTest, ASilentProfileIsSparedAndAskedAgainWhenItAnswers) {
  constexpr size_t kAtOnce = 3;
  constexpr size_t kQuestions = 50;
  profile_.is_silent = true;
  for (size_t i = 0; i < kAtOnce; ++i) Ask();
  ASSERT_TRUE(HasAnswers(kAtOnce));
  EXPECT_TRUE(absl::IsDeadlineExceeded(LastAnswer())) << LastAnswer();
  for (size_t i = kAtOnce; i < kQuestions; ++i) Ask();
  ASSERT_TRUE(HasAnswers(kQuestions));
  EXPECT_THAT(profile_.asked(), AllOf(Ge(3), Lt(10)));

  profile_.is_silent = false;
  size_t sent = kQuestions;
  const absl::Time deadline = absl::Now() + kWait;
  do {
    Ask();
    ASSERT_TRUE(HasAnswers(++sent));
  } while (!LastAnswer().ok() && absl::Now() < deadline);
  EXPECT_TRUE(LastAnswer().ok()) << LastAnswer();
}

TEST_F(ProfileAskerTest, AfterCloseNoAnswerComes) {
  absl::Notification over;
  profile_.is_silent = true;
  Ask(std::shared_ptr<void>(
      &over, [](void* notification) { static_cast<absl::Notification*>(notification)->Notify(); }));
  ASSERT_TRUE(profile_.WasAsked());
  asker_.reset();
  profile_.LetGo();
  ASSERT_TRUE(over.WaitForNotificationWithTimeout(kWait)) << "the call has not ended";
  const absl::MutexLock lock(&mutex_);
  EXPECT_TRUE(answers_.empty());
}

}  // namespace
}  // namespace trama::routing
