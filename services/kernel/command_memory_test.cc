#include "services/kernel/command_memory.h"

#include <map>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"

namespace trama {
namespace {

using google::protobuf::StringValue;

// Stands in for the message of the services, which the kernel does not know.
class FakeRow {
 public:
  int64_t answered_at_ms() const { return answered_at_ms_; }
  int32_t code() const { return code_; }
  const std::string& error() const { return error_; }
  const std::string& type() const { return type_; }
  const std::string& answer() const { return answer_; }
  void set_answered_at_ms(int64_t value) { answered_at_ms_ = value; }
  void set_code(int32_t value) { code_ = value; }
  void set_error(const std::string& value) { error_ = value; }
  void set_type(const std::string& value) { type_ = value; }
  void set_answer(const std::string& value) { answer_ = value; }

  std::string SerializeAsString() const {
    return absl::StrCat(answered_at_ms_, "|", code_, "|", error_, "|", type_, "|",
                        absl::BytesToHexString(answer_));
  }
  bool ParseFromArray(const void* data, int size) {
    const std::vector<std::string> parts =
        absl::StrSplit(absl::string_view(static_cast<const char*>(data), size), '|');
    if (parts.size() != 5) return false;
    answered_at_ms_ = std::stoll(parts[0]);
    code_ = std::stoi(parts[1]);
    error_ = parts[2];
    type_ = parts[3];
    answer_ = absl::HexStringToBytes(parts[4]);
    return true;
  }
  static const google::protobuf::Descriptor* descriptor() { return StringValue::descriptor(); }

 private:
  int64_t answered_at_ms_ = 0;
  int32_t code_ = 0;
  std::string error_;
  std::string type_;
  std::string answer_;
};

using Memory = CommandMemory<FakeRow>;

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

// By what the command of that id is known.
std::string Asked(const std::string& id, const std::string& subject = "ana",
                  const std::string& workspace = "demo") {
  Command command;
  command.id = id;
  command.caller.subject = subject;
  command.caller.workspace = workspace;
  command.request = std::make_shared<StringValue>();
  return Memory::KeyOf(command);
}

StringValue Text(const std::string& value) {
  StringValue text;
  text.set_value(value);
  return text;
}

std::string TextOf(const FirstAnswer& answer) {
  return dynamic_cast<const StringValue&>(*answer.response).value();
}

// What a new owner of the partition would have read from the changelog.
void Replay(Memory& from, Memory& into) {
  std::vector<RowChange> changes;
  from.TakeChanges(changes);
  for (const RowChange& change : changes) {
    const auto [table, key] = SplitRowKey(change.key);
    EXPECT_EQ(table, "commands");
    ASSERT_TRUE(change.value.has_value());
    ASSERT_TRUE(into.Load(key, *change.value).ok());
  }
}

TEST(CommandMemoryTest, ARepeatGetsTheFirstAnswer) {
  Memory memory("commands");
  const StringValue answer = Text("done");
  EXPECT_FALSE(memory.Find(Asked("1")).has_value());
  memory.Remember(kStart, Asked("1"), absl::OkStatus(), &answer);
  const StringValue other = Text("other");
  memory.Remember(kStart, Asked("1"), absl::OkStatus(), &other);
  ASSERT_TRUE(memory.Find(Asked("1")).has_value());
  EXPECT_EQ(TextOf(*memory.Find(Asked("1"))), "done");
}

TEST(CommandMemoryTest, ARefusalIsAnAnswerToo) {
  Memory memory("commands");
  memory.Remember(kStart, Asked("1"), absl::FailedPreconditionError("not offered to you"), nullptr);
  const std::optional<FirstAnswer> answer = memory.Find(Asked("1"));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, absl::FailedPreconditionError("not offered to you"));
  EXPECT_EQ(answer->response, nullptr);
}

TEST(CommandMemoryTest, ARefusalKeepsItsTypedDetails) {
  Memory memory("commands");
  absl::Status refused = absl::FailedPreconditionError("the offer is over");
  refused.SetPayload("type.test/reason", absl::Cord("OFFER_EXPIRED"));
  memory.Remember(kStart, Asked("1"), refused, nullptr);
  EXPECT_EQ(memory.Find(Asked("1"))->status, refused);
}

TEST(CommandMemoryTest, EqualIdsOfOthersAreOtherCommands) {
  Memory memory("commands");
  memory.Remember(kStart, Asked("1"), absl::OkStatus(), nullptr);
  EXPECT_TRUE(memory.Find(Asked("1")).has_value());
  EXPECT_FALSE(memory.Find(Asked("1", "bia")).has_value());
  EXPECT_FALSE(memory.Find(Asked("1", "ana", "other")).has_value());
  Command other_rpc;
  other_rpc.id = "1";
  other_rpc.caller = {.subject = "ana", .workspace = "demo"};
  other_rpc.request = std::make_shared<google::protobuf::Empty>();
  EXPECT_FALSE(memory.Find(Memory::KeyOf(other_rpc)).has_value());
}

TEST(CommandMemoryTest, AnAnswerThatIsTooLongIsRememberedAsDone) {
  Memory memory("commands");
  const StringValue fits = Text(std::string(Memory::kAnswerBytesMax - 3, 'x'));
  ASSERT_EQ(fits.ByteSizeLong(), Memory::kAnswerBytesMax);
  const StringValue too_long = Text(std::string(Memory::kAnswerBytesMax - 2, 'x'));
  memory.Remember(kStart, Asked("fits"), absl::OkStatus(), &fits);
  memory.Remember(kStart, Asked("too long"), absl::OkStatus(), &too_long);
  EXPECT_EQ(TextOf(*memory.Find(Asked("fits"))), fits.value());
  EXPECT_TRUE(absl::IsAlreadyExists(memory.Find(Asked("too long"))->status));
}

TEST(CommandMemoryTest, AnswersAreForgottenAfterADay) {
  Memory memory("commands");
  EXPECT_EQ(memory.NextExpiry(), absl::InfiniteFuture());
  memory.Remember(kStart, Asked("1"), absl::OkStatus(), nullptr);
  memory.Remember(kStart + absl::Hours(1), Asked("2"), absl::OkStatus(), nullptr);
  EXPECT_EQ(memory.NextExpiry(), kStart + absl::Hours(24));
  memory.Expire(kStart + absl::Hours(24) - absl::Milliseconds(1));
  EXPECT_TRUE(memory.Find(Asked("1")).has_value());
  memory.Expire(kStart + absl::Hours(24));
  EXPECT_FALSE(memory.Find(Asked("1")).has_value());
  EXPECT_TRUE(memory.Find(Asked("2")).has_value());
}

TEST(CommandMemoryTest, OneTickForgetsABoundedNumber) {
  Memory memory("commands");
  for (size_t i = 0; i < Memory::kExpireMax + 10; ++i) {
    memory.Remember(kStart, Asked(absl::StrCat(i)), absl::OkStatus(), nullptr);
  }
  const absl::Time late = kStart + absl::Hours(48);
  memory.Expire(late);
  EXPECT_EQ(memory.size(), 10u);
  EXPECT_LE(memory.NextExpiry(), late);
  memory.Expire(late);
  EXPECT_EQ(memory.size(), 0u);
}

TEST(CommandMemoryTest, TheOldestGivesWayWhenThereAreTooMany) {
  Memory memory("commands", 2);
  memory.Remember(kStart + absl::Seconds(2), Asked("2"), absl::OkStatus(), nullptr);
  memory.Remember(kStart + absl::Seconds(1), Asked("1"), absl::OkStatus(), nullptr);
  memory.Remember(kStart + absl::Seconds(3), Asked("3"), absl::OkStatus(), nullptr);
  EXPECT_EQ(memory.size(), 2u);
  EXPECT_FALSE(memory.Find(Asked("1")).has_value());
  EXPECT_TRUE(memory.Find(Asked("2")).has_value());
  EXPECT_TRUE(memory.Find(Asked("3")).has_value());
}

TEST(CommandMemoryTest, ANewOwnerRemembersTheSame) {
  Memory before("commands");
  const StringValue answer = Text("done");
  before.Remember(kStart, Asked("1"), absl::OkStatus(), &answer);
  Memory after("commands");
  Replay(before, after);
  EXPECT_EQ(TextOf(*after.Find(Asked("1"))), "done");
  EXPECT_EQ(after.NextExpiry(), kStart + absl::Hours(24));
}

TEST(CommandMemoryTest, ARowThatIsLoadedTwiceCountsOnce) {
  Memory before("commands");
  before.Remember(kStart, Asked("1"), absl::OkStatus(), nullptr);
  std::vector<RowChange> changes;
  before.TakeChanges(changes);
  Memory after("commands");
  const auto [table, key] = SplitRowKey(changes[0].key);
  ASSERT_TRUE(after.Load(key, *changes[0].value).ok());
  ASSERT_TRUE(after.Load(key, *changes[0].value).ok());
  after.Expire(kStart + absl::Hours(24));
  EXPECT_EQ(after.size(), 0u);
  EXPECT_EQ(after.NextExpiry(), absl::InfiniteFuture());
}

TEST(CommandMemoryTest, ForgettingErasesTheRow) {
  Memory memory("commands");
  memory.Remember(kStart, Asked("1"), absl::OkStatus(), nullptr);
  std::vector<RowChange> changes;
  memory.TakeChanges(changes);
  changes.clear();
  memory.Expire(kStart + absl::Hours(24));
  memory.TakeChanges(changes);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_FALSE(changes[0].value.has_value());
}

TEST(CommandMemoryTest, AnswersRestOnceTheyAreWritten) {
  auto* const archive = new MemoryArchive;  // Owned by the memory.
  Memory memory("commands", Memory::kCountMax, std::unique_ptr<Archive>(archive));
  const StringValue answer = Text("done");
  memory.Remember(kStart, Asked("1"), absl::OkStatus(), &answer);
  memory.Remember(kStart + absl::Hours(1), Asked("2"), absl::OkStatus(), nullptr);
  std::vector<RowChange> changes;
  memory.TakeChanges(changes);
  EXPECT_EQ(archive->size(), 2u);
  EXPECT_EQ(TextOf(*memory.Find(Asked("1"))), "done");
  EXPECT_FALSE(memory.Find(Asked("3")).has_value());
  memory.Expire(kStart + absl::Hours(24));
  EXPECT_FALSE(memory.Find(Asked("1")).has_value());
  EXPECT_TRUE(memory.Find(Asked("2")).has_value());
  changes.clear();
  memory.TakeChanges(changes);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_FALSE(changes[0].value.has_value());
  EXPECT_EQ(archive->size(), 1u);
}

TEST(CommandMemoryTest, ANewOwnersAnswersRestFromTheBeginning) {
  Memory before("commands");
  for (int i = 0; i < 10; ++i) {
    before.Remember(kStart + absl::Seconds(10 - i), Asked(absl::StrCat(i)), absl::OkStatus(),
                    nullptr);
  }
  auto* const archive = new MemoryArchive;  // Owned by the memory.
  Memory after("commands", 10, std::unique_ptr<Archive>(archive));
  Replay(before, after);
  EXPECT_EQ(archive->size(), 10u);
  EXPECT_EQ(after.NextExpiry(), kStart + absl::Seconds(1) + absl::Hours(24));
  // The oldest gives way.
  after.Remember(kStart + absl::Hours(1), Asked("new"), absl::OkStatus(), nullptr);
  EXPECT_FALSE(after.Find(Asked("9")).has_value());
  EXPECT_TRUE(after.Find(Asked("8")).has_value());
}

TEST(CommandMemoryTest, ALongErrorIsCutBetweenCharacters) {
  Memory memory("commands");
  std::string text(Memory::kErrorBytesMax - 1, 'x');
  text += "\xC3\xA1";
  memory.Remember(kStart, Asked("1"), absl::InvalidArgumentError(text), nullptr);
  EXPECT_EQ(memory.Find(Asked("1"))->status.message().size(), Memory::kErrorBytesMax - 1);
}

TEST(CommandMemoryTest, AnAnswerOfATypeThatIsGoneIsRememberedAsDone) {
  FakeRow row;
  row.set_type("trama.routing.v1.NoLongerThere");
  Memory source("commands");
  source.Remember(kStart, Asked("1"), absl::OkStatus(), nullptr);
  std::vector<RowChange> changes;
  source.TakeChanges(changes);
  Memory memory("commands");
  ASSERT_TRUE(memory.Load(SplitRowKey(changes[0].key).second, row.SerializeAsString()).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(memory.Find(Asked("1"))->status));
}

}  // namespace
}  // namespace trama
