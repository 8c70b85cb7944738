#include "tools/loadgen/witness.h"

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/admin.h"
#include "services/platform/kafka/offset_query.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/interaction/v1/interaction_events.pb.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"
#include "trama/reporting/v1/reporting_service.grpc.pb.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::loadgen {
namespace {

constexpr char kInteractions[] = "trama.interactions.v1";
constexpr char kConversations[] = "trama.conversations.v1";
constexpr absl::Duration kAskMax = absl::Seconds(20);
constexpr absl::Duration kReadMax = absl::Minutes(2);
constexpr absl::Duration kAgain = absl::Milliseconds(100);
constexpr int kPageSize = 200;
constexpr int kAskers = 8;

// Services come and go while faults are made: asks again for a while.
template <typename Response, typename Request, typename Send>
absl::StatusOr<Response> Ask(const platform::Peer& peer, const std::string& token,
                             const Request& request, Send send) {
  const absl::Time until = absl::Now() + kAskMax;
  while (true) {
    const auto answer = platform::CallBlocking<Response>(
        peer, request, {.wait_for_ready = true}, [&](auto* call, auto& asked, auto* response) {
          call->AddMetadata("authorization", absl::StrCat("Bearer ", token));
          return send(call, asked, response);
        });
    if (answer.ok() || absl::Now() > until) return answer;
    if (answer.status().code() != absl::StatusCode::kUnavailable) return answer;
    absl::SleepFor(kAgain);
  }
}

absl::StatusOr<std::shared_ptr<platform::Peer>> PeerOf(const World& world,
                                                       const std::string& service) {
  platform::PeerOptions options;
  options.addresses = absl::StrJoin(world.grpc.at(service), ",");
  options.timeout_default = kAskMax;
  return platform::Peer::Make(options);
}

std::string KeyOf(const types::v1::Identifier& identifier) {
  return absl::StrCat(identifier.kind(), "/", identifier.scope(), "/", identifier.value());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Witness>> Witness::Make(const World& world) {
  std::unique_ptr<Witness> witness(new Witness(world));
  for (auto [service, peer] :
       {std::pair{"routing", &witness->routing_}, std::pair{"profile", &witness->profile_},
        std::pair{"reporting", &witness->reporting_}}) {
    auto made = PeerOf(world, service);
    if (!made.ok()) return made.status();
    *peer = *std::move(made);
  }
  return witness;
}

absl::StatusOr<int64_t> Witness::OpenConversations() {
  routing::v1::ListConversationsRequest request;
  request.set_workspace(world_.workspace);
  request.set_page_size(kPageSize);
  for (const auto state : {conversation::v1::STATE_QUEUED, conversation::v1::STATE_OFFERED,
                           conversation::v1::STATE_ASSIGNED, conversation::v1::STATE_WRAPPING}) {
    request.add_states(state);
  }
  const auto answer = Ask<routing::v1::ListConversationsResponse>(
      *routing_, world_.supervisor_token, request, [this](auto* call, auto& asked, auto* response) {
        return routing::v1::RoutingService::NewStub(routing_->channel())
            ->ListConversations(call, asked, response);
      });
  if (!answer.ok()) return answer.status();
  return answer->conversations_size();
}

absl::Status Witness::Begin() {
  absl::Status status = OpenTopics();
  if (!status.ok()) return status;
  const auto counts = Count();
  if (!counts.ok()) return counts.status();
  before_ = *counts;
  return absl::OkStatus();
}

absl::Status Witness::OpenTopics() {
  auto admin = platform::Admin::Create(world_.kafka);
  if (!admin.ok()) return admin.status();
  const auto counts = (*admin)->PartitionCounts(kAskMax);
  if (!counts.ok()) return counts.status();
  std::vector<platform::TopicPartition> partitions;
  for (const char* topic : {kInteractions, kConversations}) {
    const auto found = counts->find(topic);
    if (found == counts->end()) {
      return absl::NotFoundError(absl::StrCat("topic ", topic, " does not exist"));
    }
    for (int32_t number = 0; number < found->second; ++number) {
      partitions.push_back({topic, number});
    }
  }
  auto query = platform::OffsetQuery::Create(world_.kafka);
  if (!query.ok()) return query.status();
  const auto ends = (*query)->Ends(partitions, kAskMax);
  if (!ends.ok()) return ends.status();
  // Read afterwards: what is watched must not work for the watcher more often than it has to.
  auto consumer =
      platform::Consumer::Create(world_.kafka, {.fetch_bytes_min = platform::kUnhurriedFetchBytes});
  if (!consumer.ok()) return consumer.status();
  topics_ = *std::move(consumer);
  return topics_->Assign(*ends);
}

absl::Status Witness::ReadTopics() {
  const absl::Time until = absl::Now() + kReadMax;
  while (true) {
    // After an error it goes on where it is.
    const absl::Status read = topics_->ReadToEnd(until, [this](const platform::Record& record) {
      Take(record);
      return absl::OkStatus();
    });
    if (read.code() != absl::StatusCode::kUnavailable || absl::Now() > until) return read;
    absl::SleepFor(kAgain);
  }
}

void Witness::Take(const platform::Record& record) {
  if (!record.value.has_value()) return;
  if (record.topic == kInteractions) {
    interaction::v1::Interaction interaction;
    if (interaction.ParseFromString(*record.value) && interaction.workspace() == world_.workspace &&
        interaction.kind() == interaction::v1::KIND_MESSAGE) {
      evidence_.interactions[interaction.vendor_message_id()].insert(interaction.interaction_id());
    }
    return;
  }
  conversation::v1::ConversationEvent event;
  if (event.ParseFromString(*record.value) && event.workspace() == world_.workspace) Take(event);
}

void Witness::Take(const conversation::v1::ConversationEvent& event) {
  const std::string& id = event.conversation_id();
  if (event.state() == conversation::v1::STATE_RESOLVED ||
      event.state() == conversation::v1::STATE_CLOSED) {
    evidence_.unfinished.erase(id);
    holders_.erase(id);
  } else {
    evidence_.unfinished[id] = event.state();
  }
  if (event.has_opened()) evidence_.opened[id] = event.opened().interaction_id();
  if (event.has_message_received()) {
    evidence_.received[event.message_received().interaction_id()].push_back(id);
  }
  if (event.has_resolved()) ++evidence_.resolved;
  if (event.has_reply_sent()) ++evidence_.replies_sent;
  if (event.has_delivery_changed() &&
      event.delivery_changed().status() == delivery::v1::STATUS_DELIVERED) {
    evidence_.delivered.insert(event.delivery_changed().message_id());
  }
  if (event.has_queued() || event.has_resolved()) holders_.erase(id);
  if (event.has_accepted() && !holders_.emplace(id, event.accepted().agent_id()).second) {
    evidence_.two_owners.push_back(id);
  }
}

absl::StatusOr<Witness::Counts> Witness::Count() {
  reporting::v1::GetKpisRequest request;
  request.set_workspace(world_.workspace);
  request.set_interval(reporting::v1::INTERVAL_ALL);
  const absl::Time now = absl::Now();
  request.mutable_from()->set_seconds(absl::ToUnixSeconds(now - absl::Hours(20)));
  request.mutable_to()->set_seconds(absl::ToUnixSeconds(now + absl::Hours(2)));
  const auto answer = Ask<reporting::v1::GetKpisResponse>(
      *reporting_, world_.supervisor_token, request,
      [this](auto* call, auto& asked, auto* response) {
        return reporting::v1::ReportingService::NewStub(reporting_->channel())
            ->GetKpis(call, asked, response);
      });
  if (!answer.ok()) return answer.status();
  Counts counts;
  for (const reporting::v1::KpiRow& row : answer->rows()) {
    counts.in += row.messages_in();
    counts.out += row.messages_out();
    counts.resolved += row.resolved();
  }
  return counts;
}

std::vector<Witness::Customer> Witness::Incomplete(const Ledger::State& ledger) {
  std::map<std::string, std::pair<types::v1::Identifier, std::vector<std::string>>> customers;
  for (const Sent& message : ledger.sent) {
    auto& [identifier, wanted] = customers[KeyOf(message.customer)];
    identifier = message.customer;
    const auto found = evidence_.interactions.find(message.vendor_id);
    if (found == evidence_.interactions.end()) continue;
    wanted.insert(wanted.end(), found->second.begin(), found->second.end());
  }
  std::vector<Customer> incomplete;
  for (const auto& [key, customer] : customers) {
    bool complete = true;
    for (const std::string& id : customer.second) complete = complete && timelines_[key][id] == 1;
    if (!complete) incomplete.push_back({key, customer.first});
  }
  return incomplete;
}

absl::StatusOr<std::map<std::string, int>> Witness::TimelineOf(
    const types::v1::Identifier& customer) const {
  const auto stub = profile::v1::ProfileService::NewStub(profile_->channel());
  profile::v1::ListTimelineRequest request;
  request.set_workspace(world_.workspace);
  *request.mutable_identifier() = customer;
  request.set_page_size(kPageSize);
  std::map<std::string, int> entries;
  do {
    const auto page = Ask<profile::v1::ListTimelineResponse>(
        *profile_, world_.supervisor_token, request, [&](auto* call, auto& asked, auto* answer) {
          return stub->ListTimeline(call, asked, answer);
        });
    // A customer who is not known yet has an empty timeline: a difference, not an error.
    if (page.status().code() == absl::StatusCode::kNotFound) break;
    if (!page.ok()) return page.status();
    for (const profile::v1::TimelineEntry& entry : page->entries()) {
      if (entry.kind() == profile::v1::TimelineEntry::KIND_INBOUND) ++entries[entry.entry_id()];
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return entries;
}

absl::Status Witness::ReadTimelines(const Ledger::State& ledger) {
  const std::vector<Customer> todo = Incomplete(ledger);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  absl::Status error;
  const auto work = [&] {
    for (size_t i = next++; i < todo.size(); i = next++) {
      auto entries = TimelineOf(todo[i].identifier);
      std::lock_guard lock(mutex);
      if (entries.ok()) {
        timelines_[todo[i].key] = *std::move(entries);
      } else {
        error = entries.status();
      }
    }
  };
  std::vector<std::thread> askers;
  for (int i = 0; i < kAskers; ++i) askers.emplace_back(work);
  for (std::thread& asker : askers) asker.join();
  return error;
}

absl::StatusOr<Evidence> Witness::Look(const Ledger::State& ledger) {
  absl::Status status = ReadTopics();
  if (status.ok()) status = ReadTimelines(ledger);
  if (!status.ok()) return status;
  const auto counts = Count();
  if (!counts.ok()) return counts.status();
  evidence_.counted_in = counts->in - before_.in;
  evidence_.counted_out = counts->out - before_.out;
  evidence_.counted_resolved = counts->resolved - before_.resolved;
  evidence_.timeline.clear();
  for (const auto& [customer, entries] : timelines_) {
    for (const auto& [id, times] : entries) {
      // What a customer wrote in an earlier run is on his timeline, too.
      if (times > 0 && evidence_.received.contains(id)) evidence_.timeline[id] += times;
    }
  }
  return evidence_;
}

}  // namespace trama::loadgen
