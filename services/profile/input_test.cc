#include "services/profile/input.h"

#include <algorithm>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/profile/testing.h"
#include "services/profile/timeline_entries.h"

namespace trama::profile {
namespace {

using testing::At;
using testing::Email;
using testing::Event;
using ::testing::HasSubstr;
using testing::IdOf;
using testing::InputOf;
using ::testing::IsEmpty;
using testing::kSecret;
using testing::kWorkspace;
using testing::Message;
using ::testing::Not;
using testing::Opened;
using testing::Reply;
using ::testing::SizeIs;
using testing::Status;

const types::v1::Identifier kAna = Email("ana@x.test");

// Takes inputs as the service does, with the rows in memory.
class InputTest : public ::testing::Test {
 protected:
  // False: it has to wait.
  template <typename M>
  bool Take(const M& message) {
    const Input input = InputOf(message);
    const std::optional<Placement> placement = PlaceInput(input, kSecret, owners_);
    if (!placement.has_value()) return false;
    RowSet set;
    for (const RowKey& key : RowsOf(input, *placement)) {
      const auto it = rows_.find(key);
      set.Load(key, it == rows_.end() ? std::nullopt : std::optional(it->second));
    }
    Fold(input, *placement, set);
    for (const RowSet::Change& change : set.Touched()) rows_[change.key] = *change.row;
    for (const auto& [id, owner] : placement->told) owners_.emplace(id, owner);
    return true;
  }

  const v1::TimelineEntry& Entry(const std::string& id, const types::v1::Identifier& owner = kAna) {
    return rows_[EntryKey(kWorkspace, IdOf(owner), id)].entry();
  }
  const v1::IdentifierRow& Row(const types::v1::Identifier& owner = kAna) {
    return rows_[IdentifierKey(kWorkspace, IdOf(owner))].identifier();
  }
  std::string Rows() {
    std::string all;
    for (const auto& [key, row] : rows_) all += DeterministicBytes(row);
    return all;
  }

  std::map<RowKey, v1::ProfileRow> rows_;
  Owners owners_;
};

TEST_F(InputTest, AMessageIsAnEntryAndMakesItsSenderKnown) {
  interaction::v1::Interaction message = Message("m1", kAna, 5);
  message.mutable_sender()->set_display_name("Ana");
  message.set_language("pt-BR");
  ASSERT_TRUE(Take(message));
  EXPECT_EQ(Entry("m1").kind(), v1::TimelineEntry::KIND_INBOUND);
  EXPECT_EQ(Entry("m1").parts(0).text().body(), "hello");
  EXPECT_EQ(Row().customer_id(), IdOf(kAna));
  EXPECT_EQ(Row().display_name(), "Ana");
  EXPECT_EQ(Row().language(), "pt-BR");
  EXPECT_EQ(Row().first_seen_at().seconds(), At(5).seconds());
  EXPECT_EQ(Row().last_seen_at().seconds(), At(5).seconds());
}

TEST_F(InputTest, ALaterMessageMovesLastSeenAndAnEarlierOneFirstSeen) {
  Take(Message("m2", kAna, 5));
  Take(Message("m3", kAna, 9));
  Take(Message("m1", kAna, 1));
  EXPECT_EQ(Row().first_seen_at().seconds(), At(1).seconds());
  EXPECT_EQ(Row().last_seen_at().seconds(), At(9).seconds());
}

TEST_F(InputTest, TheLastNameGivenCountsAndAnEmptyOneDoesNot) {
  interaction::v1::Interaction message = Message("m1", kAna, 1);
  message.mutable_sender()->set_display_name("Ana");
  Take(message);
  message = Message("m2", kAna, 2);
  message.mutable_sender()->set_display_name("Ana Lima");
  Take(message);
  Take(Message("m3", kAna, 3));
  EXPECT_EQ(Row().display_name(), "Ana Lima");
}

TEST_F(InputTest, ANewerConsentReplacesAnOlderOneAndNotTheOtherWayRound) {
  const auto say = [&](const std::string& id, int64_t at, interaction::v1::Consent::Action action) {
    interaction::v1::Interaction message = Message(id, kAna, at);
    message.set_kind(interaction::v1::KIND_CONSENT);
    message.mutable_consent()->set_action(action);
    Take(message);
  };
  say("m2", 20, interaction::v1::Consent::ACTION_OPT_OUT);
  EXPECT_EQ(Row().consent().at("email"), interaction::v1::Consent::ACTION_OPT_OUT);
  say("m1", 10, interaction::v1::Consent::ACTION_OPT_IN);
  EXPECT_EQ(Row().consent().at("email"), interaction::v1::Consent::ACTION_OPT_OUT);
  say("m3", 30, interaction::v1::Consent::ACTION_HELP);
  EXPECT_EQ(Row().consent().at("email"), interaction::v1::Consent::ACTION_OPT_OUT);
  say("m4", 40, interaction::v1::Consent::ACTION_OPT_IN);
  EXPECT_EQ(Row().consent().at("email"), interaction::v1::Consent::ACTION_OPT_IN);
  EXPECT_EQ(Entry("m2").kind(), v1::TimelineEntry::KIND_CONSENT);
  EXPECT_EQ(Entry("m2").summary(), "opted out of email");
}

TEST_F(InputTest, AReplyIsAnEntryOfItsRecipientAndDoesNotCountAsHisMessage) {
  ASSERT_TRUE(Take(Reply("r1", "c1", kAna, 7)));
  EXPECT_EQ(Entry("r1").kind(), v1::TimelineEntry::KIND_OUTBOUND);
  EXPECT_EQ(Entry("r1").conversation_id(), "c1");
  EXPECT_EQ(Row().first_seen_at().seconds(), At(7).seconds());
  EXPECT_FALSE(Row().has_last_seen_at());
}

TEST_F(InputTest, WhatGoesOutOnChannelNoteIsANote) {
  outbound::v1::OutboundMessage note = Reply("n1", "c1", kAna, 7);
  note.set_channel("note");
  Take(note);
  EXPECT_EQ(Entry("n1").kind(), v1::TimelineEntry::KIND_NOTE);
}

TEST_F(InputTest, ADeliveryWaitsForItsMessage) {
  EXPECT_FALSE(Take(Status("r1", delivery::v1::STATUS_SENT)));
  Take(Reply("r1", "c1", kAna, 7));
  EXPECT_TRUE(Take(Status("r1", delivery::v1::STATUS_SENT)));
  EXPECT_EQ(Entry("r1").delivery_status(), delivery::v1::STATUS_SENT);
}

TEST_F(InputTest, AConversationBelongsToTheSenderOfTheMessageThatOpenedIt) {
  EXPECT_FALSE(Take(Opened("c1", "m1", 6)));
  Take(Message("m1", kAna, 5));
  EXPECT_TRUE(Take(Opened("c1", "m1", 6)));
  conversation::v1::ConversationEvent accepted = Event("c1", 4, 9);
  accepted.mutable_accepted()->set_agent_id("ana");
  accepted.mutable_accepted()->set_waited_from_first_ms(12'345);
  EXPECT_TRUE(Take(accepted));
  EXPECT_EQ(Entry("c1-4").summary(), "accepted by ana after 12s");
  EXPECT_EQ(Entry("c1-4").conversation_id(), "c1");
}

TEST_F(InputTest, AMessageLearnsItsConversation) {
  Take(Message("m1", kAna, 5));
  Take(Opened("c1", "m1", 6));
  Take(Message("m2", kAna, 15));
  conversation::v1::ConversationEvent received = Event("c1", 5, 16);
  received.mutable_message_received()->set_interaction_id("m2");
  Take(received);
  EXPECT_EQ(Entry("m1").conversation_id(), "c1");
  EXPECT_EQ(Entry("m2").conversation_id(), "c1");
}

TEST_F(InputTest, AnotherParticipantsMessageStaysHisOwn) {
  const types::v1::Identifier bob = Email("bob@x.test");
  Take(Message("m1", kAna, 5));
  Take(Opened("c1", "m1", 6));
  Take(Message("m2", bob, 15));
  conversation::v1::ConversationEvent received = Event("c1", 5, 16);
  received.mutable_message_received()->set_interaction_id("m2");
  Take(received);
  EXPECT_EQ(Entry("m2", bob).conversation_id(), "c1");
  EXPECT_EQ(owners_.at({kWorkspace, "c1"}).customer_id, IdOf(kAna));
}

TEST_F(InputTest, AServiceLevelEventStandsOnTheTimelineOfItsConversation) {
  sla::v1::SlaEvent warned;
  warned.set_event_id("s1");
  warned.set_workspace(kWorkspace);
  warned.set_conversation_id("c1");
  warned.set_kind(sla::v1::CLOCK_KIND_FIRST_RESPONSE);
  warned.mutable_warned()->set_remaining_ms(300'000);
  EXPECT_FALSE(Take(warned));
  Take(Reply("r1", "c1", kAna, 7));
  EXPECT_TRUE(Take(warned));
  EXPECT_EQ(Entry("s1").kind(), v1::TimelineEntry::KIND_SLA);
  EXPECT_EQ(Entry("s1").summary(), "first response at risk: 5m left");
}

interaction::v1::Interaction WithPictures() {
  interaction::v1::Interaction message = Message("m1", kAna, 5);
  message.add_parts()->mutable_media()->set_vendor_url("https://v.test/1");
  message.add_parts()->mutable_media()->set_vendor_url("https://v.test/2");
  return message;
}

interaction::v1::Interaction Fetched(const std::string& id, const std::string& url) {
  interaction::v1::Interaction fetched = Message(id, kAna, 6);
  fetched.set_kind(interaction::v1::KIND_MEDIA);
  fetched.set_amends_interaction_id("m1");
  fetched.clear_parts();
  types::v1::Media& media = *fetched.add_parts()->mutable_media();
  media.set_vendor_url(url);
  media.set_blob("demo/blob-" + id);
  return fetched;
}

TEST_F(InputTest, FetchedMediaTakesItsPlaceInTheMessage) {
  Take(WithPictures());
  Take(Fetched("f2", "https://v.test/2"));
  EXPECT_EQ(Entry("m1").parts(1).media().vendor_url(), "https://v.test/1");
  EXPECT_EQ(Entry("m1").parts(2).media().blob(), "demo/blob-f2");
  EXPECT_THAT(Entry("m1").parts(2).media().vendor_url(), IsEmpty());
  EXPECT_THAT(Entry("m1").parts(), SizeIs(3));
}

TEST_F(InputTest, WhenTheChannelSaysWhichPartAFailureAfterTheBytesChangesNothing) {
  Take(WithPictures());
  interaction::v1::Interaction fetched = Fetched("f1", "https://v.test/1");
  (*fetched.mutable_channel_facts())["part"] = "1";
  Take(fetched);
  interaction::v1::Interaction failed = fetched;
  failed.set_interaction_id("f1-again");
  failed.mutable_parts(0)->mutable_media()->clear_blob();
  failed.mutable_parts(0)->mutable_media()->set_fetch_error("the vendor no longer has the file");
  Take(failed);
  EXPECT_EQ(Entry("m1").parts(1).media().blob(), "demo/blob-f1");
  EXPECT_THAT(Entry("m1").parts(1).media().fetch_error(), IsEmpty());
  EXPECT_THAT(Entry("m1").parts(2).media().fetch_error(), IsEmpty());
}

TEST_F(InputTest, FetchedMediaOfAMessageThatCouldNotBeReadStandsAlone) {
  Take(Fetched("f1", "https://v.test/1"));
  EXPECT_EQ(Entry("f1").parts(0).media().blob(), "demo/blob-f1");
}

// The promise on which at-least-once reading rests.
TEST_F(InputTest, ARepeatOfEveryInputInAnyOrderChangesNothing) {
  interaction::v1::Interaction consent = Message("m3", kAna, 8);
  consent.set_kind(interaction::v1::KIND_CONSENT);
  consent.mutable_consent()->set_action(interaction::v1::Consent::ACTION_OPT_OUT);
  std::vector<Input> story = {
      InputOf(WithPictures()),
      InputOf(Opened("c1", "m1", 6)),
      InputOf(Fetched("f1", "https://v.test/1")),
      InputOf(Reply("r1", "c1", kAna, 7)),
      InputOf(Status("r1", delivery::v1::STATUS_ATTEMPTING)),
      InputOf(Status("r1", delivery::v1::STATUS_DELIVERED)),
      InputOf(Status("r1", delivery::v1::STATUS_SENT)),
      InputOf(consent),
  };
  const auto take = [&](const Input& input) {
    return std::visit([&](const auto& message) { return Take(message); }, input.message);
  };
  for (const Input& input : story) ASSERT_TRUE(take(input));
  const std::string before = Rows();
  std::reverse(story.begin(), story.end());
  for (const Input& input : story) ASSERT_TRUE(take(input));
  EXPECT_EQ(Rows(), before);
}

TEST_F(InputTest, TextsThatAreTooLongForARecordAreCut) {
  Take(Message("m1", kAna, 5, std::string(2 << 20, 'x')));
  EXPECT_EQ(Entry("m1").parts(0).text().body().size(), kEntryTextBytesMax);
}

TEST(ReadInputTest, WhatIsNoMessageOrLacksAnIdIsRefusedWithoutBeingQuoted) {
  EXPECT_FALSE(ReadInput(InputKind::kInteraction, "\xff\xff").ok());
  interaction::v1::Interaction message = Message("", kAna, 1);
  EXPECT_THAT(ReadInput(InputKind::kInteraction, message.SerializeAsString()).status().ToString(),
              HasSubstr("interaction_id must be"));
  message = Message("m1", kAna, 1);
  message.mutable_sender()->mutable_identifier()->set_value("ana");
  const absl::Status refused =
      ReadInput(InputKind::kInteraction, message.SerializeAsString()).status();
  EXPECT_THAT(refused.ToString(), HasSubstr("sender.identifier"));
  EXPECT_THAT(refused.ToString(), Not(HasSubstr("ana")));
}

}  // namespace
}  // namespace trama::profile
