#include "services/platform/kafka/access.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr char kChannels[] = "channels";

using Rules = std::set<AccessRule>;

// The services that a list of the file means; those that it does not know go to `unknown`.
std::vector<std::string> ServicesOf(const std::vector<std::string>& names, const TopicsFile& file,
                                    std::string& unknown) {
  std::vector<std::string> services;
  for (const std::string& name : names) {
    const size_t before = services.size();
    for (const ServiceSpec& service : file.services) {
      if (service.name == name || (name == kChannels && service.channel)) {
        services.push_back(service.name);
      }
    }
    if (services.size() == before && unknown.empty()) unknown = name;
  }
  return services;
}

void AddTopic(const std::string& service, const std::string& topic, AccessOperation operation,
              Rules& rules) {
  const std::string user = AccessUser(service);
  rules.insert({.user = user, .name = topic, .operation = operation});
  // Who uses a topic may see its settings: services compare them with the declaration.
  rules.insert({.user = user, .name = topic, .operation = AccessOperation::kDescribeConfigs});
}

void AddService(const ServiceSpec& service, Rules& rules) {
  const std::string user = AccessUser(service.name);
  // Readers of partitions that they name themselves have no group, but librdkafka wants a name, for
  // which we give that of the client, and looks for its coordinator.
  rules.insert({.user = user,
                .resource = AccessResource::kGroup,
                .name = service.name,
                .operation = AccessOperation::kDescribe});
  for (const std::string& group : service.groups) {
    rules.insert({.user = user, .resource = AccessResource::kGroup, .name = group});
  }
  if (!service.transactional_ids.empty()) {
    rules.insert({.user = user,
                  .resource = AccessResource::kTransactionalId,
                  .name = service.transactional_ids,
                  .prefix = true,
                  .operation = AccessOperation::kWrite});
  }
  for (const std::string& topic : service.sees) {
    AddTopic(service.name, topic, AccessOperation::kDescribe, rules);
  }
  if (service.person) {
    AddTopic(service.name, "*", AccessOperation::kRead, rules);
    AddTopic(service.name, "*", AccessOperation::kWrite, rules);
  }
}

}  // namespace

std::string_view NameOf(AccessResource resource) {
  switch (resource) {
    case AccessResource::kTopic:
      return "topic";
    case AccessResource::kGroup:
      return "group";
    case AccessResource::kTransactionalId:
      return "transactional-id";
  }
  return "";
}

std::string_view NameOf(AccessOperation operation) {
  static constexpr std::string_view kNames[] = {
      "All",      "Read",          "Write",           "Create",       "Delete",         "Alter",
      "Describe", "ClusterAction", "DescribeConfigs", "AlterConfigs", "IdempotentWrite"};
  return kNames[static_cast<int>(operation) - static_cast<int>(AccessOperation::kAll)];
}

std::string AccessUser(std::string_view service) {
  return absl::StrCat(kAccessUserPrefix, ToAbsl(service));
}

absl::StatusOr<std::vector<AccessRule>> AccessOf(const TopicsFile& file) {
  Rules rules;
  for (const ServiceSpec& service : file.services) AddService(service, rules);
  for (const TopicSpec& topic : file.topics) {
    std::string unknown;
    for (const std::string& service : ServicesOf(topic.written_by, file, unknown)) {
      AddTopic(service, topic.name, AccessOperation::kWrite, rules);
    }
    for (const std::string& service : ServicesOf(topic.read_by, file, unknown)) {
      AddTopic(service, topic.name, AccessOperation::kRead, rules);
    }
    if (unknown.empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("topics file: topic ", topic.name, ": \"", unknown,
                     "\" is not one of the services, add it there or mend the name"));
  }
  return std::vector<AccessRule>(rules.begin(), rules.end());
}

std::vector<std::string> TopicsOf(const TopicsFile& file, std::string_view service) {
  std::vector<std::string> topics;
  std::string unknown;
  for (const TopicSpec& topic : file.topics) {
    std::vector<std::string> users = ServicesOf(topic.written_by, file, unknown);
    for (std::string& reader : ServicesOf(topic.read_by, file, unknown)) {
      users.push_back(std::move(reader));
    }
    if (std::find(users.begin(), users.end(), service) != users.end()) {
      topics.push_back(topic.name);
    }
  }
  for (const ServiceSpec& spec : file.services) {
    if (spec.name == service) topics.insert(topics.end(), spec.sees.begin(), spec.sees.end());
  }
  return topics;
}

AccessChange CompareAccess(const std::vector<AccessRule>& wanted,
                           const std::vector<AccessRule>& found) {
  const Rules want(wanted.begin(), wanted.end());
  Rules have;
  for (const AccessRule& rule : found) {
    if (absl::StartsWith(rule.user, kAccessUserPrefix)) have.insert(rule);
  }
  AccessChange change;
  std::set_difference(want.begin(), want.end(), have.begin(), have.end(),
                      std::back_inserter(change.add));
  std::set_difference(have.begin(), have.end(), want.begin(), want.end(),
                      std::back_inserter(change.remove));
  return change;
}

std::string ToText(const AccessRule& rule) {
  return absl::StrCat(rule.user, " may ", ToAbsl(NameOf(rule.operation)), " ",
                      ToAbsl(NameOf(rule.resource)), " ", rule.name, rule.prefix ? "*" : "");
}

}  // namespace trama::platform
