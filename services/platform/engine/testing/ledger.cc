#include "services/platform/engine/testing/ledger.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/ids.h"

namespace trama::platform::testing {

using google::protobuf::StringValue;

namespace {

const std::string& TextOf(const MessagePtr& message) {
  return static_cast<const StringValue&>(*message).value();
}

MessagePtr Text(const std::string& text) {
  auto message = std::make_shared<StringValue>();
  message->set_value(text);
  return message;
}

// "get word" → {"get", "word"}; "word" → {"", "word"}.
std::pair<std::string, std::string> Split(const std::string& text) {
  const size_t space = text.find(' ');
  if (space == std::string::npos) return {"", text};
  return {text.substr(0, space), text.substr(space + 1)};
}

}  // namespace

Ledger::Ledger(std::string out, int32_t partition) : out_(std::move(out)), partition_(partition) {}

absl::Status Ledger::LoadRow(std::string_view key, std::string_view value) {
  const auto [table, row] = SplitRowKey(key);
  return (table == due_.name() ? due_.Load(row, value) : counts_.Load(row, value)).status();
}

std::vector<RowChange> Ledger::TakeChangedRows() {
  std::vector<RowChange> changes;
  counts_.TakeChanges(changes);
  due_.TakeChanges(changes);
  return changes;
}

absl::Time Ledger::NextDeadline() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [kind, row] : due_.InKeyOrder()) {
    const absl::Time at = absl::FromUnixMillis(row->value());
    const bool waits = kind == "patient" && at <= newest_.now && at > newest_.caught_up;
    if (!waits) next = std::min(next, at);
  }
  return next;
}

int64_t Ledger::Count(const std::string& word) {
  Row& row = counts_.Put(word);
  row.set_value(row.value() + 1);
  return row.value();
}

std::string Ledger::Tell(const Stamp& at, const std::string& word, const std::string& cause,
                         Effects& effects) {
  if (word == "die") std::abort();
  const std::string text = absl::StrCat(word, "=", Count(word));
  StringValue value;
  value.set_value(word == "big" ? std::string(2'000'000, 'x') : text);
  effects.records.push_back({.topic = out_,
                             .key = word,
                             .type = "trama.test.v1.Counted",
                             .id = DerivedId(cause, text),
                             .subject = word,
                             .time = at.now,
                             .value = value.SerializeAsString()});
  return text;
}

void Ledger::Answer(CallId call, const std::string& text, Effects& effects) {
  effects.replies.push_back({.call = call, .response = Text(text)});
}

void Ledger::Apply(const Stamp& at, const Input& input, Effects& effects) {
  newest_ = at;
  if (const auto* entry = std::get_if<LogEntry>(&input)) {
    Tell(at, TextOf(entry->message), entry->id, effects);
    for (auto& [call, text] : later_) Answer(call, text, effects);
    later_.clear();
  } else if (const auto* command = std::get_if<Command>(&input)) {
    TakeCommand(at, *command, effects);
  } else if (const auto* answer = std::get_if<trama::Answer>(&input)) {
    Tell(at, answer->status.ok() ? TextOf(answer->response) : "nobody", "answer", effects);
  } else if (std::holds_alternative<Tick>(input)) {
    TakeTick(at, effects);
  } else if (const auto* taken = std::get_if<TakenOver>(&input)) {
    Count("taken");
    (void)taken;
  } else {
    Count("config");
  }
}

void Ledger::TakeCommand(const Stamp& at, const Command& command, Effects& effects) {
  const std::string& text = TextOf(command.request);
  const auto [verb, word] = Split(text);
  const std::string cause = absl::StrCat("call ", partition_, " ", absl::ToUnixMillis(at.now));
  if (verb == "get") {
    const Row* row = counts_.Find(word);
    return Answer(command.call, absl::StrCat(word, "=", row ? row->value() : 0), effects);
  }
  if (verb == "later") {
    later_.emplace_back(command.call, "late " + Tell(at, word, cause, effects));
    return;
  }
  if (verb == "wake" || verb == "tired" || verb == "patient") {
    int64_t after_ms = 0;
    (void)absl::SimpleAtoi(word, &after_ms);
    due_.Put(verb).set_value(absl::ToUnixMillis(at.now) + after_ms);
    return Answer(command.call, "set", effects);
  }
  if (verb == "ask") {
    effects.questions.push_back({.request = Text(word)});
    return Answer(command.call, "asked", effects);
  }
  if (verb == "push") {
    effects.pushes.push_back({.stream = "s", .message = Text("try " + word), .proposal = true});
  }
  const std::string counted = Tell(at, word, cause, effects);
  if (verb == "push") effects.pushes.push_back({.stream = "s", .message = Text("did " + word)});
  Answer(command.call, counted, effects);
}

void Ledger::TakeTick(const Stamp& at, Effects& effects) {
  const auto due = [&](const char* kind, absl::Time known) {
    const Row* row = due_.Find(kind);
    return row != nullptr && absl::FromUnixMillis(row->value()) <= known;
  };
  for (const char* kind : {"wake", "patient"}) {
    if (!due(kind, std::min(at.now, at.caught_up))) continue;
    due_.Erase(kind);
    Tell(at, "woken", kind, effects);
  }
  if (due("tired", at.now)) {
    due_.Erase("tired");
    Tell(at, "woken", "tired", effects);
  }
}

}  // namespace trama::platform::testing
