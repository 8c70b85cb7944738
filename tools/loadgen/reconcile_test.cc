#include "tools/loadgen/reconcile.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::loadgen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two messages of one conversation, an answer to them, and everything as it must be.
class ReconcileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* id : {"SM1", "SM2"}) {
      Sent sent;
      sent.vendor_id = id;
      sent.channel = "sms";
      sent.accepted = true;
      ledger_.sent.push_back(sent);
      const std::string interaction = std::string("interaction-") + id;
      evidence_.interactions[id] = {interaction};
      evidence_.received[interaction] = {"conversation"};
      evidence_.timeline[interaction] = 1;
    }
    ledger_.replies["token"] = {
        .channel = "sms", .conversation_id = "conversation", .accepted = true};
    ledger_.arrivals["token"] = 1;
    evidence_.replies_sent = 1;
    evidence_.resolved = 1;
    evidence_.counted_in = 2;
    evidence_.counted_out = 1;
    evidence_.counted_resolved = 1;
  }

  std::vector<std::pair<std::string, std::string>> Differences() const {
    std::vector<std::pair<std::string, std::string>> found;
    for (const Difference& each : Reconcile(ledger_, evidence_)) {
      found.emplace_back(each.where, each.id);
    }
    return found;
  }

  Ledger::State ledger_;
  Evidence evidence_;
};

TEST_F(ReconcileTest, NothingIsSaidWhenAllIsThereOnce) { EXPECT_THAT(Differences(), IsEmpty()); }

TEST_F(ReconcileTest, WhatOthersHaveSentIsNoDifferenceWhenThereAreSome) {
  evidence_.interactions["SM-other"] = {"interaction-other"};
  evidence_.received["interaction-other"] = {"conversation"};
  evidence_.counted_in = 3;
  EXPECT_THAT(Reconcile(ledger_, evidence_, /*has_others=*/true), IsEmpty());
  EXPECT_THAT(Differences(), ElementsAre(std::pair("interactions", "SM-other"),
                                         std::pair("counted", "messages in")));
}

TEST_F(ReconcileTest, ALostMessageIsNamed) {
  evidence_.interactions.erase("SM1");
  evidence_.counted_in = 1;
  EXPECT_THAT(Differences(), ElementsAre(std::pair("interactions", "SM1")));
}

TEST_F(ReconcileTest, AMessageThatWasNeverAnsweredMayBeLostButNotHalf) {
  ledger_.sent[0].accepted = false;
  ledger_.sent[0].broken = true;
  EXPECT_THAT(Differences(), IsEmpty());
  evidence_.received.clear();
  EXPECT_THAT(Differences(),
              ElementsAre(std::pair("conversations", "SM1"), std::pair("conversations", "SM2")));
}

TEST_F(ReconcileTest, AMessageThatWasRefusedAndIsThereIsNamed) {
  ledger_.sent[0].accepted = false;
  EXPECT_THAT(Differences(), ElementsAre(std::pair("interactions", "SM1")));
}

TEST_F(ReconcileTest, ADoubledMessageIsNamedWhereItIsDoubled) {
  evidence_.received["interaction-SM2"].push_back("another");
  evidence_.timeline["interaction-SM1"] = 2;
  EXPECT_THAT(Differences(),
              ElementsAre(std::pair("timeline", "SM1"), std::pair("conversations", "SM2")));
}

TEST_F(ReconcileTest, WhatNobodySentIsNamed) {
  evidence_.interactions["SM3"] = {"interaction-SM3"};
  EXPECT_THAT(Differences(), ElementsAre(std::pair("interactions", "SM3")));
}

TEST_F(ReconcileTest, AnAnswerMustReachTheVendorOnce) {
  ledger_.arrivals["token"] = 2;
  EXPECT_THAT(Differences(), ElementsAre(std::pair("delivered", "token")));
  ledger_.arrivals.clear();
  EXPECT_THAT(Differences(), ElementsAre(std::pair("delivered", "token")));
}

TEST_F(ReconcileTest, AnAnswerThatWasRefusedMustNotReachTheVendor) {
  ledger_.replies["token"].accepted = false;
  ledger_.replies["token"].refused = true;
  EXPECT_THAT(Differences(),
              ElementsAre(std::pair("delivered", "token"), std::pair("conversations", "replies")));
}

TEST_F(ReconcileTest, WhatAnEarlierRunHadLeftOverIsNotCounted) {
  ledger_.replies["before"] = {
      .channel = "sms", .conversation_id = "before", .accepted = true, .earlier = true};
  ledger_.arrivals["before"] = 1;
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(ReconcileTest, FiguresAreCompared) {
  evidence_.counted_in = 3;
  evidence_.counted_resolved = 0;
  EXPECT_THAT(Differences(),
              ElementsAre(std::pair("counted", "messages in"), std::pair("counted", "resolved")));
}

TEST_F(ReconcileTest, WhatIsLeftOverAndWhoHadTwoOwnersIsNamed) {
  evidence_.unfinished["conversation"] = 3;
  evidence_.two_owners.push_back("other");
  EXPECT_THAT(Differences(), ElementsAre(std::pair("conversations", "conversation"),
                                         std::pair("conversations", "other")));
}

TEST_F(ReconcileTest, AReceiptThatTheConversationDoesNotKnowOfIsNamed) {
  ledger_.replies["token"].message_id = "message";
  ledger_.receipts = {"token"};
  EXPECT_THAT(Differences(), ElementsAre(std::pair("receipts", "token")));
  evidence_.delivered = {"message"};
  EXPECT_THAT(Differences(), IsEmpty());
}

}  // namespace
}  // namespace trama::loadgen
