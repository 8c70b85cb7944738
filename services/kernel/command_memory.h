#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "services/kernel/archive.h"
#include "services/kernel/check.h"
#include "services/kernel/ids.h"
#include "services/kernel/key_hash.h"
#include "services/kernel/machine.h"
#include "services/kernel/status_payloads.h"
#include "services/kernel/strings.h"
#include "services/kernel/table.h"
#include "services/kernel/text.h"

namespace trama {

// What a command was answered the first time.
struct FirstAnswer {
  absl::Status status;
  MessagePtr response;  // Null unless status is OK.
};

// Remembers which commands were carried out and what was answered, so that a repeat (a client that
// lost the answer) does nothing and gets the same answer. One memory per machine, part of its rows.
//
// `Row` is a Protobuf message with the fields int64 answered_at_ms, int32 code, string error,
// string type, bytes answer (trama.engine.v1.CommandRow). For an error `answer` holds its typed
// details.
//
// A command is named by who sent it (workspace, subject), which RPC it is and its id. Remember only
// decisions: an answer like UNAVAILABLE would stand in the way of the repeat that it asks for.
//
// With an archive, answers rest there once they are written; few are ever asked for.
template <typename Row>
class CommandMemory {
 public:
  static constexpr absl::Duration kKept = absl::Hours(24);
  // A longer answer is forgotten: the repeat is then told ALREADY_EXISTS.
  static constexpr size_t kAnswerBytesMax = 1024;
  static constexpr size_t kErrorBytesMax = 512;
  // Above this the oldest are forgotten before their time.
  static constexpr size_t kCountMax = 200'000;
  // How many Expire() drops at once; NextExpiry() asks for the rest.
  static constexpr size_t kExpireMax = 256;

  explicit CommandMemory(std::string table_name, size_t count_max = kCountMax,
                         std::unique_ptr<Archive> archive = nullptr)
      : rows_(std::move(table_name), std::move(archive)), count_max_(count_max) {}

  // The rows' table name, the first part of their keys.
  const std::string& name() const { return rows_.name(); }
  size_t size() const { return rows_.size(); }

  // By what a command, which must have an id, is known here.
  static std::string KeyOf(const Command& command);

  // None when the command is new.
  std::optional<FirstAnswer> Find(const std::string& key) const;

  // `response` may be null unless status is OK. Does nothing for one that is remembered already.
  void Remember(absl::Time now, const std::string& key, const absl::Status& status,
                const google::protobuf::Message* response);

  // Forgets what is older than kKept, at most kExpireMax. Call on every Tick.
  void Expire(absl::Time now);

  // When Expire() has something to do; InfiniteFuture() when nothing is remembered.
  absl::Time NextExpiry() const;

  // As Table::TakeArchive.
  void TakeArchive(std::shared_ptr<Archive> archive) { rows_.TakeArchive(std::move(archive)); }
  // A row of the changelog; `key` without the table's name.
  absl::Status Load(std::string_view key, std::string_view value);
  // The same for all of them, with the table's name.
  absl::Status LoadAll(std::span<const RowBytes> rows);
  void TakeChanges(std::vector<RowChange>& out) { rows_.TakeChanges(out); }

 private:
  using Age = std::pair<int64_t, uint64_t>;  // answered_at_ms, KeyHash

  void ForgetOldest();
  // A row that is in the way of a newer one, if it is there.
  void ForgetAge(std::string_view key);

  Table<Row> rows_;
  absl::btree_multiset<Age> by_age_;  // One for each row.
  size_t count_max_;
};

template <typename Row>
std::string CommandMemory<Row>::KeyOf(const Command& command) {
  TRAMA_CHECK(!command.id.empty());
  const std::string rpc =
      command.request == nullptr ? "" : command.request->GetDescriptor()->full_name();
  return DerivedId({"command", command.caller.workspace, command.caller.subject, rpc, command.id});
}

template <typename Row>
std::optional<FirstAnswer> CommandMemory<Row>::Find(const std::string& key) const {
  const Row* row = rows_.Find(key);
  if (row == nullptr) return std::nullopt;
  if (row->code() != 0) {
    FirstAnswer answer{absl::Status(static_cast<absl::StatusCode>(row->code()), row->error()), {}};
    UnpackPayloads(row->answer(), answer.status);
    return answer;
  }
  const auto* type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(row->type());
  const auto* prototype =
      type == nullptr ? nullptr
                      : google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  if (prototype != nullptr) {
    std::shared_ptr<google::protobuf::Message> response(prototype->New());
    if (response->ParseFromString(row->answer())) return FirstAnswer{absl::OkStatus(), response};
  }
  return FirstAnswer{
      absl::AlreadyExistsError("the command was carried out before and its answer is not kept any "
                               "more; read the present state instead"),
      {}};
}

template <typename Row>
void CommandMemory<Row>::Remember(absl::Time now, const std::string& key,
                                  const absl::Status& status,
                                  const google::protobuf::Message* response) {
  if (rows_.Find(key) != nullptr) return;
  while (rows_.size() >= count_max_ && !by_age_.empty()) ForgetOldest();

  Row& row = rows_.Put(key);
  row.set_answered_at_ms(absl::ToUnixMillis(now));
  row.set_code(static_cast<int32_t>(status.code()));
  if (!status.ok()) {
    row.set_error(std::string(TruncateUtf8(ToStd(status.message()), kErrorBytesMax)));
    row.set_answer(PackPayloads(status, kAnswerBytesMax));
  } else if (response != nullptr && response->ByteSizeLong() <= kAnswerBytesMax) {
    row.set_type(response->GetDescriptor()->full_name());
    row.set_answer(response->SerializeAsString());
  }
  by_age_.insert(by_age_.end(), Age(row.answered_at_ms(), KeyHash(key)));
}

template <typename Row>
void CommandMemory<Row>::Expire(absl::Time now) {
  for (size_t dropped = 0; dropped < kExpireMax && NextExpiry() <= now; ++dropped) ForgetOldest();
}

template <typename Row>
absl::Time CommandMemory<Row>::NextExpiry() const {
  if (by_age_.empty()) return absl::InfiniteFuture();
  return absl::FromUnixMillis(by_age_.begin()->first) + kKept;
}

template <typename Row>
absl::Status CommandMemory<Row>::Load(std::string_view key, std::string_view value) {
  const std::string whole_key = absl::StrCat(name(), "/", ToAbsl(key));
  const RowBytes row{whole_key, value};
  return LoadAll({&row, 1});
}

template <typename Row>
absl::Status CommandMemory<Row>::LoadAll(std::span<const RowBytes> rows) {
  return rows_.LoadAll(
      rows, [](const auto&...) { return LoadedTo::kRest; },
      [this](uint64_t hash, const std::string& key, const Row& row, LoadedTo) {
        ForgetAge(key);
        by_age_.emplace(row.answered_at_ms(), hash);
      });
}

template <typename Row>
void CommandMemory<Row>::ForgetAge(std::string_view key) {
  const Row* old = rows_.Find(key);
  if (old == nullptr) return;
  by_age_.erase(by_age_.find(Age(old->answered_at_ms(), KeyHash(key))));
}

template <typename Row>
void CommandMemory<Row>::ForgetOldest() {
  const Age oldest = *by_age_.begin();
  by_age_.erase(by_age_.begin());
  const std::string* key = rows_.FindKey(oldest.second, [&](const auto&, const Row& row) {
    return row.answered_at_ms() == oldest.first;
  });
  TRAMA_CHECK(key != nullptr);
  rows_.Erase(*key);
}

}  // namespace trama
