// pywa, a client library of the Cloud API, on the other side: it judges what we sign and what we
// send, and reads out of the vendor's payloads what we read.

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/testing/vendor_process.h"
#include "services/channels/whatsapp/content.h"
#include "services/channels/whatsapp/parse.h"
#include "services/channels/whatsapp/send.h"
#include "services/channels/whatsapp/signature.h"
#include "services/channels/whatsapp/testing/payloads.h"

namespace trama::whatsapp {
namespace {

using channels::testing::RunVendorPython;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: the vendor's bodies.
using json = nlohmann::json;

constexpr char kScript[] = "services/channels/whatsapp/testing/pywa_sdk.py";

std::vector<json> Ask(const std::string& what, const std::string& input) {
  const absl::StatusOr<std::string> printed = RunVendorPython(kScript, {what}, input);
  EXPECT_TRUE(printed.ok()) << printed.status();
  std::vector<json> lines;
  if (!printed.ok()) return lines;
  for (absl::string_view line : absl::StrSplit(*printed, '\n', absl::SkipEmpty())) {
    lines.push_back(json::parse(line.begin(), line.end()));
  }
  return lines;
}

outbound::v1::OutboundMessage Begin() {
  outbound::v1::OutboundMessage message;
  message.set_message_id("m1");
  message.set_conversation_id("c1");
  message.set_partition(1);
  message.set_recipient_address(kWaId);
  return message;
}

types::v1::Media Stored(const std::string& type, const std::string& name) {
  types::v1::Media media;
  media.set_blob("demo/x/y");
  media.set_content_type(type);
  media.set_file_name(name);
  return media;
}

void AddChoice(google::protobuf::RepeatedPtrField<types::v1::Choice>& choices,
               const std::string& id, const std::string& title,
               const std::string& description = "") {
  types::v1::Choice& choice = *choices.Add();
  choice.set_id(id);
  choice.set_title(title);
  choice.set_description(description);
}

void AddTemplate(const std::string& name, outbound::v1::OutboundMessage& message) {
  types::v1::Template& given = *message.add_parts()->mutable_template_();
  types::v1::TemplateParameter& parameter = *given.add_body();
  parameter.set_text("Ana");
  if (name == "named") {
    given.set_name("n");
    given.set_language("en_US");
    parameter.set_name("who");
    return;
  }
  given.set_name("order_update");
  given.set_language("pt_BR");
  *given.mutable_header_media() = Stored("image/png", "");
  types::v1::TemplateButton& url = *given.add_buttons();
  url.set_kind(types::v1::TemplateButton::KIND_URL);
  url.set_index(1);
  url.set_value("42");
  types::v1::TemplateButton& reply = *given.add_buttons();
  reply.set_kind(types::v1::TemplateButton::KIND_QUICK_REPLY);
  reply.set_value("p");
}

void AddInteractive(const std::string& name, outbound::v1::OutboundMessage& message) {
  types::v1::Interactive& given = *message.add_parts()->mutable_interactive();
  given.set_body(name == "link" ? "go" : "pick");
  if (name == "buttons") {
    given.set_header("H");
    given.set_footer("F");
    AddChoice(*given.mutable_buttons()->mutable_choices(), "y", "Yes");
    AddChoice(*given.mutable_buttons()->mutable_choices(), "n", "No");
  } else if (name == "menu") {
    given.mutable_menu()->set_title("Menu");
    types::v1::Interactive::Section& section = *given.mutable_menu()->add_sections();
    section.set_title("S");
    AddChoice(*section.mutable_choices(), "r", "R", "d");
  } else {
    given.mutable_link()->set_title("Open");
    given.mutable_link()->set_url("https://x.test/");
  }
}

// The message that the SDK sends in its case of that name.
outbound::v1::OutboundMessage MessageOf(const std::string& name) {
  outbound::v1::OutboundMessage message = Begin();
  if (name == "image") {
    *message.add_parts()->mutable_media() = Stored("image/png", "x.png");
    message.add_parts()->mutable_text()->set_body("look");
  } else if (name == "document") {
    *message.add_parts()->mutable_media() = Stored("application/pdf", "f.pdf");
  } else if (name == "template" || name == "named") {
    AddTemplate(name, message);
  } else if (name == "text" || name == "user") {
    message.add_parts()->mutable_text()->set_body("hello");
    if (name == "user") message.set_recipient_address("US.1349");
  } else {
    AddInteractive(name, message);
  }
  return message;
}

// The vendor takes the words of components in either case, and an index as number or text.
json Normal(json body) {
  if (!body.contains("template")) return body;
  for (json& component : body["template"]["components"]) {
    for (const char* word : {"type", "sub_type"}) {
      if (!component.contains(word)) continue;
      component[word] = absl::AsciiStrToLower(component[word].get<std::string>());
    }
    if (component.contains("index") && component["index"].is_number()) {
      component["index"] = std::to_string(component["index"].get<int>());
    }
  }
  return body;
}

TEST(PywaTest, WeSendWhatTheSdkSends) {
  const std::vector<json> cases = Ask("bodies", "");
  ASSERT_THAT(cases, SizeIs(9));
  WhatsAppAccountView account;
  account.phone_number_id = kNumberId;
  for (const json& made : cases) {
    const std::string name = made["case"];
    const outbound::v1::OutboundMessage message = MessageOf(name);
    const auto refused = CheckSend(message, absl::FromUnixSeconds(1'795'350'000));
    ASSERT_FALSE(refused.has_value()) << name << ": " << refused->detail();
    const json ours = json::parse(BuildSend(account, message, "4711").body);
    EXPECT_EQ(ours, Normal(made["body"])) << name;
  }
}

TEST(PywaTest, WhatWeSignTheSdkAccepts) {
  std::string lines;
  for (const char* secret : {"s", "a much longer secret of an app", "\xC3\xA9"}) {
    for (const std::string& body :
         {std::string("{}"), OneMessage("wamid.1", Text("\\u00e4 \xC3\xA4")), std::string()}) {
      lines +=
          json{{"secret", secret}, {"body", body}, {"signature", ComputeSignature(secret, body)}}
              .dump() +
          "\n";
    }
  }
  Ask("check", lines);
}

TEST(PywaTest, WeReadWhatTheSdkReads) {
  const std::string nobody_knows_his_number = Body(Change(absl::StrCat(
      R"("contacts":[{"profile":{"name":"Ana"},"user_id":")", kUserId,
      R"("}],"messages":[{"from_user_id":")", kUserId,
      R"(","id":"wamid.2","timestamp":"1795350000","type":"text","text":{"body":"no number"}}])")));
  const std::vector<std::string> bodies = {
      OneMessage("wamid.1", Text("hello")), nobody_knows_his_number,
      OneMessage("wamid.3", R"("type":"image","image":{"id":"4711","mime_type":"image/png",)"
                            R"("sha256":"x","caption":"look"})"),
      OneMessage("wamid.4",
                 R"("type":"reaction","reaction":{"emoji":"+","message_id":"wamid.9"})")};
  std::string lines;
  for (const std::string& body : bodies) absl::StrAppend(&lines, body, "\n");
  const std::vector<json> seen = Ask("read", lines);
  ASSERT_EQ(seen.size(), bodies.size());
  WhatsAppAccountView account;
  account.portfolio = "77";
  for (size_t i = 0; i < bodies.size(); ++i) {
    const auto envelope = ReadEnvelope(bodies[i]);
    ASSERT_TRUE(envelope.ok());
    const auto parsed = ParseEvent(envelope->events.at(0), account, absl::UnixEpoch());
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    const interaction::v1::Interaction& ours = parsed->interaction;
    EXPECT_EQ(ours.vendor_message_id(), seen[i]["id"]);
    EXPECT_EQ(ours.sender().identifier().value(), seen[i]["user_id"]);
    EXPECT_EQ(ours.sender().address(),
              seen[i]["wa_id"].is_null() ? seen[i]["user_id"] : seen[i]["wa_id"]);
    EXPECT_EQ(ours.sent_at().seconds(), seen[i]["sent_at"].get<int64_t>());
    EXPECT_EQ(ours.parts(ours.parts_size() - 1).text().body(), seen[i]["text"]);
    if (seen[i].contains("media_id")) {
      EXPECT_EQ(MediaIdOf(ours.parts(0).media().vendor_url()), seen[i]["media_id"]);
    }
    if (seen[i].contains("target")) {
      EXPECT_EQ(ours.reply_to_vendor_message_id(), seen[i]["target"]);
    }
  }
}

}  // namespace
}  // namespace trama::whatsapp
