#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"
#include "tools/cli/topic_decoder.h"
#include "tools/cli/topic_reader.h"

namespace trama::tramactl {
namespace {

using platform::Record;

std::string LineOf(const Record& record, const Json& json) {
  std::string type;
  for (const platform::Header& header : record.headers) {
    if (header.key == "ce_type") type = header.value;
  }
  const std::string prefix = "trama.";
  if (type.rfind(prefix, 0) == 0) type = type.substr(prefix.size());
  return OneLine(absl::StrCat(
      record.partition, "/", record.offset, "  ",
      absl::FormatTime("%H:%M:%E3S", record.timestamp, absl::LocalTimeZone()), "  ", record.key,
      "  ", type, "  ", json["value"].is_null() ? "(erased)" : ToLine(json["value"])));
}

absl::Status Tail(Context& context, const Arguments& arguments) {
  const auto kafka = context.Kafka();
  if (!kafka.ok()) return kafka.status();
  const auto topics = KnownTopics("");
  if (!topics.ok()) return topics.status();
  TopicRange range;
  range.topic = arguments.Get("TOPIC");
  if (arguments.Has("from")) range.from = arguments.Get("from");
  range.follow = arguments.Has("follow");
  for (const std::string& text : arguments.All("partition")) {
    int32_t partition = 0;
    if (!absl::SimpleAtoi(text, &partition)) return UsageError("--partition must be a number");
    range.partitions.push_back(partition);
  }
  int64_t left = -1;
  if (arguments.Has("count") && (!absl::SimpleAtoi(arguments.Get("count"), &left) || left < 1)) {
    return UsageError("--count must be a number above 0");
  }
  const std::string key = arguments.Get("key");
  const absl::Status read = ReadTopic(*kafka, range, context.timeout(), [&](const Record& record) {
    if (!key.empty() && record.key != key) return true;
    const Json json = RecordJson(record, *topics);
    context.out().Line(json, [&] { return LineOf(record, json); });
    return left < 0 || --left > 0;
  });
  return read.code() == absl::StatusCode::kInvalidArgument
             ? UsageError(absl::StrCat("--from: ", read.message()))
             : read;
}

std::string Kept(const platform::TopicSpec& topic) {
  if (topic.compacted) return "newest of a key";
  return topic.keep == absl::InfiniteDuration()
             ? "for ever"
             : absl::StrCat(absl::ToInt64Hours(topic.keep) / 24, " days");
}

// How many records a topic holds at most; compaction and markers leave fewer.
absl::StatusOr<int64_t> RecordsIn(platform::Consumer& consumer, const std::string& topic,
                                  int32_t partitions, absl::Duration timeout) {
  int64_t records = 0;
  for (int32_t partition = 0; partition < partitions; ++partition) {
    const auto marks = consumer.QueryWatermarks({topic, partition}, timeout);
    if (!marks.ok()) return marks.status();
    records += marks->high - marks->low;
  }
  return records;
}

absl::Status ListTopics(Context& context, const Arguments&) {
  const auto kafka = context.Kafka();
  if (!kafka.ok()) return kafka.status();
  const auto topics = KnownTopics("");
  if (!topics.ok()) return topics.status();
  auto admin = platform::Admin::Create(*kafka);
  if (!admin.ok()) return admin.status();
  const auto counts = (*admin)->PartitionCounts(context.timeout());
  if (!counts.ok()) return counts.status();
  auto consumer = platform::Consumer::Create(*kafka);
  if (!consumer.ok()) return consumer.status();

  std::vector<Json> items;
  TextTable table({"TOPIC", "PARTITIONS", "OFFSETS", "KEPT", "KEY", "SAYS"});
  for (const platform::TopicSpec& topic : topics->topics) {
    const auto there = counts->find(topic.name);
    const int32_t partitions = there == counts->end() ? 0 : there->second;
    const auto records = RecordsIn(**consumer, topic.name, partitions, context.timeout());
    if (!records.ok()) return records.status();
    items.push_back(Json{{"topic", topic.name},
                         {"partitions", partitions},
                         {"offsets", *records},
                         {"value", topic.value},
                         {"key", topic.key},
                         {"kept", Kept(topic)},
                         {"internal", topic.internal},
                         {"personal", topic.personal},
                         {"says", topic.says}});
    table.Add({topic.name, partitions == 0 ? "missing" : absl::StrCat(partitions),
               absl::StrCat(*records), Kept(topic), topic.key, Shortened(topic.says, 60)});
  }
  context.out().Many(
      items, [&] { return table; }, "there is no topic");
  return absl::OkStatus();
}

std::string ClusterOf(const Arguments& arguments) {
  return arguments.Has("cluster") ? arguments.Get("cluster") : "demo";
}

absl::StatusOr<platform::TopicsFile> DeclaredTopics(const Arguments& arguments) {
  auto topics = platform::LoadTopics(arguments.Get("topics-file"), ClusterOf(arguments));
  if (!topics.ok()) return UsageError(ToStd(topics.status().message()));
  return topics;
}

absl::Status EnsureListed(Context& context, const Arguments& arguments) {
  const auto kafka = context.Kafka();
  if (!kafka.ok()) return kafka.status();
  const auto topics = DeclaredTopics(arguments);
  if (!topics.ok()) return topics.status();
  auto admin = platform::Admin::Create(*kafka);
  if (!admin.ok()) return admin.status();
  const absl::Status done = arguments.Has("check")
                                ? platform::CheckTopics(**admin, *topics, {}, context.timeout())
                                : platform::EnsureTopics(**admin, *topics, context.timeout());
  if (!done.ok()) return done;
  const std::string cluster = ClusterOf(arguments);
  context.out().One(Json{{"topics", topics->topics.size()}, {"cluster", cluster}}, [&] {
    return absl::StrCat(topics->topics.size(), " topics are there as declared (cluster ", cluster,
                        ")\n");
  });
  return absl::OkStatus();
}

absl::Status DiffListed(Context& context, const Arguments& arguments) {
  const auto kafka = context.Kafka();
  if (!kafka.ok()) return kafka.status();
  const auto topics = DeclaredTopics(arguments);
  if (!topics.ok()) return topics.status();
  auto admin = platform::Admin::Create(*kafka);
  if (!admin.ok()) return admin.status();
  const auto differences = platform::DiffTopics(**admin, *topics, {}, context.timeout());
  if (!differences.ok()) return differences.status();
  std::vector<Json> items;
  TextTable table({"TOPIC", "SETTING", "CLUSTER", "DECLARED", "STOPS SERVICES"});
  for (const platform::TopicDifference& difference : *differences) {
    items.push_back(Json{{"topic", difference.topic},
                         {"setting", difference.setting},
                         {"cluster", difference.actual},
                         {"declared", difference.wanted},
                         {"stopsServices", difference.breaks_promise}});
    table.Add({difference.topic, difference.setting, difference.actual, difference.wanted,
               difference.breaks_promise ? "yes" : "no"});
  }
  context.out().Many(
      items, [&] { return table; },
      absl::StrCat(topics->topics.size(), " topics are there as declared"));
  return differences->empty() ? absl::OkStatus() : Differs();
}

}  // namespace

std::vector<Command> TopicCommands() {
  const Flag cluster = {.name = "cluster",
                        .value = "SIZE",
                        .help = "Which size, such as demo, production; demo by default"};
  const Flag topics_file = {
      .name = "topics-file", .value = "FILE", .help = "Instead of the one built in"};
  return {
      {.path = {"topics", "list"},
       .summary = "Topics, what they say and how much they hold",
       .run = ListTopics},
      {.path = {"topics", "tail"},
       .summary = "The records of a topic, decoded",
       .details = "With -o json one object per line. Only what is committed is shown.",
       .positionals = {{"TOPIC", "Such as trama.conversations.v1"}},
       .flags = {{.name = "from",
                  .value = "PLACE",
                  .help = "beginning, end, an offset, -10 (the last ten), 10m (ago)"},
                 {.name = "follow", .help = "Go on with what comes"},
                 {.name = "partition", .value = "N", .help = "Only this one", .repeated = true},
                 {.name = "key", .value = "KEY", .help = "Only records with this key"},
                 {.name = "count", .value = "N", .help = "Stop after N records"}},
       .run = Tail},
      {.path = {"topics", "ensure"},
       .summary = "Create the topics that are missing, and compare the others",
       .details =
           "Again is no harm. Topics of the engines that have fewer partitions than there are\n"
           "numbers grow, while all is running. Another difference from deploy/topics.yaml is an\n"
           "error.",
       .flags = {cluster, topics_file, {.name = "check", .help = "Create nothing"}},
       .run = EnsureListed},
      {.path = {"topics", "diff"},
       .summary = "How the cluster's topics differ from the declared ones; exit code 1 if they do",
       .details =
           "Partitions, copies, cleanup, retention and tuning of every topic; missing topics;\n"
           "and topics named trama.* that nobody declares. Nothing is changed.",
       .flags = {cluster, topics_file},
       .run = DiffListed}};
}

}  // namespace trama::tramactl
