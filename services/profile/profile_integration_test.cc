#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/profile/component.h"
#include "services/profile/testing_story.h"
#include "trama/deadletter/v1/deadletter.pb.h"

// What stands on the topic and in Redis, whatever comes and goes: on a real broker and a real
// Redis.
namespace trama::profile {
namespace {

using ::testing::ElementsAre;
using testing::Email;
using testing::Event;
using testing::IdOf;
using testing::IdsOf;
using ::testing::IsEmpty;
using testing::kAna;
using testing::kAnasPhone;
using testing::kBob;
using testing::kOther;
using testing::kWorkspace;
using testing::Message;
using ::testing::Not;
using testing::Opened;
using testing::Replica;
using testing::Reply;
using ::testing::SizeIs;
using testing::Status;
using ::testing::UnorderedElementsAre;
using ProfileIntegrationTest = testing::StoryTest;

TEST_F(ProfileIntegrationTest, WhatComesBeforeWhatItIsAboutWaitsForIt) {
  // Nobody can place these yet; the offsets stay behind.
  Send(Status("r1", delivery::v1::STATUS_DELIVERED));
  Send(Opened("c1", "m1", 11));
  Send(Message("b1", kBob, 1));
  ASSERT_TRUE(Eventually([&] { return Resolve(kBob)->known(); }));
  EXPECT_FALSE(Resolve(kAna)->known());

  Send(Message("m1", kAna, 10));
  Send(Reply("r1", "c1", kAna, 40));
  WaitAllRead();
  const auto timeline = Timeline(kAna, {.conversation = "c1"});
  EXPECT_THAT(IdsOf(*timeline), ElementsAre("m1", "c1-1", "r1"));
  EXPECT_EQ(timeline->entries(2).delivery_status(), delivery::v1::STATUS_DELIVERED);
}

TEST_F(ProfileIntegrationTest, AnEmptiedRedisGivesTheSameAnswersAfterwards) {
  SendStory();
  WaitAllRead();
  ASSERT_TRUE(Link(kAnasPhone, kAna).ok());
  const std::string before = AllAnswers({kAna, kAnasPhone});

  ASSERT_TRUE(replica().redis().CallBlocking({"FLUSHALL"}).ok());
  // It is noticed by itself: no answer in between is wrong.
  ASSERT_TRUE(Eventually([&] { return Resolve(kAna).ok(); }));
  EXPECT_EQ(AllAnswers({kAna, kAnasPhone}), before);

  v1::RebuildRequest rebuild;
  rebuild.set_flush(true);
  const auto rebuilt = replica().Call("operator", rebuild, &Stub::Rebuild);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
  EXPECT_GT(rebuilt->rows(), 0);
  EXPECT_EQ(AllAnswers({kAna, kAnasPhone}), before);
}

TEST_F(ProfileIntegrationTest, WhatATombstoneErasesIsGoneAfterARebuild) {
  SendStory();
  WaitAllRead();
  const auto link = Link(kAnasPhone, kAna);
  ASSERT_TRUE(link.ok()) << link.status();
  std::vector<platform::Record> tombstones;
  for (const RowKey& key :
       {EntryKey(kWorkspace, IdOf(kAna), "r1"), LinkKey(kWorkspace, link->link_id())}) {
    tombstones.push_back({.topic = world_.topics.profiles, .key = RowIdOf(key)});
  }
  ASSERT_TRUE(producer_->ProduceAll(tombstones, absl::Seconds(30)).ok());

  // Onto what is there, and from the beginning.
  for (const bool flush : {false, true}) {
    v1::RebuildRequest rebuild;
    rebuild.set_flush(flush);
    ASSERT_TRUE(replica().Call("operator", rebuild, &Stub::Rebuild).ok());
    EXPECT_THAT(TimelineIds(kAna, {.conversation = "c1"}),
                ElementsAre("m1", "c1-1", "c1-2", "n1", "sla1"));
    EXPECT_EQ(Resolve(kAnasPhone)->customer_id(), IdOf(kAnasPhone));
    EXPECT_THAT(Customer(IdOf(kAna))->links(), SizeIs(0));
  }
}

TEST_F(ProfileIntegrationTest, AfterAFlushEverythingStillFindsItsOwner) {
  SendStory();
  WaitAllRead();
  ASSERT_TRUE(replica().redis().CallBlocking({"FLUSHALL"}).ok());
  Send(Status("r1", delivery::v1::STATUS_READ));
  conversation::v1::ConversationEvent resolved = Event("c1", 3, 60);
  resolved.mutable_resolved()->set_agent_id("ana");
  Send(resolved);
  WaitAllRead();
  const auto timeline = Timeline(kAna, {.conversation = "c1"});
  ASSERT_TRUE(timeline.ok()) << timeline.status();
  EXPECT_THAT(IdsOf(*timeline), ElementsAre("m1", "c1-1", "c1-2", "r1", "n1", "sla1", "c1-3"));
  EXPECT_EQ(timeline->entries(3).delivery_status(), delivery::v1::STATUS_READ);
}

TEST_F(ProfileIntegrationTest, ARestartedRedisIsFilledBeforeItIsAsked) {
  SendStory();
  WaitAllRead();
  const std::string before = AllAnswers({kAna, kAnasPhone});
  world_.redis->Kill();
  const absl::Status away = Resolve(kAna).status();
  EXPECT_EQ(away.code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(world_.redis->Restart().ok());
  ASSERT_TRUE(Eventually([&] { return Resolve(kAna).ok(); }));
  EXPECT_EQ(AllAnswers({kAna, kAnasPhone}), before);
  ASSERT_TRUE(Eventually([&] { return replica().ready(); }));
}

TEST_F(ProfileIntegrationTest, ARepeatOfEveryInputChangesNothing) {
  SendStory();
  WaitAllRead();
  ASSERT_TRUE(Link(kAnasPhone, kAna).ok());
  const std::string answers = AllAnswers({kAna, kAnasPhone});
  const std::map<std::string, std::string> rows = CompactedRows();
  SendStory();
  WaitAllRead();
  ASSERT_TRUE(Link(kAna, kAnasPhone).ok());
  EXPECT_EQ(AllAnswers({kAna, kAnasPhone}), answers);
  EXPECT_EQ(CompactedRows(), rows);
}

// Whatever order two processes link in, everybody ends up in one person, in Redis and on the topic.
TEST_F(ProfileIntegrationTest, ConcurrentLinksCommute) {
  constexpr int kIdentifiers = 12;
  Replica& second = AddReplica();
  std::vector<types::v1::Identifier> identifiers;
  for (int i = 0; i < kIdentifiers; ++i) {
    identifiers.push_back(Email(absl::StrCat("p", i, "@x.test")));
    Send(Message(absl::StrCat("m", i), identifiers.back(), 100 - i));
  }
  WaitAllRead();
  std::vector<std::pair<int, int>> links;
  for (int i = 1; i < kIdentifiers; ++i) links.emplace_back(i - 1, i);
  links.emplace_back(0, kIdentifiers - 1);
  const auto link_all = [&](Replica& at, unsigned seed) {
    std::vector<std::pair<int, int>> order = links;
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    for (const auto& [a, b] : order) {
      const auto linked = at.Call("ana", LinkOf(identifiers[a], identifiers[b]), &Stub::Link);
      EXPECT_TRUE(linked.ok()) << linked.status();
    }
  };
  std::thread here([&] { link_all(replica(), 1); });
  std::thread there([&] { link_all(second, 2); });
  here.join();
  there.join();

  for (const types::v1::Identifier& identifier : identifiers) {
    EXPECT_EQ(Resolve(identifier)->customer_id(), IdOf(identifiers.back()));
  }
  EXPECT_THAT(Customer(IdOf(identifiers[0]))->links(), SizeIs(links.size()));
  v1::RebuildRequest rebuild;
  rebuild.set_flush(true);
  ASSERT_TRUE(second.Call("operator", rebuild, &Stub::Rebuild).ok());
  EXPECT_EQ(Customer(IdOf(identifiers[3]))->customer_id(), IdOf(identifiers.back()));
}

// Two processes change one row over and over: Redis and the topic's last record must agree, or the
// next restore would bring an old row back.
TEST_F(ProfileIntegrationTest, TheLastRecordOfARowIsTheNewest) {
  Replica& second = AddReplica();
  Send(Message("m1", kAna, 1));
  WaitAllRead();
  const auto set_all = [&](Replica& at, const std::string& prefix) {
    for (int i = 0; i < 20; ++i) {
      v1::SetAttributesRequest request;
      request.set_workspace(kWorkspace);
      *request.mutable_identifier() = kAna;
      (*request.mutable_values())[absl::StrCat(prefix, i)] = "yes";
      const auto set = at.Call("eva", request, &Stub::SetAttributes);
      EXPECT_TRUE(set.ok()) << set.status();
    }
  };
  std::thread here([&] { set_all(replica(), "a"); });
  std::thread there([&] { set_all(second, "b"); });
  here.join();
  there.join();

  v1::ProfileRow last;
  const RowKey key = AttributesKey(kWorkspace, IdOf(kAna));
  ASSERT_TRUE(last.ParseFromString(CompactedRows().at(RowIdOf(key))));
  EXPECT_THAT(last.attributes().values(), SizeIs(40));
  EXPECT_EQ(last.version(), 40);
  EXPECT_EQ(replica().store().Versions({key})->at(0), 40);
}

TEST_F(ProfileIntegrationTest, ARowBelongsToTheTraceOfWhatTouchedItLast) {
  const auto traced = [](char digit) {
    return absl::StrCat("00-", std::string(32, digit), "-b7ad6b7169203331-01");
  };
  const auto within = [](char digit) {
    return ::testing::StartsWith(absl::StrCat("00-", std::string(32, digit), "-"));
  };
  traceparent_ = traced('1');
  Send(Message("m1", kAna, 1));
  WaitAllRead();
  traceparent_ = "";
  Send(Message("b1", kBob, 2));
  WaitAllRead();
  std::map<std::string, std::string> traces = TracesOfRows();
  const std::string row_of_ana = RowIdOf(IdentifierKey(kWorkspace, IdOf(kAna)));
  EXPECT_THAT(traces[row_of_ana], within('1'));
  EXPECT_NE(traces[row_of_ana], traced('1'));  // A step of its own in that trace.
  EXPECT_THAT(traces[RowIdOf(EntryKey(kWorkspace, IdOf(kAna), "m1"))], within('1'));
  EXPECT_EQ(traces[RowIdOf(EntryKey(kWorkspace, IdOf(kBob), "b1"))], "");

  traceparent_ = traced('2');
  Send(Opened("c1", "m1", 11));
  WaitAllRead();
  const auto link = replica().Call("ana", LinkOf(kAna, kBob), &Stub::Link, traced('3'));
  ASSERT_TRUE(link.ok()) << link.status();
  traces = TracesOfRows();
  EXPECT_THAT(traces[RowIdOf(EntryKey(kWorkspace, IdOf(kAna), "m1"))], within('2'));
  EXPECT_THAT(traces[RowIdOf(LinkKey(kWorkspace, link->link_id()))], within('3'));
}

TEST_F(ProfileIntegrationTest, AWorkspaceWithoutItsSecretWaitsAloneAndIsReadLater) {
  world_.other_secret_is_readable = false;
  Produce(world_.topics.interactions, "k", Message("", kAna, 1), 0);  // A dead letter.
  const auto send_elsewhere = [&](int i) {
    interaction::v1::Interaction elsewhere =
        Message(absl::StrCat("e", i), Email(absl::StrCat("e", i, "@x.test")), i);
    elsewhere.set_workspace(kOther);
    Send(elsewhere);
  };
  for (int i = 0; i < 20; ++i) {
    send_elsewhere(i);
    Send(Message(absl::StrCat("k", i), kAna, i));
  }
  conversation::v1::ConversationEvent opened = Opened("other-c", "e3", 30);
  opened.set_workspace(kOther);
  Send(opened);
  SendStory();
  ASSERT_TRUE(Eventually([&] {
    const auto timeline = Timeline(kAna, {});
    return timeline.ok() && timeline->entries_size() == 26;
  }));
  EXPECT_TRUE(replica().ready());
  // Told once the batch is done, in which all of this may have come together.
  ASSERT_TRUE(Eventually([&] { return !replica().grpc().health().Ready().notes.empty(); }));
  EXPECT_THAT(replica().grpc().health().Ready().notes,
              ElementsAre(::testing::HasSubstr("workspace other")));
  EXPECT_THAT(replica().grpc().metrics().Exposition(),
              ::testing::HasSubstr("trama_profile_parked_workspaces 1"));
  EXPECT_EQ(Resolve(kBob, kOther).status().code(), absl::StatusCode::kFailedPrecondition);

  world_.other_secret_is_readable = true;
  send_elsewhere(20);
  WaitAllRead();
  for (int i = 0; i <= 20; ++i) {
    EXPECT_TRUE(Resolve(Email(absl::StrCat("e", i, "@x.test")), kOther)->known()) << i;
  }
  EXPECT_THAT(TimelineIds(Email("e3@x.test"), {.conversation = "other-c", .workspace = kOther}),
              ElementsAre("e3", "other-c-1"));
  EXPECT_THAT(replica().grpc().health().Ready().notes, IsEmpty());
  // The second reading was for that workspace alone.
  EXPECT_THAT(ReadAll(world_.topics.dead_letters, 0), SizeIs(1));
  EXPECT_THAT(TimelineIds(kAna), SizeIs(26));
}

TEST_F(ProfileIntegrationTest, WhatCannotBeReadIsADeadLetterAndTheRestGoesOn) {
  Produce(world_.topics.interactions, "k", Message("", kAna, 1), 0);
  Write(world_.topics.conversations, 0, {"\xff\xff no message"});
  Send(Message("m1", kAna, 2));
  WaitAllRead();
  EXPECT_THAT(TimelineIds(kAna), ElementsAre("m1"));
  std::vector<std::string> sources;
  for (const platform::Record& record : ReadAll(world_.topics.dead_letters, 0)) {
    deadletter::v1::DeadLetter letter;
    ASSERT_TRUE(letter.ParseFromString(*record.value));
    EXPECT_EQ(letter.service(), "profile");
    EXPECT_THAT(letter.reason(), Not(IsEmpty()));
    sources.push_back(letter.source_topic());
  }
  EXPECT_THAT(sources,
              UnorderedElementsAre(world_.topics.interactions, world_.topics.conversations));
}

TEST_F(ProfileIntegrationTest, ASecondProcessSharesTheWork) {
  AddReplica();
  SendStory();
  for (int i = 0; i < 50; ++i)
    Send(Message(absl::StrCat("x", i), Email(absl::StrCat("x", i, "@x.test")), i));
  WaitAllRead();
  EXPECT_THAT(TimelineIds(kAna), ElementsAre("m1", "c1-1", "c1-2", "r1", "n1", "sla1"));
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(Resolve(Email(absl::StrCat("x", i, "@x.test")))->known());
  }
}

TEST_F(ProfileIntegrationTest, KeysOfEveryShardCarryItsTag) {
  SendStory();
  WaitAllRead();
  const auto keys = replica().redis().CallBlocking({"KEYS", "*"});
  ASSERT_TRUE(keys.ok()) << keys.status();
  for (const platform::RedisReply& key : keys->elements) {
    EXPECT_THAT(key.text, ::testing::StartsWith("trama:{profile-"));
    // No address can be read from a key.
    EXPECT_THAT(key.text, Not(::testing::HasSubstr("x.test")));
  }
}

}  // namespace
}  // namespace trama::profile
