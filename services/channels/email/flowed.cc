#include "services/channels/email/flowed.h"

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/kernel/strings.h"

namespace trama::email {

namespace {

constexpr std::string_view kSignature = "-- ";

struct Line {
  size_t quotes = 0;
  std::string_view text;
  bool flows = false;  // On into the next one.
};

Line Read(absl::string_view raw) {
  Line line;
  absl::ConsumeSuffix(&raw, "\r");
  while (absl::ConsumePrefix(&raw, ">")) ++line.quotes;
  absl::ConsumePrefix(&raw, " ");  // Stuffed, so that no text begins with '>' or "From ".
  line.text = ToStd(raw);
  line.flows = !line.text.empty() && line.text.back() == ' ' && line.text != kSignature;
  return line;
}

}  // namespace

std::string Unflowed(std::string_view text, bool del_sp) {
  std::string out;
  out.reserve(text.size());
  bool open = false;  // The line before flows on.
  size_t open_quotes = 0;
  bool first = true;
  for (const absl::string_view raw : absl::StrSplit(ToAbsl(text), '\n')) {
    const Line line = Read(raw);
    // A signature, and a change of the quote, end what has flowed.
    const bool joins = open && line.quotes == open_quotes && line.text != kSignature;
    if (!joins) {
      if (!first) out += '\n';
      out.append(line.quotes, '>');
      if (line.quotes > 0) out += ' ';
    }
    out += line.flows && del_sp ? line.text.substr(0, line.text.size() - 1) : line.text;
    open = line.flows;
    open_quotes = line.quotes;
    first = false;
  }
  return out;
}

}  // namespace trama::email
