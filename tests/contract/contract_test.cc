#include <fstream>
#include <iterator>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "services/kernel/check.h"
#include "tests/contract/compatibility.h"

namespace trama::contract {
namespace {

using ::google::protobuf::FileDescriptorSet;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FileDescriptorSet Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  FileDescriptorSet set;
  EXPECT_TRUE(set.ParseFromIstream(&file)) << path;
  return set;
}

FileDescriptorSet Sample(const std::string& fields) {
  FileDescriptorSet set;
  TRAMA_CHECK(google::protobuf::TextFormat::ParseFromString(
      "file { name: 'a.proto' package: 'a' syntax: 'proto3' message_type { name: 'M' " + fields +
          " } }",
      &set));
  return set;
}

const char kText[] = "field { name: 'text' number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }";

// The landed descriptor is replaced by tools/accept_protos once a change is known to be compatible.
TEST(Contract, ProtosStayReadableForWhoeverWasBuiltBefore) {
  EXPECT_THAT(IncompatibleChanges(Read(TRAMA_LANDED_PROTOSET), Read(TRAMA_PROTOSET)), IsEmpty());
}

TEST(Contract, AnAddedFieldIsCompatible) {
  const std::string more =
      std::string(kText) +
      "field { name: 'more' number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }";
  EXPECT_THAT(IncompatibleChanges(Sample(kText), Sample(more)), IsEmpty());
}

TEST(Contract, ARemovedFieldMustBeReserved) {
  EXPECT_THAT(IncompatibleChanges(Sample(kText), Sample("")),
              ElementsAre(HasSubstr("a.M.text: field 1 is gone")));
  EXPECT_THAT(
      IncompatibleChanges(Sample(kText),
                          Sample("reserved_range { start: 1 end: 2 } reserved_name: 'text'")),
      IsEmpty());
}

TEST(Contract, AChangedTypeIsNamed) {
  EXPECT_THAT(
      IncompatibleChanges(
          Sample(kText),
          Sample("field { name: 'text' number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }")),
      ElementsAre("a.M.text: was string, is int32"));
}

TEST(Contract, ARenumberedFieldIsNamed) {
  EXPECT_THAT(
      IncompatibleChanges(
          Sample(kText),
          Sample("field { name: 'text' number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }")),
      ElementsAre(HasSubstr("field 1 is gone")));
}

TEST(Contract, AFieldThatBecomesRepeatedIsNamed) {
  EXPECT_THAT(
      IncompatibleChanges(
          Sample(kText),
          Sample("field { name: 'text' number: 1 type: TYPE_STRING label: LABEL_REPEATED }")),
      ElementsAre("a.M.text: changed between one and many"));
}

}  // namespace
}  // namespace trama::contract
