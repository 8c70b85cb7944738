#include "services/platform/engine/takeover.h"

#include <algorithm>
#include <future>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/strings.h"
#include "services/kernel/table.h"
#include "services/platform/base/log.h"
#include "services/platform/engine/changelog_rows.h"
#include "services/platform/engine/loop_rows.h"

namespace trama::platform {
namespace {

// A stop is noticed, and the end of the changelog asked for anew, after so long a piece of reading.
constexpr absl::Duration kReadSlice = absl::Seconds(1);
// Or after so many records.
constexpr size_t kStopLookRecords = 1024;
// From so many rows on, loading a table is worth a thread of its own.
constexpr size_t kLargeTableRows = 10'000;
// The end of a changelog is the marker of a commit, which is no record: it is found when a fetch
// comes back empty.
constexpr absl::Duration kRestoreFetchWait = absl::Milliseconds(5);
constexpr absl::Duration kAskAgain = absl::Milliseconds(200);
// Enough for an answer; who gets none finds out later.
constexpr absl::Duration kMarksWaitMax = absl::Milliseconds(200);

class Takeover {
 public:
  Takeover(const LoopContext& context, const TakeoverRequest& request)
      : context_(context),
        spec_(context.spec),
        partition_(request.partition),
        request_(request),
        timeout_(context.spec.times.broker_timeout),
        rows_(context.spec.make_archive) {}

  absl::StatusOr<Taken> Run() {
    using Step = absl::Status (Takeover::*)();
    for (const Step step : {&Takeover::Fence, &Takeover::ReadRows, &Takeover::LoadMachine,
                            &Takeover::TakeConfig, &Takeover::Commit}) {
      if (request_.stopping()) return absl::AbortedError("stopped during the takeover");
      if (absl::Status done = (this->*step)(); !done.ok()) return done;
    }
    return std::move(taken_);
  }

 private:
  // (1) From here on no other owner can commit, and what the last one had open is ended.
  absl::Status Fence() {
    auto producer = TransactionalProducer::Create(
        context_.deps.kafka,
        {.transactional_id = absl::StrCat("trama-", spec_.service, "-", partition_),
         .transaction_timeout = spec_.times.transaction_timeout});
    if (!producer.ok()) return producer.status();
    taken_.producer = *std::move(producer);
    std::vector<std::string> topics = spec_.outputs;
    topics.insert(topics.end(), {spec_.changelog, spec_.owners, spec_.dead_letters});
    // First, because an Init that finds no broker connected yet looks again after half a second.
    absl::Status known = taken_.producer->PrefetchMetadata(topics, timeout_);
    return known.ok() ? taken_.producer->Init(timeout_) : known;
  }

  // (2) Only now, so that the end asked for is the end of all that was ever committed.
  absl::Status ReadRows() {
    auto consumer = Consumer::Create(context_.deps.kafka, {.fetch_wait = kRestoreFetchWait});
    if (!consumer.ok()) return consumer.status();
    restorer_ = *std::move(consumer);
    absl::Status read = restorer_->Assign({{spec_.changelog, partition_, kOffsetBeginning}});
    size_t seen = 0;
    const auto on_record = [&](const Record& record) {
      if (++seen % kStopLookRecords == 0 && request_.stopping()) {
        return absl::AbortedError("stopped during the takeover");
      }
      rows_.Take(record.key, record.value);
      return absl::OkStatus();
    };
    absl::Time given_up = absl::Now() + timeout_;
    while (read.ok()) {
      const size_t before = seen;
      read = restorer_->ReadToEnd(absl::Now() + kReadSlice, on_record);
      if (read.ok()) return read;
      if (seen > before) given_up = absl::Now() + timeout_;
      if (request_.stopping()) return absl::AbortedError("stopped during the takeover");
      // A piece ends by its deadline; only silence for long is a failure.
      if (absl::IsDeadlineExceeded(read) && absl::Now() < given_up) read = absl::OkStatus();
    }
    return read;
  }

  // (3) Where the inputs stand is asked while the machine is loaded.
  absl::Status LoadMachine() {
    taken_.machine = spec_.make_machine(partition_);
    std::map<std::string_view, ChangelogRows::Table> tables = rows_.Tables();
    const auto own = tables.extract(SplitRowKey(kLoopRowPrefix).first);
    if (!own.empty()) {
      absl::Status loaded = ChangelogRows::Give(
          own.mapped(), [this](std::span<const RowBytes> rows) { return LoadLoopRows(rows); });
      if (!loaded.ok()) return loaded;
    }
    std::future<absl::Status> found =
        std::async(std::launch::async, [this] { return FindInputs(); });
    absl::Status done = LoadTables(tables);
    done.Update(found.get());
    if (!done.ok()) return done;
    tables.clear();
    rows_ = ChangelogRows(spec_.make_archive);
    taken_.incarnation = loop_rows_.incarnation + 1;
    const Clock& clock = context_.deps.clock;
    taken_.clock = std::make_unique<StampClock>(clock.Now(), clock.Monotonic(), loop_rows_.clock);
    return absl::OkStatus();
  }

  // Large ones side by side.
  absl::Status LoadTables(const std::map<std::string_view, ChangelogRows::Table>& tables) {
    std::vector<std::future<absl::Status>> loading;
    absl::Status first_error;
    for (const auto& [name, table] : tables) {
      const bool is_large = table.rows.size() >= kLargeTableRows;
      const auto load = [this, &name = name, &table = table] {
        taken_.machine->TakeArchive(name, table.archive);
        return ChangelogRows::Give(table, [this](std::span<const RowBytes> rows) {
          return taken_.machine->LoadRows(rows);
        });
      };
      loading.push_back(std::async(is_large ? std::launch::async : std::launch::deferred, load));
    }
    for (std::future<absl::Status>& loaded : loading) first_error.Update(loaded.get());
    return first_error;
  }

  absl::Status LoadLoopRows(std::span<const RowBytes> rows) {
    for (const RowBytes& row : rows) {
      if (absl::Status loaded = loop_rows_.Load(row.key, row.value); !loaded.ok()) return loaded;
    }
    return absl::OkStatus();
  }

  // Where the rows say; a topic without a row is read from its beginning.
  absl::Status FindInputs() {
    auto consumer = Consumer::Create(
        context_.deps.kafka,
        {.fetch_wait = spec_.times.fetch_wait, .fetch_bytes_min = spec_.limits.fetch_bytes_min});
    if (!consumer.ok()) return consumer.status();
    taken_.consumer = *std::move(consumer);
    TopicOffsets ends;
    std::vector<TopicPartitionOffset> positions;
    for (const EngineInput& input : spec_.inputs) {
      const auto row = loop_rows_.offsets.find(input.topic);
      const int64_t wanted =
          row == loop_rows_.offsets.end() ? kOffsetBeginning : row->second.next_offset();
      const absl::StatusOr<Watermarks> there = AskFor(input.topic, wanted);
      if (!there.ok()) return there.status();
      ends[input.topic] = there->high;
      positions.push_back({input.topic, partition_, Existing(input.topic, wanted, *there)});
    }
    if (absl::Status passed = PassMarks(ends, positions); !passed.ok()) return passed;
    restorer_.reset();
    const bool died = loop_rows_.found && !request_.was_ours(loop_rows_.incarnation);
    taken_.caution = std::make_unique<Caution>(loop_rows_, died, std::move(ends));
    return taken_.consumer->Assign(positions);
  }

  // An end before our position may be a new leader that does not know its end yet: ask again before
  // believing it.
  absl::StatusOr<Watermarks> AskFor(const std::string& topic, int64_t wanted) {
    const absl::Time deadline = absl::Now() + timeout_;
    while (true) {
      absl::StatusOr<Watermarks> there =
          taken_.consumer->QueryWatermarks({topic, partition_}, timeout_);
      if (!there.ok() || wanted <= there->high || absl::Now() > deadline) return there;
      if (request_.stopping()) return absl::AbortedError("stopped during the takeover");
      absl::SleepFor(kAskAgain);
    }
  }

  // Where an input ends one offset behind our position, there is a record or only the mark of a
  // commit. The machine counts as caught up when it is past the mark, too, which its consumer,
  // whose fetches wait for records, would notice late; the restorer's do not wait.
  absl::Status PassMarks(const TopicOffsets& ends, std::vector<TopicPartitionOffset>& positions) {
    std::map<std::string, TopicPartitionOffset*> open;
    std::vector<TopicPartitionOffset> asked;
    for (TopicPartitionOffset& position : positions) {
      if (position.offset + 1 != ends.at(position.topic)) continue;
      open.emplace(position.topic, &position);
      asked.push_back(position);
    }
    if (open.empty()) return absl::OkStatus();
    if (absl::Status assigned = restorer_->Assign(asked); !assigned.ok()) return assigned;
    const absl::Time deadline = absl::Now() + kMarksWaitMax;
    while (!open.empty() && absl::Now() < deadline) {
      const absl::StatusOr<RecordBatch> batch =
          restorer_->Poll(deadline - absl::Now(), asked.size());
      if (!batch.ok()) return batch.status();
      for (const Record& record : batch->records) open.erase(record.topic);
      for (const TopicPartitionOffset& end : batch->ends) {
        const auto passed = open.extract(end.topic);
        if (!passed.empty()) passed.mapped()->offset = end.offset;
      }
    }
    return absl::OkStatus();
  }

  int64_t Existing(const std::string& topic, int64_t wanted, const Watermarks& there) {
    // Named, so that an empty input counts as read.
    if (wanted == kOffsetBeginning) return there.low;
    if (wanted >= there.low && wanted <= there.high) return wanted;
    // Retention was faster than we were, or the topic was made anew. To stop would lose more.
    context_.metrics.alarms.With({kAlarmPositionGone}).Increment();
    Log(LogLevel::kError, "the input does not hold our position any more, going on at its oldest",
        {{"topic", topic},
         {"partition", partition_},
         {"position", wanted},
         {"oldest", there.low},
         {"end", there.high}});
    return there.low;
  }

  absl::Status TakeConfig() {
    absl::StatusOr<ConfigPtr> config = context_.deps.config.Fresh(timeout_);
    if (!config.ok()) return config.status();
    taken_.config = *std::move(config);
    return absl::OkStatus();
  }

  // (4) In doubt means not ours: the next takeover finds out.
  absl::Status Commit() {
    request_.on_claim(taken_.incarnation);
    TransactionalProducer& producer = *taken_.producer;
    const Clock& clock = context_.deps.clock;
    std::vector<RowChange> rows = taken_.caution->TakeoverRows();
    rows.push_back(IncarnationChange(taken_.incarnation));
    rows.push_back(ClockChange(taken_.clock->At(clock.Now(), clock.Monotonic())));
    if (absl::Status begun = producer.Begin(); !begun.ok()) return begun;
    for (const RowChange& row : rows) {
      absl::Status produced = producer.Produce(
          {.topic = spec_.changelog, .partition = partition_, .key = row.key, .value = row.value});
      if (!produced.ok()) return produced;
    }
    absl::Status produced = producer.Produce(
        OwnerRecord(spec_, partition_, taken_.incarnation, context_.address, clock.Now()));
    if (!produced.ok()) return produced;
    return producer.Commit(spec_.times.transaction_timeout);
  }

  const LoopContext& context_;
  const EngineSpec& spec_;
  const int32_t partition_;
  const TakeoverRequest& request_;
  const absl::Duration timeout_;
  std::unique_ptr<Consumer> restorer_;  // Its fetches do not wait.
  ChangelogRows rows_;
  LoopRows loop_rows_;
  Taken taken_;
};

}  // namespace

absl::StatusOr<Taken> TakeOver(const LoopContext& context, const TakeoverRequest& request) {
  return Takeover(context, request).Run();
}

Record OwnerRecord(const EngineSpec& spec, int32_t partition, int64_t incarnation,
                   const std::string& address, absl::Time since) {
  engine::v1::Owner owner;
  owner.set_service(spec.service);
  owner.set_partition(partition);
  owner.set_incarnation(incarnation);
  owner.set_address(address);
  owner.mutable_since()->set_seconds(absl::ToUnixSeconds(since));
  return {.topic = spec.owners,
          .key = absl::StrCat(spec.service, "/", partition),
          .value = owner.SerializeAsString()};
}

}  // namespace trama::platform
