#include "services/channels/common/interaction_ids.h"

#include "gtest/gtest.h"
#include "services/kernel/ids.h"

namespace trama::channels {
namespace {

using interaction::v1::KIND_CONSENT;
using interaction::v1::KIND_MESSAGE;

TEST(InteractionIdsTest, RedeliveryHasTheSameId) {
  EXPECT_EQ(InteractionId("sms", "demo", "main", "SM1", KIND_MESSAGE),
            InteractionId("sms", "demo", "main", "SM1", KIND_MESSAGE));
}

// A fixed value, because ids are a contract: repeats of older events must stay repeats.
TEST(InteractionIdsTest, IdIsTheDerivedIdOfItsParts) {
  EXPECT_EQ(InteractionId("sms", "demo", "main", "SM1", KIND_MESSAGE),
            DerivedId({"sms", "demo", "main", "SM1", "KIND_MESSAGE"}));
}

TEST(InteractionIdsTest, WorkspaceAccountEventKindAndPartTellIdsApart) {
  const std::string id = InteractionId("sms", "demo", "main", "SM1", KIND_MESSAGE);
  EXPECT_NE(id, InteractionId("sms", "demo2", "main", "SM1", KIND_MESSAGE));
  EXPECT_NE(id, InteractionId("sms", "demo", "other", "SM1", KIND_MESSAGE));
  EXPECT_NE(id, InteractionId("sms", "demo", "main", "SM2", KIND_MESSAGE));
  EXPECT_NE(id, InteractionId("sms", "demo", "main", "SM1", KIND_CONSENT));
  EXPECT_NE(id, InteractionId("sms", "demo", "main", "SM1", KIND_MESSAGE, "0"));
}

TEST(InteractionIdsTest, KeyNamesWorkspaceAndSender) {
  const auto phone = ToProto(Identifier{"phone", "", "+5511987654321"});
  EXPECT_EQ(InteractionKey("demo", phone), "demo/phone:+5511987654321");
  const auto bank = ToProto(Identifier{"sms", "BR", "BANCO"});
  EXPECT_EQ(InteractionKey("demo", bank), "demo/sms:BR:BANCO");
}

TEST(InteractionIdsTest, FilesOfOnePersonAreNamedOnlyWithTheWorkspacesSecret) {
  const auto phone = ToProto(Identifier{"phone", "", "+5511987654321"});
  const std::string key = BlobOwnerKey("0123456789abcdef", phone);
  EXPECT_EQ(key, BlobOwnerKey("0123456789abcdef", phone));
  EXPECT_NE(key, BlobOwnerKey("fedcba9876543210", phone));
}

}  // namespace
}  // namespace trama::channels
