#include "services/profile/customer_query.h"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "services/kernel/errors.h"
#include "services/profile/person.h"
#include "services/profile/redis_layout.h"
#include "services/profile/redis_scripts.h"

namespace trama::profile {
namespace {

using platform::RedisReply;
using ReplyOr = absl::StatusOr<RedisReply>;

absl::Status Nonsense() {
  return absl::InternalError("the script that reads a person has answered nonsense");
}

// The rows of PersonScript's answer: [identifiers, attributes, links], the first two of equal
// length.
absl::StatusOr<std::optional<Person>> ReadPerson(const RedisReply& reply) {
  if (reply.elements.size() != 3) return Nonsense();
  const std::vector<RedisReply>& identifiers = reply.elements[0].elements;
  const std::vector<RedisReply>& attributes = reply.elements[1].elements;
  if (identifiers.size() != attributes.size()) return Nonsense();
  std::vector<Member> members;
  for (size_t i = 0; i < identifiers.size(); ++i) {
    if (identifiers[i].is_nil()) continue;
    absl::StatusOr<v1::ProfileRow> row = UnpackRow(identifiers[i].text);
    if (!row.ok()) return row.status();
    Member& member = members.emplace_back();
    member.row = std::move(*row->mutable_identifier());
    if (attributes[i].is_nil()) continue;
    row = UnpackRow(attributes[i].text);
    if (!row.ok()) return row.status();
    member.attributes = std::move(*row->mutable_attributes());
  }
  if (members.empty()) return std::nullopt;
  std::vector<v1::LinkRow> links;
  for (const RedisReply& link : reply.elements[2].elements) {
    if (link.is_nil()) continue;
    absl::StatusOr<v1::ProfileRow> row = UnpackRow(link.text);
    if (!row.ok()) return row.status();
    links.push_back(std::move(*row->mutable_link()));
  }
  return Person(std::move(members), std::move(links));
}

// Asks in rounds; the answers of one may come on several threads at once.
class Query : public std::enable_shared_from_this<Query> {
 public:
  Query(RowStore& store, const std::string& workspace, OnCustomer done)
      : store_(store),
        workspace_(workspace),
        marker_(MarkerOf(store.redis())),
        done_(std::move(done)) {}

  void Start(const std::string& customer_id) {
    // How many entries there are is of another shard and cannot be asked in the same script.
    const std::vector<std::string> counted = {customer_id};
    Begin(counted, /*others=*/1);
    store_.redis().SendScript(PersonScript(), PersonKeys(workspace_), {marker_, customer_id},
                              [self = shared_from_this()](ReplyOr reply) {
                                self->rows_ = self->store_.Checked(std::move(reply));
                                self->Answered();
                              });
    AskForCounts(counted);
  }

 private:
  void Begin(const std::vector<std::string>& counted, int others) {
    for (const std::string& id : counted) counts_.emplace(id, absl::UnknownError("no answer yet"));
    missing_ = static_cast<int>(counted.size()) + others;
  }

  void AskForCounts(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      ReplyOr& count = counts_.at(id);
      store_.redis().SendScript(
          ReadScript(), {MarkerKey(TimelineShard(workspace_, id)), TimesKey(workspace_, id)},
          {marker_, "ZCARD"}, [self = shared_from_this(), &count](ReplyOr reply) {
            count = self->store_.Checked(std::move(reply));
            self->Answered();
          });
    }
  }

  void Answered() {
    if (missing_.fetch_sub(1) != 1) return;
    if (!person_.has_value()) {
      if (absl::Status read = TakePerson(); !read.ok()) return done_(read);
    }
    std::vector<std::string> uncounted;
    for (const Member& member : person_->members()) {
      const std::string& id = member.row.customer_id();
      if (!counts_.contains(id)) uncounted.push_back(id);
    }
    if (uncounted.empty()) return done_(ToCustomer());
    Begin(uncounted, /*others=*/0);
    AskForCounts(uncounted);
  }

  absl::Status TakePerson() {
    if (!rows_.ok()) return rows_.status();
    absl::StatusOr<std::optional<Person>> person = ReadPerson(*rows_);
    if (!person.ok()) return person.status();
    if (!person->has_value()) return CustomerUnknown();
    person_ = *std::move(person);
    return absl::OkStatus();
  }

  absl::StatusOr<v1::Customer> ToCustomer() const {
    // A link stands on the timelines of both its ends.
    int64_t entries = -static_cast<int64_t>(person_->links().size());
    for (const Member& member : person_->members()) {
      const ReplyOr& reply = counts_.at(member.row.customer_id());
      if (!reply.ok()) return reply.status();
      const absl::StatusOr<int64_t> count = reply->AsInteger();
      if (!count.ok()) return count.status();
      entries += *count;
    }
    v1::Customer customer = person_->ToCustomer();
    customer.set_workspace(workspace_);
    customer.set_entry_count(entries);
    return customer;
  }

  RowStore& store_;
  const std::string workspace_;
  const std::string marker_;
  const OnCustomer done_;
  // Each answer has its own place; who takes missing_ to nought sees them all.
  ReplyOr rows_ = absl::UnknownError("no answer yet");
  std::map<std::string, ReplyOr> counts_;  // By id.
  std::atomic<int> missing_ = 0;
  std::optional<Person> person_;
};

}  // namespace

void QueryCustomer(RowStore& store, const std::string& workspace, const std::string& customer_id,
                   OnCustomer done) {
  std::make_shared<Query>(store, workspace, std::move(done))->Start(customer_id);
}

absl::Status CustomerUnknown() {
  return TypedError(absl::StatusCode::kNotFound, "CUSTOMER_UNKNOWN",
                    "nothing is known of this customer in this workspace");
}

}  // namespace trama::profile
