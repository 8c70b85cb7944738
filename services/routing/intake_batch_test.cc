#include "services/routing/intake_batch.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/routing/testing/interactions.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::routing {
namespace {

using platform::Record;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RecordOf;
using ::testing::SizeIs;
using testing::Sms;

const absl::Time kNow = absl::FromUnixSeconds(1'767'225'600);

absl::StatusOr<std::string> SecretOf(const std::string& workspace) {
  if (workspace == "demo") return std::string(testing::kSecret);
  return absl::FailedPreconditionError("identity_secret of workspace \"other\": no such file");
}

IntakeBatch BatchOf(const std::vector<Record>& records) {
  return IntakeBatch(records, *testing::TwoWorkspaces(), {"sms", "note"}, &SecretOf);
}

std::vector<Record> RecordsOf(const IntakeBatch& batch) {
  const auto records = batch.Records({}, kNow);
  EXPECT_TRUE(records.ok()) << records.status();
  return records.ok() ? *records : std::vector<Record>();
}

v1::Work WorkIn(const Record& record) {
  v1::Work work;
  EXPECT_EQ(record.topic, "trama.work.v1");
  EXPECT_TRUE(work.ParseFromString(*record.value));
  return work;
}

// The only record of a batch that is made of `record`, a dead letter.
deadletter::v1::DeadLetter LetterOf(const Record& record) {
  const std::vector<Record> out = RecordsOf(BatchOf({record}));
  deadletter::v1::DeadLetter letter;
  EXPECT_THAT(out, SizeIs(1));
  if (out.size() != 1) return letter;
  EXPECT_EQ(out[0].topic, "trama.deadletter.v1");
  EXPECT_TRUE(letter.ParseFromString(*out[0].value));
  return letter;
}

profile::v1::ResolveResponse Known(const std::vector<std::string>& customers) {
  profile::v1::ResolveResponse response;
  for (const std::string& id : customers) {
    profile::v1::Resolution& resolution = *response.add_resolutions();
    resolution.set_customer_id(id);
    resolution.set_known(true);
    (*resolution.mutable_facts())["segment"] = "gold";
  }
  return response;
}

TEST(IntakeBatchTest, WorkGoesToTheNumberOfItsWorkspaceWithItsSourceAndTrace) {
  const Record read = RecordOf(Sms("i1"), 41, 7);
  const std::vector<Record> out = RecordsOf(BatchOf({read}));
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(out[0].partition, 1);
  EXPECT_EQ(out[0].key, "demo");
  EXPECT_EQ(*platform::FindHeader(out[0], "ce_id"), "i1");
  EXPECT_EQ(*platform::FindHeader(out[0], "traceparent"),
            *platform::FindHeader(read, "traceparent"));
  const v1::Work work = WorkIn(out[0]);
  EXPECT_EQ(work.source().topic(), "trama.interactions.v1");
  EXPECT_EQ(work.source().partition(), 7);
  EXPECT_EQ(work.source().offset(), 41);
  EXPECT_EQ(work.interaction().SerializeAsString(), *read.value);
}

TEST(IntakeBatchTest, SendersOfAWorkspaceAreAskedForTogetherAndEachGetsHisOwnAnswer) {
  IntakeBatch batch = BatchOf({RecordOf(Sms("i1", 1), 0), RecordOf(Sms("i2", 2), 1)});
  const std::vector<SenderQuestion> questions = batch.Questions();
  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_EQ(questions[0].request.workspace(), "demo");
  EXPECT_THAT(questions[0].request.identifiers(), SizeIs(2));
  batch.TakeAnswer(0, Known({"first", "second"}));
  EXPECT_EQ(batch.pending_count(), 0u);
  const std::vector<Record> out = RecordsOf(batch);
  EXPECT_EQ(WorkIn(out[0]).facts().customer_id(), "first");
  EXPECT_EQ(WorkIn(out[1]).facts().customer_id(), "second");
  EXPECT_EQ(WorkIn(out[1]).facts().values().at("segment"), "gold");
  EXPECT_FALSE(WorkIn(out[1]).facts().pending());
}

TEST(IntakeBatchTest, FactsArePendingWhenProfileIsSilent) {
  IntakeBatch batch = BatchOf({RecordOf(Sms("i1"), 0)});
  batch.TakeAnswer(0, absl::DeadlineExceededError("silent"));
  EXPECT_EQ(batch.pending_count(), 1u);
  const v1::Work work = WorkIn(RecordsOf(batch)[0]);
  EXPECT_TRUE(work.facts().pending());
  EXPECT_EQ(work.facts().customer_id(), work.keys().sender());
}

TEST(IntakeBatchTest, AnAnswerForOtherSendersIsNone) {
  IntakeBatch batch = BatchOf({RecordOf(Sms("i1", 1), 0), RecordOf(Sms("i2", 2), 1)});
  batch.TakeAnswer(0, Known({"only one"}));
  EXPECT_EQ(batch.pending_count(), 2u);
}

TEST(IntakeBatchTest, ASenderWithoutIdentifierIsNotAskedFor) {
  interaction::v1::Interaction anonymous = Sms("i1");
  anonymous.clear_sender();
  const IntakeBatch batch = BatchOf({RecordOf(anonymous, 0)});
  EXPECT_THAT(batch.Questions(), IsEmpty());
  EXPECT_EQ(batch.pending_count(), 0u);
  EXPECT_EQ(batch.work_count(), 1u);
}

TEST(IntakeBatchTest, TheOriginalOfAMessageStaysBehind) {
  interaction::v1::Interaction held = Sms("i1");
  held.set_raw_original("POST /sms/demo/line HTTP/1.1");
  held.set_raw_content_type("message/http");
  const std::vector<Record> out = RecordsOf(BatchOf({RecordOf(held, 0)}));
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(WorkIn(out[0]).interaction().SerializeAsString(), Sms("i1").SerializeAsString());
}

TEST(IntakeBatchTest, AnUndecodableRecordIsKeptWhole) {
  Record read = RecordOf(Sms("i1"), 5, 3);
  read.value = std::string("\xff\x00not protobuf", 14);
  read.headers.push_back({"content-type", "application/protobuf"});
  const deadletter::v1::DeadLetter letter = LetterOf(read);
  EXPECT_EQ(letter.value(), *read.value);
  EXPECT_EQ(letter.key(), read.key);
  EXPECT_EQ(letter.headers_size(), static_cast<int>(read.headers.size()));
  EXPECT_EQ(letter.source_topic(), "trama.interactions.v1");
  EXPECT_EQ(letter.source_partition(), 3);
  EXPECT_EQ(letter.source_offset(), 5);
  EXPECT_EQ(letter.service(), "routing");
  EXPECT_THAT(letter.reason(), HasSubstr("trama.interaction.v1.Interaction"));
}

TEST(IntakeBatchTest, WhatCannotBeRoutedSaysWhyAndNeverWho) {
  Record no_value = RecordOf(Sms("i1"), 0);
  no_value.value.reset();
  EXPECT_THAT(LetterOf(no_value).reason(), HasSubstr("Interaction"));

  EXPECT_THAT(LetterOf(RecordOf(Sms(""), 0)).reason(), HasSubstr("interaction_id"));
  EXPECT_THAT(LetterOf(RecordOf(Sms("i1", 1, "unknown"), 0)).reason(), HasSubstr("unknown"));
  // Of this workspace alone: the others go on.
  const deadletter::v1::DeadLetter no_secret = LetterOf(RecordOf(Sms("i1", 1, "other"), 0));
  EXPECT_THAT(no_secret.reason(), HasSubstr("identity_secret"));
  EXPECT_EQ(no_secret.workspace(), "other");

  interaction::v1::Interaction fax = Sms("i1");
  fax.set_channel("fax");
  EXPECT_THAT(LetterOf(RecordOf(fax, 0)).reason(),
              AllOf(HasSubstr("\"fax\" has no outbound topic"), Not(HasSubstr("+1415"))));
}

TEST(IntakeBatchTest, OneBadRecordHoldsUpNoOther) {
  Record bad = RecordOf(Sms("bad"), 1);
  bad.value = "\xff";
  const IntakeBatch batch = BatchOf({RecordOf(Sms("i1"), 0), bad, RecordOf(Sms("i2"), 2)});
  const std::vector<Record> out = RecordsOf(batch);
  ASSERT_THAT(out, SizeIs(3));
  EXPECT_EQ(WorkIn(out[0]).source().offset(), 0);
  EXPECT_EQ(WorkIn(out[1]).source().offset(), 2);
  EXPECT_EQ(out[2].topic, "trama.deadletter.v1");
  EXPECT_EQ(batch.work_count(), 2u);
  EXPECT_EQ(batch.dead_letter_count(), 1u);
  EXPECT_THAT(batch.Complaints(), ElementsAre(HasSubstr("trama.interactions.v1/0/1: value")));
}

}  // namespace
}  // namespace trama::routing
