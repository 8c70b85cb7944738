#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "services/profile/row_set.h"
#include "services/profile/testing_service.h"

namespace trama::profile::testing {

inline const types::v1::Identifier kAna = Email("ana@x.test");
inline const types::v1::Identifier kAnasPhone = Phone("+5511987654321");
inline const types::v1::Identifier kBob = Email("bob@x.test");

inline std::vector<std::string> IdsOf(const v1::ListTimelineResponse& page) {
  std::vector<std::string> ids;
  for (const v1::TimelineEntry& entry : page.entries()) ids.push_back(entry.entry_id());
  return ids;
}

struct Listing {
  int page_size = 0;
  bool oldest_first = true;
  std::string conversation = "";
  std::string workspace = kWorkspace;
};

// Tells a story of a customer, and asks the service about it.
class StoryTest : public ProfileTest {
 protected:
  using Stub = v1::ProfileService::Stub;

  absl::StatusOr<v1::Resolution> Resolve(const types::v1::Identifier& identifier,
                                         const std::string& workspace = kWorkspace) {
    v1::ResolveRequest request;
    request.set_workspace(workspace);
    *request.add_identifiers() = identifier;
    auto response = replica().Call("desk", request, &Stub::Resolve);
    if (!response.ok()) return response.status();
    return response->resolutions(0);
  }

  static v1::LinkRequest LinkOf(const types::v1::Identifier& a, const types::v1::Identifier& b) {
    v1::LinkRequest request;
    request.set_workspace(kWorkspace);
    *request.mutable_a() = a;
    *request.mutable_b() = b;
    request.set_reason("gave the same order number");
    return request;
  }
  absl::StatusOr<v1::LinkResponse> Link(const types::v1::Identifier& a,
                                        const types::v1::Identifier& b) {
    return replica().Call("ana", LinkOf(a, b), &Stub::Link);
  }

  absl::StatusOr<v1::Customer> Customer(const std::string& customer_id,
                                        const std::string& workspace = kWorkspace) {
    v1::GetCustomerRequest request;
    request.set_workspace(workspace);
    request.set_customer_id(customer_id);
    auto response = replica().Call("desk", request, &Stub::GetCustomer);
    if (!response.ok()) return response.status();
    return response->customer();
  }

  // All pages of a timeline.
  absl::StatusOr<v1::ListTimelineResponse> Timeline(const types::v1::Identifier& identifier,
                                                    const Listing& listing) {
    v1::ListTimelineRequest request;
    request.set_workspace(listing.workspace);
    *request.mutable_identifier() = identifier;
    request.set_page_size(listing.page_size);
    request.set_oldest_first(listing.oldest_first);
    request.set_conversation_id(listing.conversation);
    v1::ListTimelineResponse all;
    do {
      auto page = replica().Call("desk", request, &Stub::ListTimeline);
      if (!page.ok()) return page.status();
      for (v1::TimelineEntry& entry : *page->mutable_entries()) {
        *all.add_entries() = std::move(entry);
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
  std::vector<std::string> TimelineIds(const types::v1::Identifier& identifier,
                                       const Listing& listing = {}) {
    const auto timeline = Timeline(identifier, listing);
    EXPECT_TRUE(timeline.ok()) << timeline.status();
    return timeline.ok() ? IdsOf(*timeline) : std::vector<std::string>();
  }

  // Everything that can be asked of these identifiers, as bytes.
  std::string AllAnswers(const std::vector<types::v1::Identifier>& identifiers) {
    std::string answers;
    for (const types::v1::Identifier& identifier : identifiers) {
      const auto resolution = Resolve(identifier);
      const auto customer = Customer(IdOf(identifier));
      const auto forward = Timeline(identifier, {.page_size = 3});
      const auto backward = Timeline(identifier, {.page_size = 2, .oldest_first = false});
      EXPECT_TRUE(resolution.ok() && customer.ok() && forward.ok() && backward.ok())
          << resolution.status() << customer.status() << forward.status() << backward.status();
      if (!resolution.ok() || !customer.ok() || !forward.ok() || !backward.ok()) continue;
      answers += DeterministicBytes(*resolution) + DeterministicBytes(*customer) +
                 DeterministicBytes(*forward) + DeterministicBytes(*backward);
    }
    return answers;
  }

  // A mail and an SMS of one person, their conversations, answers and what became of them.
  void SendStory() {
    interaction::v1::Interaction mail = Message("m1", kAna, 10, "where is my order?");
    mail.mutable_sender()->set_display_name("Ana");
    mail.set_language("pt-BR");
    Send(mail);
    Send(Message("s1", kAnasPhone, 20, "any news?"));
    interaction::v1::Interaction stop = Message("s2", kAnasPhone, 50, "STOP");
    stop.set_kind(interaction::v1::KIND_CONSENT);
    stop.mutable_consent()->set_action(interaction::v1::Consent::ACTION_OPT_OUT);
    Send(stop);
    Send(Opened("c1", "m1", 11));
    Send(Opened("c2", "s1", 21));
    conversation::v1::ConversationEvent accepted = Event("c1", 2, 30);
    accepted.mutable_accepted()->set_agent_id("ana");
    Send(accepted);
    Send(Reply("r1", "c1", kAna, 40));
    outbound::v1::OutboundMessage note = Reply("n1", "c1", kAna, 41);
    note.set_channel("note");
    Send(note);
    Send(Status("r1", delivery::v1::STATUS_ATTEMPTING));
    Send(Status("r1", delivery::v1::STATUS_SENT));
    sla::v1::SlaEvent fulfilled;
    fulfilled.set_event_id("sla1");
    fulfilled.set_workspace(kWorkspace);
    fulfilled.set_conversation_id("c1");
    *fulfilled.mutable_occurred_at() = At(42);
    fulfilled.mutable_fulfilled()->set_in_time(true);
    Send(fulfilled);
  }
};

}  // namespace trama::profile::testing
