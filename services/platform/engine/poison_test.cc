#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/engine/caution.h"
#include "services/platform/engine/testing/engine_child.h"
#include "services/platform/engine/testing/engine_fixture.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::platform {
namespace {

using deadletter::v1::DeadLetter;
using ::testing::ElementsAre;
using testing::EngineChild;
using testing::EngineNames;
using ::testing::HasSubstr;
using testing::Replica;
using ::testing::SizeIs;

class PoisonTest : public testing::EngineTest {
 protected:
  std::vector<DeadLetter> DeadLetters(const EngineNames& names) {
    std::vector<DeadLetter> letters;
    for (const Record& record : ReadAll(names.dead, 0)) {
      EXPECT_TRUE(letters.emplace_back().ParseFromString(record.value.value_or("")));
    }
    return letters;
  }
};

TEST_F(PoisonTest, ARecordThatCannotBeDecodedGoesWholeToTheDeadLettersAndReadingGoesOn) {
  const EngineNames names = NewEngine();
  WriteWords(names.in, 0, {"a"});
  Write(names.in, 0, {"no event"});
  WriteWords(names.in, 0, {"b"});
  Replica replica(names);
  replica.Start();
  ASSERT_TRUE(replica.WaitCommitted());
  EXPECT_THAT(Out(names), ElementsAre("a=1", "b=1"));
  const std::vector<DeadLetter> letters = DeadLetters(names);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].value(), "no event");
  EXPECT_EQ(letters[0].source_topic(), names.in);
  EXPECT_EQ(letters[0].source_offset(), 1);
  EXPECT_EQ(letters[0].service(), names.service);
}

TEST_F(PoisonTest, ADeadLetterIsWrittenOnceHoweverOftenTheOwnerChanges) {
  const EngineNames names = NewEngine();
  Write(names.in, 0, {"no event"});
  for (int i = 0; i < 3; ++i) {
    Replica replica(names);
    replica.Start();
    ASSERT_TRUE(replica.WaitCommitted());
  }
  EXPECT_THAT(DeadLetters(names), SizeIs(1));
}

TEST_F(PoisonTest, ARecordOnWhichTheProcessDiesIsSetAsideAndTheOthersAreCountedOnce) {
  const EngineNames names = NewEngine();
  WriteWords(names.in, 0, {"a", "b", "die", "a"});
  WriteWords(names.more, 0, {"c", "c"});
  int deaths = 0;
  while (true) {
    EngineChild child(names);
    if (child.WaitReady()) {
      EXPECT_TRUE(child.Leave());
      break;
    }
    ASSERT_TRUE(child.WaitAborted());
    ASSERT_LE(++deaths, 10);
  }
  EXPECT_EQ(deaths, Caution::kDeathsBeforeCaution + Caution::kDeathsMax);
  const std::vector<DeadLetter> letters = DeadLetters(names);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].source_offset(), 2);
  EXPECT_THAT(letters[0].reason(), HasSubstr("died 3 times"));
  EXPECT_EQ(Totals(names), (std::map<std::string, int64_t>{{"a", 2}, {"b", 1}, {"c", 2}}));
}

TEST_F(PoisonTest, ARecordWhoseEffectsAreTooLargeIsSetAside) {
  const EngineNames names = NewEngine();
  WriteWords(names.in, 0, {"a", "big", "a"});
  Replica replica(names, "here:1", [](EngineSpec& spec) {
    spec.times.takeover_backoff_max = absl::Milliseconds(200);
  });
  replica.Start();
  ASSERT_TRUE(replica.WaitCommitted());
  EXPECT_EQ(Totals(names), (std::map<std::string, int64_t>{{"a", 2}}));
  EXPECT_THAT(DeadLetters(names), SizeIs(1));
}

}  // namespace
}  // namespace trama::platform
