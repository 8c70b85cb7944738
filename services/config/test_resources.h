#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/config/field_checks.h"
#include "trama/config/v1/config_service.pb.h"
#include "trama/config/v1/resources.pb.h"

// Resources for tests: correct ones, to be broken one field at a time.
namespace trama::config::testing {

// From Protobuf's text format; dies when it cannot be read.
v1::Resource Resource(std::string_view text);

v1::Resource Workspace(const std::string& name);
v1::Resource Skill(const std::string& workspace, const std::string& name);
v1::Resource Calendar(const std::string& workspace, const std::string& name);
v1::Resource Queue(const std::string& workspace, const std::string& name);
v1::Resource Agent(const std::string& workspace, const std::string& name);
v1::Resource EmailAccount(const std::string& workspace, const std::string& name,
                          const std::string& address);
v1::Resource WhatsAppAccount(const std::string& workspace, const std::string& name,
                             const std::string& phone_number_id);
v1::Resource SmsAccount(const std::string& workspace, const std::string& name,
                        const std::string& number);

v1::ApplyRequest Request(const std::vector<v1::Resource>& resources);
v1::DeleteRequest DeleteOf(const std::vector<std::string>& keys);

// "path: description" of each.
std::vector<std::string> Lines(const Violations& violations);

// What is wrong with a resource, in lines.
std::vector<std::string> Wrong(const v1::Resource& resource);

}  // namespace trama::config::testing
