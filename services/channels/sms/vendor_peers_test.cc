// The vendor's own code on the other side: its SDK signs and checks, its OpenAPI (answered by
// Prism) judges our requests, WireMock counts them.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/channels/common/testing/vendor_process.h"
#include "services/channels/sms/signature.h"
#include "services/channels/sms/testing/sms_world.h"

namespace trama::sms {
namespace {

using channels::testing::RunVendorPython;
using channels::testing::VendorFolder;
using channels::testing::VendorProcess;
using nlohmann::json;
using testing::kPublicUrl;
using testing::kToken;
using ::testing::SizeIs;

constexpr char kSdkScript[] = "services/channels/sms/testing/twilio_sdk.py";

Params ToParams(const json& object) {
  Params params;
  for (const auto& [name, value] : object.items()) {
    params.emplace_back(name, value.get<std::string>());
  }
  return params;
}

std::vector<json> SignedBySdk() {
  const absl::StatusOr<std::string> printed = RunVendorPython(kSdkScript, {"sign"}, "");
  EXPECT_TRUE(printed.ok()) << printed.status();
  std::vector<json> cases;
  if (!printed.ok()) return cases;
  for (absl::string_view line : absl::StrSplit(*printed, '\n', absl::SkipEmpty())) {
    cases.push_back(json::parse(line.begin(), line.end()));
  }
  return cases;
}

TEST(TwilioSdkTest, WhatTheSdkSignsIsAccepted) {
  const std::vector<json> cases = SignedBySdk();
  ASSERT_THAT(cases, SizeIs(300));
  for (const json& made : cases) {
    const std::string signature = made["signature"];
    const std::string settings = "algorithm=" + made["algorithm"].get<std::string>();
    SignedRequest request;
    request.url = made["url"];
    request.is_form = true;
    request.form = ToParams(made["params"]);
    request.signature = signature;
    request.signature_settings = settings;
    const SigningSecrets secrets{.auth_tokens = {"another", made["token"]}};
    EXPECT_TRUE(CheckSignature(request, secrets).ok()) << made.dump();
  }
}

TEST(TwilioSdkTest, WhatWeSignTheSdkAccepts) {
  std::string lines;
  for (json made : SignedBySdk()) {
    const auto algorithm = made["algorithm"] == "HMAC_SHA256" ? SignatureAlgorithm::kHmacSha256
                                                              : SignatureAlgorithm::kHmacSha1;
    // The SDK checks the URL with and without a port, whichever was signed.
    const std::string url = WithoutPort(made["url"].get<std::string>());
    made["signature"] = ComputeSignature(algorithm, made["token"].get<std::string>(), url,
                                         ToParams(made["params"]));
    absl::StrAppend(&lines, made.dump(), "\n");
  }
  const absl::StatusOr<std::string> checked = RunVendorPython(kSdkScript, {"check"}, lines);
  EXPECT_TRUE(checked.ok()) << checked.status();
}

class PeersTest : public testing::SmsWorld {
 protected:
  // A message of its own recipient, so that one's refusal is not another's.
  void WriteTo(const std::string& id, const std::string& recipient, const std::string& text) {
    outbound::v1::OutboundMessage message = Outbound(id, text);
    message.mutable_recipient()->set_value(recipient);
    message.set_recipient_address(recipient);
    WriteOutbound(message);
  }

  std::string Ask(const std::string& method, const std::string& url, const json& body) {
    platform::HttpClientRequest request;
    request.method = method;
    request.url = *platform::ParseUrl(url);
    request.headers.Set("Content-Type", "application/json");
    if (!body.is_null()) request.body = body.dump();
    const platform::HttpOutcome outcome = http_->SendBlocking(std::move(request));
    EXPECT_EQ(outcome.kind, platform::HttpOutcomeKind::kResponse) << outcome.error;
    EXPECT_LT(outcome.response.status, 300) << outcome.response.body;
    return outcome.response.body;
  }
};

class WireMockTest : public PeersTest {
 protected:
  void SetUp() override {
    PeersTest::SetUp();
    if (HasFatalFailure()) return;
    const std::string jar = VendorFolder() + "/jars/wiremock-standalone-3.13.1.jar";
    auto started = VendorProcess::Start({"java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-jar", jar,
                                         "--port", "{port}", "--bind-address", "127.0.0.1"});
    ASSERT_TRUE(started.ok()) << started.status();
    wiremock_ = *std::move(started);
    UseApi(wiremock_->url());
  }

  // Sends whose text is `text` are answered so; `scenario` may be empty.
  void Stub(const std::string& text, const json& response, const std::string& scenario = "",
            const std::string& state = "", const std::string& next = "") {
    json mapping = {{"request",
                     {{"method", "POST"},
                      {"urlPath", "/2010-04-01/Accounts/AC1/Messages.json"},
                      {"bodyPatterns", {{{"contains", "Body=" + text + "&"}}}}}},
                    {"response", response}};
    if (!scenario.empty()) {
      mapping["scenarioName"] = scenario;
      mapping["requiredScenarioState"] = state;
      mapping["newScenarioState"] = next;
    }
    Ask("POST", wiremock_->url() + "/__admin/mappings", mapping);
  }

  // How many sends of that text stand in WireMock's journal.
  int Count(const std::string& text) {
    const json question = {{"method", "POST"},
                           {"urlPath", "/2010-04-01/Accounts/AC1/Messages.json"},
                           {"bodyPatterns", {{{"contains", "Body=" + text + "&"}}}}};
    return json::parse(
        Ask("POST", wiremock_->url() + "/__admin/requests/count", question))["count"];
  }

  void ExpectStory(const std::string& id, const std::string& story) {
    Eventually([&] { return Story(id) == story; });
    EXPECT_EQ(Story(id), story);
  }

  std::unique_ptr<VendorProcess> wiremock_;
};

TEST_F(WireMockTest, EveryKindOfAnswerCostsAsManyRequestsAsItMay) {
  const json accepted = {{"status", 201}, {"body", R"({"sid":"SM1","status":"queued"})"}};
  Stub("fine", accepted);
  Stub("limited", {{"status", 429}, {"headers", {{"Retry-After", "0"}}}}, "limits", "Started",
       "free");
  Stub("limited", accepted, "limits", "free", "free");
  Stub("reset", {{"fault", "CONNECTION_RESET_BY_PEER"}});
  Stub("broken", {{"status", 500}});
  Stub("unsubscribed", {{"status", 400}, {"body", R"({"code":21610,"message":"x"})"}});
  StartDelivery();
  WriteTo("m1", "+14155550101", "fine");
  WriteTo("m2", "+14155550102", "limited");
  WriteTo("m3", "+14155550103", "reset");
  WriteTo("m4", "+14155550104", "broken");
  WriteTo("m5", "+14155550105", "unsubscribed");

  ExpectStory("m1", "attempting#1 sent#1");
  ExpectStory("m2", "attempting#1 retrying#1 attempting#2 sent#2");
  ExpectStory("m3", "attempting#1 unknown#1 attempting#2 unknown#2 failed#2");
  ExpectStory("m4", "attempting#1 unknown#1 attempting#2 unknown#2 failed#2");
  ExpectStory("m5", "attempting#1 failed#1");
  EXPECT_EQ(Count("fine"), 1);
  EXPECT_EQ(Count("limited"), 2);
  EXPECT_EQ(Count("reset"), 2);
  EXPECT_EQ(Count("broken"), 2);
  EXPECT_EQ(Count("unsubscribed"), 1);
}

TEST_F(PeersTest, PrismTakesOurSendByTheVendorsOwnSchema) {
  const std::string spec = VendorFolder() +
                           "/node_modules/@twilio/cli-core/src/services/twilio-api/"
                           "twilio_api_v2010.json";
  auto prism = VendorProcess::Start({VendorFolder() + "/node_modules/.bin/prism", "mock", "-h",
                                     "127.0.0.1", "-p", "{port}", spec});
  ASSERT_TRUE(prism.ok()) << prism.status();
  // The schema wants an account id of the vendor's shape.
  UseApi((*prism)->url(), "AC" + std::string(32, '0'));
  StartDelivery();
  WriteTo("m1", "+14155550101", "hello");
  EXPECT_TRUE(Eventually([&] { return Story("m1") == "attempting#1 sent#1"; })) << Story("m1");
}

}  // namespace
}  // namespace trama::sms
