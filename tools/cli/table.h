#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace trama::tramactl {

// Rows under headings, as wide as their widest entry. Empty cells show as "-"; line breaks and
// other control characters of a cell show as a space, so that a row stays a line and no text of a
// customer can steer the terminal.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  // As many cells as headings.
  void Add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  // `bold`: headings with the terminal's escapes for bold.
  std::string ToString(bool bold) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

// The text with control characters (those of the terminal too) replaced by a space.
std::string OneLine(const std::string& text);

// The same, but line breaks stay.
std::string WithoutControls(const std::string& text);

// Cut after `characters_max`, with "…" for the rest.
std::string Shortened(const std::string& text, size_t characters_max);

// "3m 20s ago", "in 12s", "-" when absent.
std::string Ago(const google::protobuf::Timestamp& time, absl::Time now);

// "850ms", "12.3s", "3m20s", "2h05m"
std::string ShortDuration(absl::Duration duration);

}  // namespace trama::tramactl
