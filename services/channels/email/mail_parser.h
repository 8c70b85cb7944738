#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

// Reads a mail as it really comes: whatever is wrong with it, something readable comes out, and
// what was odd is said in `anomalies`. Pure.
namespace trama::email {

inline constexpr char kDeliveryReport[] = "delivery-status";
inline constexpr int kPartDepthMax = 50;
inline constexpr size_t kPartsMax = 200;
inline constexpr size_t kHeaderBytesMax = 64 * 1024;  // Of one header that we use.
inline constexpr size_t kReferencesReadMax = 100;
inline constexpr size_t kTextBytesMax = 256 * 1024;     // Of all texts that an event carries.
inline constexpr size_t kAddressesMax = 200;            // Read from each of From, To and Cc.
inline constexpr size_t kReportedBytesMax = 64 * 1024;  // Of the headers that a report quotes.

struct Address {
  std::string address;  // As written.
  std::string name;
};

// One piece of the body, in order.
struct Piece {
  enum class Kind { kPlain, kHtml, kFile };
  Kind kind = Kind::kPlain;
  std::string text;   // UTF-8; for kPlain and kHtml.
  std::string bytes;  // For kFile.
  std::string content_type;
  std::string file_name;
  std::string content_id;
  bool is_inline = false;
};

// What a delivery status notification says of one recipient (RFC 3464).
struct RecipientReport {
  std::string action;      // failed, delayed, delivered, relayed, expanded; lower case.
  std::string status;      // "5.1.1"
  std::string diagnostic;  // Diagnostic-Code, without its type.
};

struct ParsedMail {
  std::string message_id;   // "<…>", made up from the bytes when there is none.
  Address from;             // Empty when there is none.
  std::vector<Address> to;  // To and Cc.
  std::string subject;
  std::optional<absl::Time> date;
  std::vector<std::string> in_reply_to;  // "<…>" each.
  std::vector<std::string> references;   // As they stand there, oldest first.
  std::string thread_index;              // Outlook's; the thread's part of it.
  std::vector<Piece> pieces;
  std::map<std::string, std::string> headers;  // Lower-case names; the first of each, decoded.
  std::vector<std::string> authentication_results;
  size_t received_count = 0;
  std::vector<std::string> received_by;  // Servers that it has passed, newest first, lower case.
  std::vector<std::string> anomalies;

  // Of a multipart/report (RFC 6522), lower case: "delivery-status", "disposition-notification",
  // "feedback-report" …; empty for what is none.
  std::string report_type;
  std::vector<RecipientReport> reports;
  std::string disposition;           // "displayed", "deleted" … (RFC 8098).
  std::string reported_envelope_id;  // ENVID of the mail that the report is about, if it says so.
  std::string reported_message_id;   // Its Message-ID.

  bool is_delivery_report() const { return report_type == kDeliveryReport; }
};

ParsedMail ParseMail(std::string_view raw);

// Hash of what the sender wrote: equal when the same mail arrives twice over different ways, which
// may change line ends and white space (as DKIM's relaxed canonicalisation, RFC 6376, 3.4.4).
std::string BodyHash(std::string_view raw);

// "<a@x> junk <b@y>" → {"<a@x>", "<b@y>"}.
std::vector<std::string> MessageIds(std::string_view header);

}  // namespace trama::email
