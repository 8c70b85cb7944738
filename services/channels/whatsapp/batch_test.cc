#include "services/channels/whatsapp/batch.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/whatsapp/testing/payloads.h"

namespace trama::whatsapp {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: the vendor's bodies.

channels::WebhookReading Read(const std::string& body) {
  channels::ChannelAccount account;
  account.workspace = "demo";
  account.name = "main";
  account.spec.set_state(config::v1::ChannelAccountSpec::ON);
  account.spec.mutable_whatsapp()->set_phone_number_id(kNumberId);
  account.spec.mutable_whatsapp()->set_business_account_id("1020");
  platform::HttpRequest request;
  request.method = "POST";
  request.target = "/whatsapp/demo/main";
  request.body = body;
  const auto account_of = [&](const std::string&) { return std::optional(account); };
  return Batch(request, account, account_of, absl::FromUnixSeconds(1'795'350'000)).Read();
}

std::string OneChange() {
  return Change(absl::StrCat(Contacts(), R"(,"messages":[)", Message("wamid.1", Text("one")), "]"));
}

TEST(BatchTest, OriginalOfAMessageThatCameAloneIsTheRequest) {
  const channels::WebhookReading reading = Read(Body(OneChange()));
  ASSERT_THAT(reading.arrivals, SizeIs(1));
  EXPECT_THAT(reading.arrivals[0].raw, HasSubstr(Body(OneChange())));
}

TEST(BatchTest, NewsAboutTheAccountDoesNotStandInACustomersOriginal) {
  const std::string news = Change(R"("event":"REJECTED","reason":"secret news")", kNumberId,
                                  "message_template_status_update");
  const channels::WebhookReading reading = Read(Body(absl::StrCat(OneChange(), ",", news)));
  ASSERT_THAT(reading.arrivals, SizeIs(1));
  EXPECT_THAT(reading.unreadable, IsEmpty());
  EXPECT_THAT(reading.arrivals[0].raw, HasSubstr("wamid.1"));
  EXPECT_THAT(reading.arrivals[0].raw, Not(HasSubstr("secret news")));
}

TEST(BatchTest, ChangeThatBringsSomethingNewIsKeptWhole) {
  const std::string news = Change(R"("knocks":[{"id":"k1"}])");
  const channels::WebhookReading reading = Read(Body(absl::StrCat(OneChange(), ",", news)));
  ASSERT_THAT(reading.unreadable, SizeIs(1));
  EXPECT_THAT(reading.unreadable[0].body, HasSubstr(R"("knocks":[{"id":"k1"}])"));
  EXPECT_THAT(reading.unreadable[0].body, Not(HasSubstr("wamid.1")));
  ASSERT_THAT(reading.arrivals, SizeIs(1));
  EXPECT_THAT(reading.arrivals[0].raw, Not(HasSubstr("knocks")));
}

}  // namespace
}  // namespace trama::whatsapp
