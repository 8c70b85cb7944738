#include "services/platform/engine/engine_host.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/platform/base/log.h"
#include "services/platform/engine/engine_errors.h"
#include "services/platform/engine/owner_directory.h"
#include "services/platform/engine/partition_loop.h"
#include "services/platform/kafka/group_member.h"

namespace trama::platform {
namespace {

absl::Status CheckSpec(const EngineSpec& spec) {
  std::vector<std::string> missing;
  if (spec.service.empty()) missing.push_back("service");
  if (spec.inputs.empty()) missing.push_back("inputs");
  for (const EngineInput& input : spec.inputs) {
    if (input.topic.empty() || input.prototype == nullptr) missing.push_back("inputs[].prototype");
  }
  if (spec.changelog.empty()) missing.push_back("changelog");
  if (!spec.make_machine) missing.push_back("make_machine");
  if (missing.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("EngineSpec is incomplete, set ", absl::StrJoin(missing, ", ")));
}

class KafkaEngineHost final : public EngineHost {
 public:
  KafkaEngineHost(EngineSpec spec, EngineDeps deps)
      : spec_(std::move(spec)),
        deps_(std::move(deps)),
        metrics_(deps_.metrics),
        context_{spec_, deps_, metrics_, ""},
        condition_(deps_.health.AddCondition(spec_.service + " partitions")) {
    if (!spec_.push) spec_.push = [](int32_t, int64_t, const Push&) {};
    condition_->Set(false, "the group has not answered yet");
  }

  ~KafkaEngineHost() override { Leave(); }

  absl::Status Start(const std::string& address) override;
  void Leave() override;
  void Submit(int32_t partition, Command command, absl::Time deadline, OnReply on_reply) override;
  absl::Status Deliver(int32_t partition, int64_t incarnation, Answer answer) override;
  OwnerRef OwnerOf(int32_t partition) const override;
  std::optional<int64_t> IncarnationOf(int32_t partition) const override;

 private:
  using Loops = std::map<int32_t, std::shared_ptr<PartitionLoop>>;

  void Assigned(const std::vector<int32_t>& numbers);
  void Unassigned(const std::vector<int32_t>& numbers, StopOrder order);
  void UpdateReady();
  void NotePositions();
  std::shared_ptr<PartitionLoop> LoopOf(int32_t partition) const;

  EngineSpec spec_;
  const EngineDeps deps_;
  EngineMetrics metrics_;
  LoopContext context_;
  const std::unique_ptr<Condition> condition_;
  std::atomic<CallId> next_call_ = 1;
  std::atomic<bool> started_ = false;  // Calls may come in while we start.

  mutable std::shared_mutex mutex_;  // Of the two below; never held while a loop is waited for.
  Loops loops_;
  bool answered_ = false;   // The group has said what is ours.
  std::mutex ready_mutex_;  // One UpdateReady at a time, so that the last one tells the truth.

  std::unique_ptr<OwnerDirectory> directory_;
  std::unique_ptr<InputEnds> ends_;
  std::mutex member_mutex_;  // Start, Leave and NotePositions.
  std::unique_ptr<GroupMember> member_;
  std::condition_variable leaving_changed_;
  bool leaving_ = false;
  std::thread positions_thread_;
};

absl::Status KafkaEngineHost::Start(const std::string& address) {
  context_.address = address;
  absl::StatusOr<std::unique_ptr<OwnerDirectory>> directory = OwnerDirectory::Start(
      {.kafka = deps_.kafka, .topic = spec_.owners, .service = spec_.service});
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);

  std::vector<std::string> topics;
  for (const EngineInput& input : spec_.inputs) topics.push_back(input.topic);
  absl::StatusOr<std::unique_ptr<InputEnds>> ends =
      InputEnds::Start(deps_.kafka, topics, spec_.times.broker_timeout);
  if (!ends.ok()) return ends.status();
  ends_ = *std::move(ends);

  GroupMemberOptions options;
  options.group = "trama-" + spec_.service;
  options.instance_id = spec_.instance_id;
  options.topic = spec_.inputs.front().topic;
  options.session_timeout = spec_.times.session_timeout;
  options.heartbeat_interval = spec_.times.heartbeat_interval;
  options.on_assigned = [this](const std::vector<int32_t>& numbers) { Assigned(numbers); };
  options.on_revoked = [this](const std::vector<int32_t>& numbers) {
    Unassigned(numbers, StopOrder::kLeave);
  };
  options.on_lost = [this](const std::vector<int32_t>& numbers) {
    Unassigned(numbers, StopOrder::kDrop);
  };
  options.on_fatal = [this](const absl::Status& why) {
    condition_->Set(false, "this process is out of its group");
    Log(LogLevel::kError, "out of the group for good", {{"why", why}});
    if (spec_.on_fatal) spec_.on_fatal(why);
  };
  started_.store(true);
  absl::StatusOr<std::unique_ptr<GroupMember>> member =
      GroupMember::Create(deps_.kafka, std::move(options));
  if (!member.ok()) return member.status();
  std::lock_guard lock(member_mutex_);
  member_ = *std::move(member);
  positions_thread_ = std::thread([this] { NotePositions(); });
  return absl::OkStatus();
}

void KafkaEngineHost::Leave() {
  std::unique_ptr<GroupMember> member;
  {
    std::lock_guard lock(member_mutex_);
    leaving_ = true;
    member = std::move(member_);
  }
  leaving_changed_.notify_all();
  {
    std::unique_lock lock(mutex_);
    answered_ = false;
  }
  condition_->Set(false, "leaving");
  if (positions_thread_.joinable()) positions_thread_.join();
  member.reset();  // Revokes everything.
}

void KafkaEngineHost::Assigned(const std::vector<int32_t>& numbers) {
  {
    std::unique_lock lock(mutex_);
    answered_ = true;
    for (const int32_t number : numbers) {
      if (loops_.contains(number)) continue;
      loops_.emplace(number, std::make_shared<PartitionLoop>(context_, number, *ends_,
                                                             [this] { UpdateReady(); }));
    }
  }
  UpdateReady();
}

void KafkaEngineHost::Unassigned(const std::vector<int32_t>& numbers, StopOrder order) {
  std::vector<std::shared_ptr<PartitionLoop>> stopped;
  for (const int32_t number : numbers) {
    std::shared_ptr<PartitionLoop> loop = LoopOf(number);
    if (loop == nullptr) continue;
    loop->RequestStop(order);
    stopped.push_back(std::move(loop));
  }
  // All at once, then one after the other: each finishes its own batch.
  for (const auto& loop : stopped) loop->Join();
  {
    std::unique_lock lock(mutex_);
    for (const int32_t number : numbers) loops_.erase(number);
  }
  UpdateReady();
}

void KafkaEngineHost::UpdateReady() {
  std::lock_guard ready_lock(ready_mutex_);
  std::vector<std::string> missing;
  bool answered = false;
  {
    std::shared_lock lock(mutex_);
    answered = answered_;
    for (const auto& [number, loop] : loops_) {
      if (!loop->ready()) missing.push_back(absl::StrCat(number));
    }
  }
  if (!answered) return;
  if (missing.empty()) {
    condition_->Set(true);
  } else {
    condition_->Set(false, absl::StrCat("not caught up: ", absl::StrJoin(missing, ", ")));
  }
}

void KafkaEngineHost::NotePositions() {
  std::unique_lock lock(member_mutex_);
  const auto interval = absl::ToChronoNanoseconds(spec_.times.positions_interval);
  while (!leaving_changed_.wait_for(lock, interval, [&] { return leaving_; })) {
    std::vector<TopicPartitionOffset> positions;
    {
      std::shared_lock loops_lock(mutex_);
      for (const auto& [number, loop] : loops_) {
        for (const auto& [topic, next] : loop->positions()) {
          positions.push_back({topic, number, next});
        }
      }
    }
    if (!positions.empty()) member_->NotePositions(positions);
  }
}

std::shared_ptr<PartitionLoop> KafkaEngineHost::LoopOf(int32_t partition) const {
  std::shared_lock lock(mutex_);
  const auto it = loops_.find(partition);
  return it == loops_.end() ? nullptr : it->second;
}

void KafkaEngineHost::Submit(int32_t partition, Command command, absl::Time deadline,
                             OnReply on_reply) {
  command.call = next_call_.fetch_add(1);
  const std::shared_ptr<PartitionLoop> loop = LoopOf(partition);
  absl::Status refused = NotOwnerError();
  if (loop != nullptr) {
    PendingCall call{.command = std::move(command),
                     .deadline = deps_.clock.Monotonic() + (deadline - deps_.clock.Now()),
                     .on_reply = std::move(on_reply)};
    refused = loop->inbox().PutCall(call);
    if (refused.ok()) return;
    on_reply = std::move(call.on_reply);
  }
  metrics_.refused.With({absl::IsUnavailable(refused) ? kRefusedNotOwner : kRefusedFull})
      .Increment();
  on_reply(std::move(refused), nullptr);
}

absl::Status KafkaEngineHost::Deliver(int32_t partition, int64_t incarnation, Answer answer) {
  const std::shared_ptr<PartitionLoop> loop = LoopOf(partition);
  if (loop == nullptr) return NotOwnerError();
  return loop->inbox().PutAnswer(incarnation, std::move(answer));
}

OwnerRef KafkaEngineHost::OwnerOf(int32_t partition) const {
  if (!started_.load()) return {};
  if (IncarnationOf(partition).has_value()) return {OwnerRef::Where::kHere, context_.address};
  const std::string address = directory_->AddressOf(partition);
  // Our own address without the partition: we have lost it, or are taking it over.
  if (address.empty() || address == context_.address) return {};
  return {OwnerRef::Where::kThere, address};
}

std::optional<int64_t> KafkaEngineHost::IncarnationOf(int32_t partition) const {
  const std::shared_ptr<PartitionLoop> loop = LoopOf(partition);
  if (loop == nullptr) return std::nullopt;
  return loop->inbox().incarnation();
}

}  // namespace

absl::StatusOr<std::unique_ptr<EngineHost>> EngineHost::Create(EngineSpec spec, EngineDeps deps) {
  if (absl::Status fine = CheckSpec(spec); !fine.ok()) return fine;
  return std::make_unique<KafkaEngineHost>(std::move(spec), std::move(deps));
}

}  // namespace trama::platform
