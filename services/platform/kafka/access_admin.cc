#include "services/platform/kafka/access_admin.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/admin_call.h"
#include "services/platform/kafka/errors.h"

namespace trama::platform {
namespace {

using kafka_internal::AdminOptions;
using kafka_internal::Client;
using kafka_internal::Destroyer;
using kafka_internal::EventHandle;
using kafka_internal::QueueHandle;
using kafka_internal::WaitForAnswer;

// A rule, or a filter for rules: librdkafka has one type for both.
using BindingHandle =
    std::unique_ptr<rd_kafka_AclBinding_t, Destroyer<rd_kafka_AclBinding_destroy>>;

constexpr char kPrincipal[] = "User:";
constexpr char kEveryHost[] = "*";
constexpr absl::Duration kRuleLookAgain = absl::Milliseconds(20);

rd_kafka_ResourceType_t TypeOf(AccessResource resource) {
  switch (resource) {
    case AccessResource::kTopic:
      return RD_KAFKA_RESOURCE_TOPIC;
    case AccessResource::kGroup:
      return RD_KAFKA_RESOURCE_GROUP;
    case AccessResource::kTransactionalId:
      return RD_KAFKA_RESOURCE_TRANSACTIONAL_ID;
  }
  return RD_KAFKA_RESOURCE_UNKNOWN;
}

// `make` is rd_kafka_AclBinding_new or rd_kafka_AclBindingFilter_new.
template <typename Make>
absl::StatusOr<BindingHandle> ToBinding(const AccessRule& rule, Make make) {
  std::array<char, 256> error = {};
  BindingHandle binding(
      make(TypeOf(rule.resource), rule.name.c_str(),
           rule.prefix ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
           absl::StrCat(kPrincipal, rule.user).c_str(), kEveryHost,
           static_cast<rd_kafka_AclOperation_t>(rule.operation), RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW,
           error.data(), error.size()));
  if (binding != nullptr) return binding;
  return absl::InvalidArgumentError(
      absl::StrCat("access rule \"", ToText(rule), "\" is not possible: ", error.data()));
}

template <typename Make>
absl::StatusOr<std::vector<BindingHandle>> ToBindings(const std::vector<AccessRule>& rules,
                                                      Make make) {
  std::vector<BindingHandle> bindings;
  for (const AccessRule& rule : rules) {
    absl::StatusOr<BindingHandle> binding = ToBinding(rule, make);
    if (!binding.ok()) return binding.status();
    bindings.push_back(*std::move(binding));
  }
  return bindings;
}

std::optional<AccessRule> ToRule(const rd_kafka_AclBinding_t& binding, AccessResource resource) {
  const std::string principal = rd_kafka_AclBinding_principal(&binding);
  if (!absl::StartsWith(principal, kPrincipal) ||
      rd_kafka_AclBinding_permission_type(&binding) != RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW ||
      std::string_view(rd_kafka_AclBinding_host(&binding)) != kEveryHost) {
    return std::nullopt;
  }
  const rd_kafka_AclOperation_t operation = rd_kafka_AclBinding_operation(&binding);
  if (operation < RD_KAFKA_ACL_OPERATION_ALL || operation >= RD_KAFKA_ACL_OPERATION__CNT) {
    return std::nullopt;
  }
  return AccessRule{.user = principal.substr(sizeof(kPrincipal) - 1),
                    .resource = resource,
                    .name = rd_kafka_AclBinding_name(&binding),
                    .prefix = rd_kafka_AclBinding_resource_pattern_type(&binding) ==
                              RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
                    .operation = static_cast<AccessOperation>(operation)};
}

class KafkaAccessAdmin final : public AccessAdmin {
 public:
  absl::Status Open(const KafkaConfig& config) {
    return client_.Open(RD_KAFKA_PRODUCER, Client::Settings(config), this);
  }

  absl::StatusOr<std::vector<AccessRule>> Describe(absl::Duration timeout) override {
    const absl::Time deadline = absl::Now() + timeout;
    std::vector<AccessRule> rules;
    for (const AccessResource resource :
         {AccessResource::kTopic, AccessResource::kGroup, AccessResource::kTransactionalId}) {
      const absl::Status described = DescribeOne(resource, deadline, rules);
      if (!described.ok()) return described;
    }
    return rules;
  }

  absl::Status Add(const std::vector<AccessRule>& rules, absl::Duration timeout) override {
    if (rules.empty()) return absl::OkStatus();
    const auto bindings = ToBindings(rules, rd_kafka_AclBinding_new);
    if (!bindings.ok()) return bindings.status();
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    auto pointers = kafka_internal::Pointers(*bindings);
    rd_kafka_CreateAcls(client_.get(), pointers.data(), pointers.size(),
                        AdminOptions(client_, RD_KAFKA_ADMIN_OP_CREATEACLS, timeout).get(),
                        queue.get());
    const auto answer = WaitForAnswer(client_, queue, absl::Now() + timeout, "add access rules");
    if (!answer.ok()) return answer.status();
    size_t count = 0;
    const rd_kafka_acl_result_t** results =
        rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(answer->get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const absl::Status added = ErrorOf(rd_kafka_acl_result_error(results[i]), "add access rule");
      if (!added.ok()) return added;
    }
    return absl::OkStatus();
  }

  absl::Status Remove(const std::vector<AccessRule>& rules, absl::Duration timeout) override {
    if (rules.empty()) return absl::OkStatus();
    const auto filters = ToBindings(rules, rd_kafka_AclBindingFilter_new);
    if (!filters.ok()) return filters.status();
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    auto pointers = kafka_internal::Pointers(*filters);
    rd_kafka_DeleteAcls(client_.get(), pointers.data(), pointers.size(),
                        AdminOptions(client_, RD_KAFKA_ADMIN_OP_DELETEACLS, timeout).get(),
                        queue.get());
    const auto answer = WaitForAnswer(client_, queue, absl::Now() + timeout, "remove access rules");
    if (!answer.ok()) return answer.status();
    size_t count = 0;
    const rd_kafka_DeleteAcls_result_response_t** results = rd_kafka_DeleteAcls_result_responses(
        rd_kafka_event_DeleteAcls_result(answer->get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const absl::Status removed =
          ErrorOf(rd_kafka_DeleteAcls_result_response_error(results[i]), "remove access rule");
      if (!removed.ok()) return removed;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status DescribeOne(AccessResource resource, absl::Time deadline,
                           std::vector<AccessRule>& rules) {
    std::array<char, 256> error = {};
    const BindingHandle filter(rd_kafka_AclBindingFilter_new(
        TypeOf(resource), nullptr, RD_KAFKA_RESOURCE_PATTERN_ANY, nullptr, nullptr,
        RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, error.data(), error.size()));
    if (filter == nullptr) return absl::InternalError(error.data());
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    const absl::Duration timeout = deadline - absl::Now();
    rd_kafka_DescribeAcls(client_.get(), filter.get(),
                          AdminOptions(client_, RD_KAFKA_ADMIN_OP_DESCRIBEACLS, timeout).get(),
                          queue.get());
    const auto answer = WaitForAnswer(client_, queue, deadline, "read the access rules");
    if (!answer.ok()) return answer.status();
    size_t count = 0;
    const rd_kafka_AclBinding_t** bindings = rd_kafka_DescribeAcls_result_acls(
        rd_kafka_event_DescribeAcls_result(answer->get()), &count);
    for (size_t i = 0; i < count; ++i) {
      if (auto rule = ToRule(*bindings[i], resource)) rules.push_back(*std::move(rule));
    }
    return absl::OkStatus();
  }

  absl::Status ErrorOf(const rd_kafka_error_t* error, const std::string& doing) const {
    if (error == nullptr) return absl::OkStatus();
    return client_.Error(rd_kafka_error_code(error), doing, rd_kafka_error_string(error));
  }

  Client client_;
};

}  // namespace

absl::Status ChangeAccess(AccessAdmin& admin, const std::vector<AccessRule>& wanted,
                          const AccessChange& change, absl::Duration timeout) {
  absl::Status done = admin.Add(change.add, timeout);
  if (done.ok()) done = admin.Remove(change.remove, timeout);
  const absl::Time deadline = absl::Now() + timeout;
  while (done.ok()) {
    const auto found = admin.Describe(timeout);
    if (!found.ok()) return found.status();
    const AccessChange left = CompareAccess(wanted, *found);
    if (left.add.empty() && left.remove.empty()) return absl::OkStatus();
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(
          "the access rules are made, but the broker does not go by them yet; come again to see");
    }
    absl::SleepFor(kRuleLookAgain);
  }
  return done;
}

absl::StatusOr<std::unique_ptr<AccessAdmin>> AccessAdmin::Create(const KafkaConfig& config) {
  auto admin = std::make_unique<KafkaAccessAdmin>();
  const absl::Status opened = admin->Open(config);
  if (!opened.ok()) return opened;
  return admin;
}

}  // namespace trama::platform
