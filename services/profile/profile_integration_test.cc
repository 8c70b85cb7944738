#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/digest.h"
#include "services/kernel/errors.h"
#include "services/profile/component.h"
#include "services/profile/redis_layout.h"
#include "services/profile/testing_service.h"
#include "trama/deadletter/v1/deadletter.pb.h"

// The whole service on a real broker and a real Redis, through its gRPC door.
namespace trama::profile {
namespace {

using testing::At;
using ::testing::ElementsAre;
using testing::Email;
using testing::Event;
using testing::IdOf;
using ::testing::IsEmpty;
using testing::kOther;
using testing::kOtherSecret;
using testing::kWorkspace;
using testing::Message;
using ::testing::Not;
using testing::Opened;
using testing::Phone;
using testing::Replica;
using testing::Reply;
using ::testing::SizeIs;
using testing::Status;
using ::testing::UnorderedElementsAre;
using Stub = v1::ProfileService::Stub;

const types::v1::Identifier kAna = Email("ana@x.test");
const types::v1::Identifier kAnasPhone = Phone("+5511987654321");
const types::v1::Identifier kBob = Email("bob@x.test");

std::vector<std::string> IdsOf(const v1::ListTimelineResponse& page) {
  std::vector<std::string> ids;
  for (const v1::TimelineEntry& entry : page.entries()) ids.push_back(entry.entry_id());
  return ids;
}

struct Listing {
  int page_size = 0;
  bool oldest_first = true;
  std::string conversation = "";
  std::string workspace = kWorkspace;
};

class ProfileIntegrationTest : public testing::ProfileTest {
 protected:
  absl::StatusOr<v1::Resolution> Resolve(const types::v1::Identifier& identifier,
                                         const std::string& workspace = kWorkspace) {
    v1::ResolveRequest request;
    request.set_workspace(workspace);
    *request.add_identifiers() = identifier;
    auto response = replica().Call("desk", request, &Stub::Resolve);
    if (!response.ok()) return response.status();
    return response->resolutions(0);
  }

  static v1::LinkRequest LinkOf(const types::v1::Identifier& a, const types::v1::Identifier& b) {
    v1::LinkRequest request;
    request.set_workspace(kWorkspace);
    *request.mutable_a() = a;
    *request.mutable_b() = b;
    request.set_reason("gave the same order number");
    return request;
  }
  absl::StatusOr<v1::LinkResponse> Link(const types::v1::Identifier& a,
                                        const types::v1::Identifier& b) {
    return replica().Call("ana", LinkOf(a, b), &Stub::Link);
  }

  absl::StatusOr<v1::Customer> Customer(const std::string& customer_id,
                                        const std::string& workspace = kWorkspace) {
    v1::GetCustomerRequest request;
    request.set_workspace(workspace);
    request.set_customer_id(customer_id);
    auto response = replica().Call("desk", request, &Stub::GetCustomer);
    if (!response.ok()) return response.status();
    return response->customer();
  }

  // All pages of a timeline.
  absl::StatusOr<v1::ListTimelineResponse> Timeline(const types::v1::Identifier& identifier,
                                                    const Listing& listing) {
    v1::ListTimelineRequest request;
    request.set_workspace(listing.workspace);
    *request.mutable_identifier() = identifier;
    request.set_page_size(listing.page_size);
    request.set_oldest_first(listing.oldest_first);
    request.set_conversation_id(listing.conversation);
    v1::ListTimelineResponse all;
    do {
      auto page = replica().Call("desk", request, &Stub::ListTimeline);
      if (!page.ok()) return page.status();
      for (v1::TimelineEntry& entry : *page->mutable_entries()) {
        *all.add_entries() = std::move(entry);
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
  std::vector<std::string> TimelineIds(const types::v1::Identifier& identifier,
                                       const Listing& listing = {}) {
    const auto timeline = Timeline(identifier, listing);
    EXPECT_TRUE(timeline.ok()) << timeline.status();
    return timeline.ok() ? IdsOf(*timeline) : std::vector<std::string>();
  }

  // Everything that can be asked of these identifiers, as bytes.
  std::string AllAnswers(const std::vector<types::v1::Identifier>& identifiers) {
    std::string answers;
    for (const types::v1::Identifier& identifier : identifiers) {
      const auto resolution = Resolve(identifier);
      const auto customer = Customer(IdOf(identifier));
      const auto forward = Timeline(identifier, {.page_size = 3});
      const auto backward = Timeline(identifier, {.page_size = 2, .oldest_first = false});
      EXPECT_TRUE(resolution.ok() && customer.ok() && forward.ok() && backward.ok())
          << resolution.status() << customer.status() << forward.status() << backward.status();
      if (!resolution.ok() || !customer.ok() || !forward.ok() || !backward.ok()) continue;
      answers += DeterministicBytes(*resolution) + DeterministicBytes(*customer) +
                 DeterministicBytes(*forward) + DeterministicBytes(*backward);
    }
    return answers;
  }

  // A mail and an SMS of one person, their conversations, answers and what became of them.
  void SendStory() {
    interaction::v1::Interaction mail = Message("m1", kAna, 10, "where is my order?");
    mail.mutable_sender()->set_display_name("Ana");
    mail.set_language("pt-BR");
    Send(mail);
    Send(Message("s1", kAnasPhone, 20, "any news?"));
    interaction::v1::Interaction stop = Message("s2", kAnasPhone, 50, "STOP");
    stop.set_kind(interaction::v1::KIND_CONSENT);
    stop.mutable_consent()->set_action(interaction::v1::Consent::ACTION_OPT_OUT);
    Send(stop);
    Send(Opened("c1", "m1", 11));
    Send(Opened("c2", "s1", 21));
    conversation::v1::ConversationEvent accepted = Event("c1", 2, 30);
    accepted.mutable_accepted()->set_agent_id("ana");
    Send(accepted);
    Send(Reply("r1", "c1", kAna, 40));
    outbound::v1::OutboundMessage note = Reply("n1", "c1", kAna, 41);
    note.set_channel("note");
    Send(note);
    Send(Status("r1", delivery::v1::STATUS_ATTEMPTING));
    Send(Status("r1", delivery::v1::STATUS_SENT));
    sla::v1::SlaEvent fulfilled;
    fulfilled.set_event_id("sla1");
    fulfilled.set_workspace(kWorkspace);
    fulfilled.set_conversation_id("c1");
    *fulfilled.mutable_occurred_at() = At(42);
    fulfilled.mutable_fulfilled()->set_in_time(true);
    Send(fulfilled);
  }
};

TEST_F(ProfileIntegrationTest, TwoIdentifiersAreTwoCustomersUntilTheyAreLinked) {
  SendStory();
  WaitAllRead();
  EXPECT_EQ(Resolve(kAna)->customer_id(), IdOf(kAna));
  EXPECT_EQ(Resolve(kAnasPhone)->customer_id(), IdOf(kAnasPhone));
  EXPECT_THAT(TimelineIds(kAna), ElementsAre("m1", "c1-1", "c1-2", "r1", "n1", "sla1"));
  EXPECT_THAT(TimelineIds(kAnasPhone), ElementsAre("s1", "c2-1", "s2"));

  const auto link = Link(kAnasPhone, kAna);
  ASSERT_TRUE(link.ok()) << link.status();

  // The older identifier gives the id, and both old ids lead to the same customer.
  EXPECT_EQ(link->customer_id(), IdOf(kAna));
  EXPECT_EQ(Resolve(kAnasPhone)->customer_id(), IdOf(kAna));
  EXPECT_EQ(Resolve(kAnasPhone)->facts().at("consent.sms"), "opt_out");
  const auto customer = Customer(IdOf(kAnasPhone));
  ASSERT_TRUE(customer.ok()) << customer.status();
  EXPECT_EQ(customer->customer_id(), IdOf(kAna));
  EXPECT_EQ(customer->display_name(), "Ana");
  EXPECT_THAT(customer->identifiers(), SizeIs(2));
  EXPECT_THAT(customer->links(), SizeIs(1));
  EXPECT_EQ(customer->links(0).actor().id(), "ana");
  EXPECT_EQ(customer->entry_count(), 10);
  // One timeline in order of time, whichever identifier is asked for and whichever way.
  const std::vector<std::string> story = {"m1", "c1-1", "s1",   "c2-1", "c1-2",
                                          "r1", "n1",   "sla1", "s2",   link->link_id()};
  EXPECT_EQ(TimelineIds(kAna), story);
  EXPECT_EQ(TimelineIds(kAnasPhone, {.page_size = 3}), story);
  std::vector<std::string> backward = TimelineIds(kAna, {.page_size = 4, .oldest_first = false});
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(backward, story);
}

TEST_F(ProfileIntegrationTest, AConversationHoldsItsMessagesInBothDirections) {
  SendStory();
  WaitAllRead();
  EXPECT_THAT(TimelineIds(kAna, {.conversation = "c1"}),
              ElementsAre("m1", "c1-1", "c1-2", "r1", "n1", "sla1"));
  EXPECT_THAT(TimelineIds(kAnasPhone, {.conversation = "c2"}), ElementsAre("s1", "c2-1"));
  const auto entries = Timeline(kAna, {.conversation = "c1"});
  EXPECT_EQ(entries->entries(3).delivery_status(), delivery::v1::STATUS_SENT);
}

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

TEST_F(ProfileIntegrationTest, NothingCrossesWorkspaces) {
  interaction::v1::Interaction elsewhere = Message("m1", kAna, 5, "of the other one");
  elsewhere.set_workspace(kOther);
  Send(elsewhere);
  Send(Message("m1", kAna, 6, "of demo"));
  Send(Message("b1", kBob, 7));
  WaitAllRead();
  EXPECT_NE(Resolve(kAna)->customer_id(), Resolve(kAna, kOther)->customer_id());
  EXPECT_EQ(Timeline(kAna, {})->entries(0).parts(0).text().body(), "of demo");
  EXPECT_EQ(Timeline(kAna, {.workspace = kOther})->entries(0).parts(0).text().body(),
            "of the other one");
  EXPECT_FALSE(Resolve(kBob, kOther)->known());
  EXPECT_EQ(ErrorReason(Customer(IdOf(kBob), kOther).status()), "CUSTOMER_UNKNOWN");

  v1::LinkRequest link = LinkOf(kAna, kBob);
  link.set_workspace(kOther);
  EXPECT_EQ(ErrorReason(replica().Call("ana", link, &Stub::Link).status()), "WORKSPACE_FORBIDDEN");
  interaction::v1::Interaction only_there = Message("m9", Email("eve@x.test"), 5);
  only_there.set_workspace(kOther);
  Send(only_there);
  WaitAllRead();
  EXPECT_EQ(ErrorReason(Link(kAna, Email("eve@x.test")).status()), "IDENTIFIER_UNKNOWN");
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

TEST_F(ProfileIntegrationTest, ANoteIsOneHoweverOftenTheCommandIsRepeated) {
  Send(Message("m1", kAna, 1));
  WaitAllRead();
  v1::AddNoteRequest request;
  request.set_workspace(kWorkspace);
  request.set_customer_id(IdOf(kAna));
  request.set_text("called back, was not in");
  request.set_command_id("command-1");
  const auto first = replica().Call("ana", request, &Stub::AddNote);
  const auto second = replica().Call("ana", request, &Stub::AddNote);
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_EQ(DeterministicBytes(*first), DeterministicBytes(*second));
  EXPECT_EQ(first->entry().actor().id(), "ana");
  EXPECT_THAT(TimelineIds(kAna), ElementsAre("m1", first->entry().entry_id()));
  request.set_customer_id(IdOf(kBob));
  EXPECT_EQ(ErrorReason(replica().Call("ana", request, &Stub::AddNote).status()),
            "CUSTOMER_UNKNOWN");
}

TEST_F(ProfileIntegrationTest, AttributesAreFactsOfTheWholePerson) {
  Send(Message("m1", kAna, 1));
  WaitAllRead();
  types::v1::Identifier account;
  account.set_kind(types::v1::IDENTIFIER_KIND_ACCOUNT);
  account.set_scope("crm");
  account.set_value("4711");
  v1::SetAttributesRequest request;
  request.set_workspace(kWorkspace);
  *request.mutable_identifier() = account;
  (*request.mutable_values())["segment"] = "gold";
  ASSERT_TRUE(replica().Call("eva", request, &Stub::SetAttributes).ok());
  ASSERT_TRUE(Link(account, kAna).ok());
  EXPECT_EQ(Resolve(kAna)->facts().at("segment"), "gold");
  EXPECT_EQ(Resolve(account)->customer_id(), IdOf(kAna));

  (*request.mutable_values())["segment"] = "";
  ASSERT_TRUE(replica().Call("eva", request, &Stub::SetAttributes).ok());
  EXPECT_EQ(Resolve(kAna)->facts().count("segment"), 0u);

  (*request.mutable_values())["consent.sms"] = "opt_in";
  EXPECT_EQ(replica().Call("eva", request, &Stub::SetAttributes).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(replica().Call("ana", request, &Stub::SetAttributes).status()),
            "ROLE_MISSING");
}

TEST_F(ProfileIntegrationTest, AnIdentifierIsFoundHoweverAPersonWritesIt) {
  Send(Message("m1", kAna, 1));
  Send(Message("s1", kAnasPhone, 2));
  WaitAllRead();
  v1::ResolveRequest request;
  request.set_workspace(kWorkspace);
  *request.add_identifiers() = Email("Ana@X.Test");
  *request.add_identifiers() = Phone("(11) 98765-4321");
  *request.add_identifiers() = kBob;
  const auto response = replica().Call("ana", request, &Stub::Resolve);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(response->resolutions(0).known());
  EXPECT_TRUE(response->resolutions(1).known());
  // The id that he will have.
  EXPECT_FALSE(response->resolutions(2).known());
  EXPECT_EQ(response->resolutions(2).customer_id(), IdOf(kBob));
}

TEST_F(ProfileIntegrationTest, AFileIsReadOnlyFromTheTimelineItStandsOn) {
  std::string bytes(200'000, 'x');
  bytes[150'000] = 'y';
  const auto blob = world_.blobs.Put(kWorkspace, "ana's key", bytes, "image/png");
  ASSERT_TRUE(blob.ok()) << blob.status();
  interaction::v1::Interaction message = Message("m1", kAna, 1);
  types::v1::Media& media = *message.add_parts()->mutable_media();
  media.set_blob(*blob);
  media.set_file_name("photo.png");
  message.set_raw_blob(*blob);
  Send(message);
  Send(Message("b1", kBob, 2));
  WaitAllRead();

  v1::ReadFileRequest request;
  request.set_workspace(kWorkspace);
  request.set_entry_id("m1");
  *request.mutable_identifier() = kAna;
  request.set_part(1);
  const auto file = replica().ReadFile("ana", request);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->first.file_name(), "photo.png");
  EXPECT_EQ(file->first.content_type(), "image/png");
  EXPECT_EQ(file->second, bytes);
  request.set_part(-1);
  EXPECT_EQ(replica().ReadFile("ana", request)->second, bytes);

  request.set_part(0);
  EXPECT_EQ(replica().ReadFile("ana", request).status().code(), absl::StatusCode::kInvalidArgument);
  request.set_part(1);
  *request.mutable_identifier() = kBob;
  EXPECT_EQ(ErrorReason(replica().ReadFile("ana", request).status()), "ENTRY_UNKNOWN");
  request.set_workspace(kOther);
  EXPECT_EQ(ErrorReason(replica().ReadFile("ana", request).status()), "WORKSPACE_FORBIDDEN");
}

TEST_F(ProfileIntegrationTest, AHeldOriginalIsReadAsAFileAndStandsInNoPage) {
  interaction::v1::Interaction message = Message("m1", kAna, 1);
  message.set_raw_original("POST /sms/demo/main HTTP/1.1\r\n\r\nBody=hello");
  message.set_raw_content_type("message/http");
  Send(message);
  WaitAllRead();

  v1::ReadFileRequest request;
  request.set_workspace(kWorkspace);
  request.set_entry_id("m1");
  *request.mutable_identifier() = kAna;
  request.set_part(-1);
  const auto file = replica().ReadFile("ana", request);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->second, message.raw_original());
  EXPECT_EQ(file->first.content_type(), "message/http");
  EXPECT_EQ(file->first.sha256(), HexSha256(message.raw_original()));

  const auto timeline = Timeline(kAna, {});
  ASSERT_TRUE(timeline.ok()) << timeline.status();
  ASSERT_THAT(timeline->entries(), SizeIs(1));
  EXPECT_EQ(timeline->entries(0).raw_content_type(), "message/http");
  EXPECT_THAT(timeline->entries(0).raw_original(), IsEmpty());
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

TEST_F(ProfileIntegrationTest, OnePersonHasABoundedNumberOfIdentifiers) {
  std::vector<types::v1::Identifier> identifiers;
  for (size_t i = 0; i <= kComponentMax; ++i) {
    identifiers.push_back(Email(absl::StrCat("p", i, "@x.test")));
    Send(Message(absl::StrCat("m", i), identifiers.back(), static_cast<int64_t>(i)));
  }
  WaitAllRead();
  for (size_t i = 1; i < kComponentMax; ++i) {
    const auto linked = Link(identifiers[0], identifiers[i]);
    ASSERT_TRUE(linked.ok()) << linked.status();
  }
  EXPECT_EQ(ErrorReason(Link(identifiers[1], identifiers[kComponentMax]).status()),
            "COMPONENT_FULL");
  EXPECT_THAT(TimelineIds(identifiers[5], {.page_size = 7}), SizeIs(2 * kComponentMax - 1));
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
