#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/digest.h"
#include "services/kernel/errors.h"
#include "services/profile/component.h"
#include "services/profile/testing_story.h"

// What the service answers through its gRPC door, on a real broker and a real Redis.
namespace trama::profile {
namespace {

using ::testing::ElementsAre;
using testing::Email;
using testing::IdOf;
using ::testing::IsEmpty;
using testing::kAna;
using testing::kAnasPhone;
using testing::kBob;
using testing::kOther;
using testing::kWorkspace;
using testing::Message;
using testing::Phone;
using ::testing::SizeIs;
using ProfileAnswersTest = testing::StoryTest;

TEST_F(ProfileAnswersTest, TwoIdentifiersAreTwoCustomersUntilTheyAreLinked) {
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

TEST_F(ProfileAnswersTest, AConversationHoldsItsMessagesInBothDirections) {
  SendStory();
  WaitAllRead();
  EXPECT_THAT(TimelineIds(kAna, {.conversation = "c1"}),
              ElementsAre("m1", "c1-1", "c1-2", "r1", "n1", "sla1"));
  EXPECT_THAT(TimelineIds(kAnasPhone, {.conversation = "c2"}), ElementsAre("s1", "c2-1"));
  const auto entries = Timeline(kAna, {.conversation = "c1"});
  EXPECT_EQ(entries->entries(3).delivery_status(), delivery::v1::STATUS_SENT);
}

TEST_F(ProfileAnswersTest, NothingCrossesWorkspaces) {
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

TEST_F(ProfileAnswersTest, ANoteIsOneHoweverOftenTheCommandIsRepeated) {
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

TEST_F(ProfileAnswersTest, AttributesAreFactsOfTheWholePerson) {
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

TEST_F(ProfileAnswersTest, AnIdentifierIsFoundHoweverAPersonWritesIt) {
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

TEST_F(ProfileAnswersTest, AFileIsReadOnlyFromTheTimelineItStandsOn) {
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

TEST_F(ProfileAnswersTest, AHeldOriginalIsReadAsAFileAndStandsInNoPage) {
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

TEST_F(ProfileAnswersTest, OnePersonHasABoundedNumberOfIdentifiers) {
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

}  // namespace
}  // namespace trama::profile
