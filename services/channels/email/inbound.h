#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/email/mail_parser.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/interaction/v1/interaction_events.pb.h"

// What a mail means for one inbox. Pure.
namespace trama::email {

inline constexpr char kChannel[] = "email";

// The account that a mail has reached.
struct Inbox {
  std::string workspace;
  std::string account;
  std::string address;
  std::string token_secret;
  std::string trusted_authserv_id;
  // Every address of the workspace's e-mail accounts, lower case.
  std::set<std::string> own_addresses;

  std::string scope() const { return workspace + "/" + account; }
};

// A bounce of one of our mails, found by what the mail itself carries.
struct Bounce {
  int32_t partition = 0;
  delivery::v1::Delivery delivery;
};

struct Inbound {
  // What redeliveries of the same mail have in common.
  std::string event_id;
  // One of the two.
  std::optional<interaction::v1::Interaction> interaction;
  std::vector<Bounce> bounces;
  // The bytes of the interaction's files: index of the part → bytes; to be kept before publishing.
  std::vector<std::pair<int, std::string>> files;
};

// Attributes a mail to its sender, threads it and says whether a person wrote it. A delivery report
// about one of our mails becomes a receipt and no interaction. InvalidArgument when the mail names
// no sender at all (then it belongs to the dead letters).
absl::StatusOr<Inbound> ReadInbound(const ParsedMail& mail, std::string_view raw,
                                    const std::string& envelope_sender,
                                    const std::string& recipient, const Inbox& inbox,
                                    absl::Time received_at);

}  // namespace trama::email
