#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

// Debian builds Abseil with a string_view of its own: absl::string_view is not std::string_view,
// and neither turns into the other by itself. Our interfaces speak std::string_view; these two
// cross the border to absl::StrCat, absl::StrSplit, absl::Status::message() and the like. In
// absl::btree_map and btree_set with std::string keys give std::less<> as the order, so that find()
// takes a std::string_view.
namespace trama {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace trama
