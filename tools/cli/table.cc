#include "tools/cli/table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::tramactl {
namespace {

// C1 controls (U+0080 to U+009F) steer terminals as well; in UTF-8 they are 0xC2 0x80 … 0x9F.
bool IsC1(const std::string& text, size_t i) {
  return static_cast<unsigned char>(text[i]) == 0xC2 && i + 1 < text.size() &&
         static_cast<unsigned char>(text[i + 1]) < 0xA0;
}

std::string Clean(const std::string& text, bool keep_breaks) {
  std::string clean;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (IsC1(text, i)) {
      clean += ' ';
      ++i;
    } else if (byte == '\n' && keep_breaks) {
      clean += '\n';
    } else {
      clean += byte < 0x20 || byte == 0x7F ? ' ' : text[i];
    }
  }
  return clean;
}

std::string Line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    absl::StrAppend(&line, cells[i]);
    if (i + 1 == cells.size()) break;
    line.append(widths[i] - CountCodePoints(cells[i]) + 2, ' ');
  }
  return line;
}

}  // namespace

std::string OneLine(const std::string& text) { return Clean(text, /*keep_breaks=*/false); }

std::string WithoutControls(const std::string& text) { return Clean(text, /*keep_breaks=*/true); }

std::string Shortened(const std::string& text, size_t characters_max) {
  if (CountCodePoints(text) <= characters_max) return text;
  size_t bytes = std::min(text.size(), characters_max * 4);  // UTF-8: at most 4 bytes each.
  while (CountCodePoints(std::string_view(text).substr(0, bytes)) >= characters_max) {
    bytes = TruncateUtf8(text, bytes - 1).size();
  }
  return absl::StrCat(text.substr(0, bytes), "…");
}

void TextTable::Add(std::vector<std::string> row) {
  TRAMA_CHECK(row.size() == headings_.size());
  for (std::string& cell : row) cell = cell.empty() ? "-" : OneLine(cell);
  rows_.push_back(std::move(row));
}

std::string TextTable::ToString(bool bold) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < headings_.size(); ++i) {
    size_t width = CountCodePoints(headings_[i]);
    for (const auto& row : rows_) width = std::max(width, CountCodePoints(row[i]));
    widths.push_back(width);
  }
  std::string text = bold ? absl::StrCat("\x1b[1m", Line(headings_, widths), "\x1b[0m\n")
                          : absl::StrCat(Line(headings_, widths), "\n");
  for (const auto& row : rows_) absl::StrAppend(&text, Line(row, widths), "\n");
  return text;
}

std::string ShortDuration(absl::Duration duration) {
  if (duration < absl::ZeroDuration()) return "-" + ShortDuration(-duration);
  const double seconds = absl::ToDoubleSeconds(duration);
  if (seconds < 1) return absl::StrFormat("%dms", absl::ToInt64Milliseconds(duration));
  if (seconds < 60) return absl::StrFormat("%.1fs", std::floor(seconds * 10) / 10);
  const int64_t whole = absl::ToInt64Seconds(duration);
  if (whole < 3600) return absl::StrFormat("%dm%02ds", whole / 60, whole % 60);
  if (whole < 48 * 3600) return absl::StrFormat("%dh%02dm", whole / 3600, whole % 3600 / 60);
  return absl::StrFormat("%dd%02dh", whole / 86400, whole % 86400 / 3600);
}

std::string Ago(const google::protobuf::Timestamp& time, absl::Time now) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  const absl::Time when = absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  if (when > now) return "in " + ShortDuration(when - now);
  return ShortDuration(now - when) + " ago";
}

}  // namespace trama::tramactl
