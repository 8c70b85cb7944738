#include "services/config/test_resources.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "google/protobuf/text_format.h"
#include "services/config/resource_id.h"
#include "services/config/spec_checks.h"
#include "services/kernel/check.h"

namespace trama::config::testing {

v1::Resource Resource(std::string_view text) {
  v1::Resource resource;
  TRAMA_CHECK(google::protobuf::TextFormat::ParseFromString(std::string(text), &resource));
  resource.set_api_version("trama/v1");
  return resource;
}

v1::Resource Workspace(const std::string& name) {
  return Resource(absl::Substitute(
      R"pb(kind: "Workspace"
           metadata { name: "$0" }
           workspace {
             time_zone: "America/Sao_Paulo"
             default_region: "BR"
             identity_secret: "env:IDENTITY_SECRET"
           })pb",
      name));
}

v1::Resource Skill(const std::string& workspace, const std::string& name) {
  return Resource(absl::Substitute(R"pb(kind: "Skill"
                                        metadata { name: "$1" workspace: "$0" }
                                        skill {})pb",
                                   workspace, name));
}

v1::Resource Calendar(const std::string& workspace, const std::string& name) {
  return Resource(
      absl::Substitute(R"pb(kind: "Calendar"
                            metadata { name: "$1" workspace: "$0" }
                            calendar { time_zone: "America/Sao_Paulo" monday: "09:00-18:00" })pb",
                       workspace, name));
}

v1::Resource Queue(const std::string& workspace, const std::string& name) {
  return Resource(absl::Substitute(R"pb(kind: "Queue"
                                        metadata { name: "$1" workspace: "$0" }
                                        queue {})pb",
                                   workspace, name));
}

v1::Resource Agent(const std::string& workspace, const std::string& name) {
  return Resource(absl::Substitute(R"pb(kind: "Agent"
                                        metadata { name: "$1" workspace: "$0" }
                                        agent {})pb",
                                   workspace, name));
}

v1::Resource EmailAccount(const std::string& workspace, const std::string& name,
                          const std::string& address) {
  return Resource(absl::Substitute(R"pb(kind: "ChannelAccount"
                                        metadata { name: "$1" workspace: "$0" }
                                        channel_account {
                                          channel: "email"
                                          state: ON
                                          email {
                                            address: "$2"
                                            smtp_server: "127.0.0.1:2526"
                                            smtp_tls: NONE
                                            token_secret: "env:TOKEN_SECRET"
                                          }
                                        })pb",
                                   workspace, name, address));
}

v1::Resource SmsAccount(const std::string& workspace, const std::string& name,
                        const std::string& number) {
  return Resource(absl::Substitute(R"pb(kind: "ChannelAccount"
                                        metadata { name: "$1" workspace: "$0" }
                                        channel_account {
                                          channel: "sms"
                                          state: ON
                                          sms {
                                            account_sid: "AC00112233445566778899aabbccddeeff"
                                            auth_tokens: "env:TWILIO_TOKEN"
                                            numbers: "$2"
                                            public_base_url: "https://sms.firm.example"
                                          }
                                        })pb",
                                   workspace, name, number));
}

v1::Resource WhatsAppAccount(const std::string& workspace, const std::string& name,
                             const std::string& phone_number_id) {
  return Resource(absl::Substitute(R"pb(kind: "ChannelAccount"
                                        metadata { name: "$1" workspace: "$0" }
                                        channel_account {
                                          channel: "whatsapp"
                                          state: ON
                                          whatsapp {
                                            phone_number_id: "$2"
                                            business_account_id: "1020"
                                            app_secrets: "env:META_APP_SECRET"
                                            verify_token: "env:META_VERIFY_TOKEN"
                                            access_token: "env:META_ACCESS_TOKEN"
                                          }
                                        })pb",
                                   workspace, name, phone_number_id));
}

v1::ApplyRequest Request(const std::vector<v1::Resource>& resources) {
  v1::ApplyRequest request;
  for (const v1::Resource& resource : resources) *request.add_resources() = resource;
  return request;
}

v1::DeleteRequest DeleteOf(const std::vector<std::string>& keys) {
  v1::DeleteRequest request;
  for (const std::string& key : keys) {
    const std::optional<ResourceId> id = ParseKey(key);
    TRAMA_CHECK(id.has_value());
    v1::ResourceRef& ref = *request.add_resources();
    ref.set_kind(id->kind);
    ref.set_workspace(id->workspace);
    ref.set_name(id->name);
  }
  return request;
}

std::vector<std::string> Lines(const Violations& violations) {
  std::vector<std::string> lines;
  for (const FieldViolation& violation : violations) {
    lines.push_back(absl::StrCat(violation.field, ": ", violation.description));
  }
  return lines;
}

std::vector<std::string> Wrong(const v1::Resource& resource) {
  Violations violations;
  CheckResource(resource, "r", violations);
  return Lines(violations);
}

}  // namespace trama::config::testing
