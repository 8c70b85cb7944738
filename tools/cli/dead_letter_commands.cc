#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"
#include "services/platform/kafka/producer.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"
#include "tools/cli/dead_letters.h"
#include "tools/cli/names.h"
#include "tools/cli/topic_decoder.h"
#include "tools/cli/topic_reader.h"

namespace trama::tramactl {
namespace {

using platform::Record;
using platform::TopicPartitionOffset;

constexpr size_t kLettersDefault = 50;

absl::StatusOr<std::vector<Letter>> ReadLetters(Context& context) {
  const auto kafka = context.Kafka();
  if (!kafka.ok()) return kafka.status();
  std::vector<Letter> letters;
  const absl::Status read =
      ReadTopic(*kafka, {.topic = platform::kDeadLetters, .from = "beginning"}, context.timeout(),
                [&letters](const Record& record) {
                  Letter letter{record.partition, record.offset, {}};
                  if (!record.value || !letter.letter.ParseFromString(*record.value)) {
                    letter.letter.set_reason("this dead letter itself cannot be read");
                  }
                  letters.push_back(std::move(letter));
                  return true;
                });
  if (!read.ok()) return read;
  return letters;
}

// Those that are meant by id or offset; NOT_FOUND names the first that is not there.
absl::StatusOr<std::vector<Letter>> Pick(const std::vector<Letter>& letters,
                                         const std::vector<std::string>& wanted) {
  std::vector<Letter> picked;
  for (const std::string& text : wanted) {
    int64_t offset = -1;
    const bool is_offset = absl::SimpleAtoi(text, &offset);
    const auto found = std::find_if(letters.begin(), letters.end(), [&](const Letter& letter) {
      return is_offset ? letter.offset == offset : letter.letter.dead_letter_id() == text;
    });
    if (found == letters.end()) {
      return absl::NotFoundError(absl::StrCat("there is no dead letter with id or offset ", text));
    }
    picked.push_back(*found);
  }
  return picked;
}

std::string PlaceOf(const deadletter::v1::DeadLetter& letter) {
  if (letter.source_topic().empty()) return letter.source();
  return absl::StrCat(letter.source_topic(), "/", letter.source_partition(), "/",
                      letter.source_offset());
}

Json JsonOf(const Letter& letter) {
  Json json;
  json["offset"] = letter.offset;
  json.update(ToJson(letter.letter));
  return json;
}

absl::Status ListLetters(Context& context, const Arguments& arguments) {
  size_t limit = kLettersDefault;
  if (arguments.Has("limit") && (!absl::SimpleAtoi(arguments.Get("limit"), &limit) || limit == 0)) {
    return UsageError("--limit must be a number above 0");
  }
  auto letters = ReadLetters(context);
  if (!letters.ok()) return letters.status();
  const std::string service = arguments.Get("service");
  const std::string source = arguments.Get("source");
  std::erase_if(*letters, [&](const Letter& letter) {
    return (!service.empty() && letter.letter.service() != service) ||
           (!source.empty() && PlaceOf(letter.letter).rfind(source, 0) != 0);
  });
  const size_t skipped = letters->size() > limit ? letters->size() - limit : 0;
  letters->erase(letters->begin(), letters->begin() + static_cast<ptrdiff_t>(skipped));

  std::vector<Json> items;
  TextTable table({"OFFSET", "FAILED", "SERVICE", "WORKSPACE", "SOURCE", "REQUEUED", "REASON"});
  for (const Letter& letter : *letters) {
    items.push_back(JsonOf(letter));
    table.Add({absl::StrCat(letter.offset), ShortTime(letter.letter.failed_at()),
               letter.letter.service(), letter.letter.workspace(), PlaceOf(letter.letter),
               absl::StrCat(letter.letter.requeued()), Shortened(letter.letter.reason(), 100)});
  }
  context.out().Many(
      items, [&] { return table; }, "there is no dead letter");
  if (skipped > 0)
    context.out().Say(absl::StrCat(skipped, " older ones are not shown; see --limit"));
  return absl::OkStatus();
}

// The original as one can read it: by its topic's message type, as text, or not at all.
Json Readable(const deadletter::v1::DeadLetter& letter) {
  const auto topics = KnownTopics("");
  Record record;
  record.value = letter.value();
  if (topics.ok() && topics->Find(letter.source_topic()) != nullptr) {
    Json json = ValueJson(letter.source_topic(), record, *topics);
    if (!json.contains("undecoded")) return json;
  }
  if (IsUtf8(letter.value()) && letter.source_topic().empty()) return letter.value();
  return nullptr;
}

std::string Body(const Json& readable) {
  if (!readable.is_string()) return ToYaml(readable);
  return WithoutControls(readable.get<std::string>()) + "\n";
}

absl::Status ShowLetter(Context& context, const Arguments& arguments) {
  const auto letters = ReadLetters(context);
  if (!letters.ok()) return letters.status();
  const auto picked = Pick(*letters, {arguments.Get("ID")});
  if (!picked.ok()) return picked.status();
  const Letter& letter = picked->front();
  Json json = JsonOf(letter);
  const Json readable = Readable(letter.letter);
  if (!readable.is_null()) json["decoded"] = readable;
  context.out().One(json, [&] {
    return absl::StrCat(Fields({{"offset", absl::StrCat(letter.offset)},
                                {"id", letter.letter.dead_letter_id()},
                                {"failed", ShortTime(letter.letter.failed_at())},
                                {"service", letter.letter.service()},
                                {"workspace", letter.letter.workspace()},
                                {"source", PlaceOf(letter.letter)},
                                {"reason", letter.letter.reason()},
                                {"requeued", absl::StrCat(letter.letter.requeued())},
                                {"content", absl::StrCat(letter.letter.content_type(), ", ",
                                                         letter.letter.value().size(), " bytes")}}),
                        readable.is_null() ? "" : "\n" + Body(readable));
  });
  return absl::OkStatus();
}

absl::StatusOr<Record> Fetch(Context& context, const platform::KafkaConfig& kafka,
                             const TopicPartitionOffset& place) {
  std::optional<Record> found;
  TopicRange range;
  range.topic = place.topic;
  range.partitions = {place.partition};
  range.from = absl::StrCat(place.offset);
  const absl::Status read = ReadTopic(kafka, range, context.timeout(), [&](const Record& record) {
    if (record.offset == place.offset) found = record;
    return false;
  });
  if (!read.ok()) return read;
  if (found.has_value()) return *std::move(found);
  return absl::NotFoundError(absl::StrCat("the original at ", place.topic, "/", place.partition,
                                          "/", place.offset, " is gone"));
}

absl::Status Requeue(Context& context, const Arguments& arguments) {
  const auto kafka = context.Kafka();
  if (!kafka.ok()) return kafka.status();
  auto letters = ReadLetters(context);
  if (!letters.ok()) return letters.status();
  const bool all = arguments.Has("all");
  if (all == arguments.Has("ID")) return UsageError("give the ids or offsets, or --all");
  if (!all) letters = Pick(*letters, arguments.All("ID"));
  if (!letters.ok()) return letters.status();

  std::vector<Record> records;
  std::vector<Json> items;
  TextTable table({"OFFSET", "TO", "REQUEUED", "WHY NOT"});
  for (const Letter& letter : *letters) {
    const auto record = RequeuedRecord(
        letter, arguments.Has("force"),
        [&](const TopicPartitionOffset& place) { return Fetch(context, *kafka, place); });
    if (!record.ok() && !all) return record.status();
    const std::string why_not = record.ok() ? "" : std::string(record.status().message());
    const std::string to = record.ok() ? absl::StrCat(record->topic, "/", record->partition) : "";
    items.push_back(Json{{"offset", letter.offset}, {"to", to}, {"whyNot", why_not}});
    table.Add({absl::StrCat(letter.offset), to,
               record.ok() ? absl::StrCat(letter.letter.requeued() + 1) : "", why_not});
    if (record.ok()) records.push_back(*record);
  }
  auto producer = platform::Producer::Create(*kafka);
  if (!producer.ok()) return producer.status();
  const absl::Status written = (*producer)->ProduceAll(records, context.timeout());
  if (!written.ok()) return written;
  context.out().Many(
      items, [&] { return table; }, "there is no dead letter");
  return absl::OkStatus();
}

absl::Status Purge(Context& context, const Arguments& arguments) {
  const auto kafka = context.Kafka();
  if (!kafka.ok()) return kafka.status();
  int64_t before = platform::kOffsetEnd;
  if (arguments.Has("all") == arguments.Has("before")) {
    return UsageError("give --before OFFSET, or --all");
  }
  if (arguments.Has("before") &&
      (!absl::SimpleAtoi(arguments.Get("before"), &before) || before < 0)) {
    return UsageError("--before must be an offset");
  }
  auto admin = platform::Admin::Create(*kafka);
  if (!admin.ok()) return admin.status();
  const absl::Status purged =
      (*admin)->DeleteRecords({{platform::kDeadLetters, 0, before}}, context.timeout());
  if (!purged.ok()) return purged;
  context.out().One(
      Json{{"purgedBefore", before == platform::kOffsetEnd ? Json("end") : Json(before)}},
      [&] { return std::string("purged\n"); });
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> DeadLetterCommands() {
  const std::string id_help = "Its offset, as list shows it, or its id";
  return {
      {.path = {"deadletter", "list"},
       .summary = "What could not be read or processed, in all workspaces",
       .flags = {{.name = "service", .value = "NAME", .help = "Only what this service gave up"},
                 {.name = "source", .value = "TEXT", .help = "Only what came from there"},
                 {.name = "limit", .value = "N", .help = "The newest N (50)"}},
       .run = ListLetters},
      {.path = {"deadletter", "show"},
       .summary = "One dead letter with its original, decoded where that is possible",
       .positionals = {{"ID", id_help}},
       .run = ShowLetter},
      {.path = {"deadletter", "requeue"},
       .summary = "Put originals back into their topics, to be tried again",
       .details =
           "The dead letters stay until they are purged. A record that was put back counts how\n"
           "often that was done.",
       .positionals = {{"ID", id_help, true, true}},
       .flags = {{.name = "all", .help = "All that can be put back"},
                 {.name = "force", .help = "Also where readers would count it twice"}},
       .run = Requeue},
      {.path = {"deadletter", "purge"},
       .summary = "Delete dead letters for good",
       .flags = {{.name = "before", .value = "OFFSET", .help = "Those before this offset"},
                 {.name = "all", .help = "All of them"}},
       .run = Purge}};
}

}  // namespace trama::tramactl
