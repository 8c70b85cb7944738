#include "services/routing/profile_asker.h"

#include <mutex>
#include <utility>

#include "services/routing/profile_circuit.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::routing {
namespace {

using profile::v1::GetCustomerRequest;
using profile::v1::GetCustomerResponse;
using profile::v1::ListTimelineRequest;
using profile::v1::ListTimelineResponse;
using profile::v1::TimelineEntry;

constexpr int kSubjectEntriesMax = 50;

void TakeCustomer(const profile::v1::Customer& customer, const std::string& identifier_key,
                  v1::ProfileAnswer& answer) {
  answer.set_known(true);
  answer.set_customer_id(customer.customer_id());
  *answer.mutable_facts() = customer.facts();
  for (const profile::v1::IdentifierRow& row : customer.identifiers()) {
    // The key of an identifier is the customer id that it has alone.
    if (row.customer_id() != identifier_key) continue;
    *answer.mutable_identifier() = row.identifier();
    answer.set_address(row.address());
    answer.set_display_name(row.display_name());
  }
}

}  // namespace

// What the questions share; one on its way may outlive the asker.
struct ProfileAsker::Link {
  Link(std::shared_ptr<platform::Peer> peer, const platform::Clock& clock,
       platform::Metrics& metrics)
      : profile(std::move(peer)),
        stub(profile::v1::ProfileService::NewStub(profile->channel())),
        circuit("engine", clock, metrics) {}

  const std::shared_ptr<platform::Peer> profile;
  const std::unique_ptr<profile::v1::ProfileService::Stub> stub;
  ProfileCircuit circuit;
  std::mutex mutex;     // Held while an answer is passed on.
  bool closed = false;  // Guarded by mutex.
};

// One question on its way.
struct ProfileAsker::Asking {
  std::shared_ptr<Link> link;
  std::shared_ptr<const v1::ProfileQuestion> question;
  std::function<void(Answer)> done;
  bool was_let_in = false;
  v1::ProfileAnswer answer;

  void Finish(absl::Status status) {
    const std::lock_guard lock(link->mutex);
    if (link->closed) return;
    if (was_let_in) link->circuit.Leave(status);
    Answer finished;
    finished.question = question;
    finished.status = std::move(status);
    if (finished.status.ok()) {
      finished.response = std::make_shared<v1::ProfileAnswer>(std::move(answer));
    }
    done(std::move(finished));
  }
};

ProfileAsker::ProfileAsker(std::shared_ptr<platform::Peer> profile, const platform::Clock& clock,
                           platform::Metrics& metrics)
    : link_(std::make_shared<Link>(std::move(profile), clock, metrics)) {}

void ProfileAsker::Close() {
  const std::lock_guard lock(link_->mutex);
  link_->closed = true;
}

void ProfileAsker::Ask(const Question& question, std::function<void(Answer)> done) {
  auto asking = std::make_shared<Asking>();
  asking->link = link_;
  asking->question = std::static_pointer_cast<const v1::ProfileQuestion>(question.request);
  asking->done = std::move(done);
  if (absl::Status refused = link_->circuit.Enter(); !refused.ok()) {
    return asking->Finish(std::move(refused));
  }
  asking->was_let_in = true;
  AskCustomer(std::move(asking));
}

void ProfileAsker::AskCustomer(std::shared_ptr<Asking> asking) {
  GetCustomerRequest request;
  request.set_workspace(asking->question->workspace());
  request.set_customer_id(asking->question->identifier_key());
  platform::CallAsync<GetCustomerResponse>(
      *asking->link->profile, std::move(request), {.timeout = kAnswerMax},
      [&](auto* context, auto* wanted, auto* response, auto finished) {
        asking->link->stub->async()->GetCustomer(context, wanted, response, std::move(finished));
      },
      std::function<void(absl::StatusOr<GetCustomerResponse>)>(
          [asking](absl::StatusOr<GetCustomerResponse> got) {
            if (absl::IsNotFound(got.status())) {
              asking->answer.set_customer_id(asking->question->identifier_key());
              return asking->Finish(absl::OkStatus());
            }
            if (!got.ok()) return asking->Finish(got.status());
            TakeCustomer(got->customer(), asking->question->identifier_key(), asking->answer);
            if (!asking->question->want_subject()) return asking->Finish(absl::OkStatus());
            AskSubject(asking);
          }));
}

void ProfileAsker::AskSubject(std::shared_ptr<Asking> asking) {
  ListTimelineRequest request;
  request.set_workspace(asking->question->workspace());
  request.set_customer_id(asking->question->identifier_key());
  request.set_conversation_id(asking->question->conversation_id());
  request.set_page_size(kSubjectEntriesMax);
  platform::CallAsync<ListTimelineResponse>(
      *asking->link->profile, std::move(request), {.timeout = kAnswerMax},
      [&](auto* context, auto* wanted, auto* response, auto finished) {
        asking->link->stub->async()->ListTimeline(context, wanted, response, std::move(finished));
      },
      std::function<void(absl::StatusOr<ListTimelineResponse>)>(
          [asking](absl::StatusOr<ListTimelineResponse> page) {
            if (!page.ok()) return asking->Finish(page.status());
            for (const TimelineEntry& entry : page->entries()) {
              if (entry.kind() != TimelineEntry::KIND_INBOUND) continue;
              asking->answer.set_subject(entry.subject());
              break;
            }
            asking->Finish(absl::OkStatus());
          }));
}

}  // namespace trama::routing
