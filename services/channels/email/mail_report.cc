#include "services/channels/email/mail_report.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::email {
namespace {

constexpr size_t kFieldBytesMax = 1000;
constexpr size_t kReportsMax = 200;

// Calls `field` for each "Name: value", `gap` for each empty line; folded lines are joined.
void ForEachField(std::string_view content,
                  const std::function<void(absl::string_view, const std::string&)>& field,
                  const std::function<void()>& gap) {
  const std::string clean = CleanUtf8(content.substr(0, kReportedBytesMax));
  std::string held;
  const auto flush = [&] {
    const size_t colon = held.find(':');
    if (colon != std::string::npos && held.size() <= kFieldBytesMax) {
      const absl::string_view line = held;
      field(absl::StripAsciiWhitespace(line.substr(0, colon)),
            std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
    }
    held.clear();
  };
  for (const absl::string_view raw : absl::StrSplit(clean, '\n')) {
    const absl::string_view line = absl::StripTrailingAsciiWhitespace(raw);
    if (line.empty()) {
      flush();
      gap();
    } else if (absl::ascii_isspace(static_cast<unsigned char>(line[0]))) {
      held.append(line.data(), line.size());
    } else {
      flush();
      held = std::string(line);
    }
  }
  flush();
  gap();
}

// "rfc822; <1@x.test>" → "<1@x.test>".
std::string WithoutType(const std::string& value) {
  const size_t semicolon = value.find(';');
  if (semicolon == std::string::npos) return value;
  return std::string(absl::StripAsciiWhitespace(absl::string_view(value).substr(semicolon + 1)));
}

std::string FirstId(const std::string& value) {
  const std::vector<std::string> ids = MessageIds(value);
  return ids.empty() ? "" : ids.front();
}

}  // namespace

void ReadDeliveryStatus(std::string_view content, ParsedMail& mail) {
  RecipientReport report;
  ForEachField(
      content,
      [&](absl::string_view name, const std::string& value) {
        if (absl::EqualsIgnoreCase(name, "Action")) {
          report.action = absl::AsciiStrToLower(value.substr(0, value.find_first_of(" (")));
        } else if (absl::EqualsIgnoreCase(name, "Status")) {
          report.status = value.substr(0, value.find_first_of(" ("));
        } else if (absl::EqualsIgnoreCase(name, "Diagnostic-Code")) {
          report.diagnostic = WithoutType(value);
        } else if (absl::EqualsIgnoreCase(name, "Original-Envelope-Id")) {
          mail.reported_envelope_id = value;
        }
      },
      [&] {
        const bool says_something = !report.action.empty() || !report.status.empty();
        if (says_something && mail.reports.size() < kReportsMax) mail.reports.push_back(report);
        report = RecipientReport();
      });
}

void ReadDisposition(std::string_view content, ParsedMail& mail) {
  ForEachField(
      content,
      [&](absl::string_view name, const std::string& value) {
        if (absl::EqualsIgnoreCase(name, "Original-Message-ID")) {
          mail.reported_message_id = FirstId(value);
        } else if (absl::EqualsIgnoreCase(name, "Disposition")) {
          // "manual-action/MDN-sent-manually; displayed/error"
          const std::string done = absl::AsciiStrToLower(WithoutType(value));
          mail.disposition = done.substr(0, done.find_first_of("/ ("));
        }
      },
      [] {});
}

// Only the headers, which end at the first empty line: what lies inside of the inside is not our
// matter, and could be nested without end.
void ReadReportedHeaders(std::string_view content, ParsedMail& mail) {
  bool within = true;
  ForEachField(
      content,
      [&](absl::string_view name, const std::string& value) {
        if (within && absl::EqualsIgnoreCase(name, "Message-ID")) {
          mail.reported_message_id = FirstId(value);
        }
      },
      [&] { within = false; });
}

}  // namespace trama::email
