#include "services/kernel/resources/identifiers.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/ids.h"

namespace trama {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSecret[] = "0123456789abcdef";

types::v1::Identifier Proto(types::v1::IdentifierKind kind, const std::string& scope,
                            const std::string& value) {
  types::v1::Identifier identifier;
  identifier.set_kind(kind);
  identifier.set_scope(scope);
  identifier.set_value(value);
  return identifier;
}

TEST(IdentifiersTest, EveryKindWithRulesOfItsOwnReadsBack) {
  for (const Identifier& identifier :
       {Identifier{"email", "", "ana@x.test"}, Identifier{"phone", "", "+5511987654321"},
        Identifier{"sms", "BR", "BANCO"}, Identifier{"account", "crm", "4711"},
        Identifier{"device", "kiosk", "d1"}, Identifier{"reference", "order", "A-1"}}) {
    const absl::StatusOr<Identifier> read = FromProto(ToProto(identifier));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, identifier);
  }
}

TEST(IdentifiersTest, AChannelsOwnKindIsToldApartByItsScope) {
  const types::v1::Identifier proto = ToProto(Identifier{"whatsapp", "waba-1", "id"});
  EXPECT_EQ(proto.kind(), types::v1::IDENTIFIER_KIND_CHANNEL);
  EXPECT_EQ(*FromProto(proto), (Identifier{"channel", "waba-1", "id"}));
}

TEST(IdentifiersTest, WhatHasNoKindNoValueOrAScopeTooManyIsRefused) {
  EXPECT_FALSE(FromProto(Proto(types::v1::IDENTIFIER_KIND_UNSPECIFIED, "", "x")).ok());
  EXPECT_FALSE(FromProto(Proto(types::v1::IDENTIFIER_KIND_ACCOUNT, "crm", "")).ok());
  EXPECT_FALSE(FromProto(Proto(types::v1::IDENTIFIER_KIND_EMAIL, "crm", "ana@x.test")).ok());
}

TEST(IdentifiersTest, ARefusalDoesNotNameTheValue) {
  const auto refused = FromProto(Proto(types::v1::IDENTIFIER_KIND_PHONE, "", "5511987654321"));
  EXPECT_THAT(refused.status().ToString(), Not(HasSubstr("5511987654321")));
}

// A fixed value, because the id is a contract between profile and routing.
TEST(IdentifiersTest, TheCustomerIdIsKeyedOfTheCanonicalText) {
  EXPECT_EQ(CustomerIdOf(kSecret, Proto(types::v1::IDENTIFIER_KIND_EMAIL, "", "ana@x.test")),
            KeyedId(kSecret, {"customer", "email:ana@x.test"}));
}

}  // namespace
}  // namespace trama
