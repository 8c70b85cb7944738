#include "services/channels/common/capability.h"

#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::channels {

namespace {

absl::Status CheckText(const ChannelCapability& capability, const types::v1::Text& text) {
  if (text.format() == types::v1::Text::FORMAT_HTML && !capability.html) {
    return absl::InvalidArgumentError(
        absl::StrCat("parts: channel ", capability.channel, " carries plain text only, not html"));
  }
  const auto length = static_cast<int64_t>(CountCodePoints(text.body()));
  if (capability.text_code_points_max > 0 && length > capability.text_code_points_max) {
    return absl::InvalidArgumentError(absl::StrCat(
        "parts: text of ", length, " characters, channel ", capability.channel, " carries at most ",
        capability.text_code_points_max, "; shorten or split it"));
  }
  return absl::OkStatus();
}

absl::Status CheckMedia(const ChannelCapability& capability, const types::v1::Media& media) {
  if (!MediaTypeAllowed(capability, media.content_type())) {
    return absl::InvalidArgumentError(absl::StrCat("parts: channel ", capability.channel,
                                                   " does not carry files of type ",
                                                   media.content_type()));
  }
  if (capability.media_bytes_max > 0 && media.size_bytes() > capability.media_bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("parts: file of ", media.size_bytes(), " bytes, channel ", capability.channel,
                     " carries at most ", capability.media_bytes_max));
  }
  return absl::OkStatus();
}

absl::Status CheckAlone(const ChannelCapability& capability,
                        const outbound::v1::OutboundMessage& message, absl::string_view what,
                        bool is_carried) {
  if (!is_carried) {
    return absl::InvalidArgumentError(
        absl::StrCat("parts: channel ", capability.channel, " has no parts of type ", what));
  }
  if (message.parts_size() == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("parts: ", message.parts_size(), ", one of type ", what, " must stand alone"));
}

absl::Status CheckMediaTotals(const ChannelCapability& capability, int64_t count, int64_t bytes) {
  if (count > capability.media_count_max) {
    return absl::InvalidArgumentError(absl::StrCat("parts: ", count, " files, channel ",
                                                   capability.channel, " carries at most ",
                                                   capability.media_count_max));
  }
  if (capability.media_total_bytes_max > 0 && bytes > capability.media_total_bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat("parts: files of ", bytes, " bytes, channel ",
                                                   capability.channel, " carries at most ",
                                                   capability.media_total_bytes_max));
  }
  return absl::OkStatus();
}

}  // namespace

bool MediaTypeAllowed(const ChannelCapability& capability, std::string_view content_type) {
  if (capability.media_types.empty()) return true;
  const std::string_view bare = content_type.substr(0, content_type.find(';'));
  const std::string type = absl::AsciiStrToLower(absl::StripAsciiWhitespace(ToAbsl(bare)));
  for (const std::string& allowed : capability.media_types) {
    if (allowed == type) return true;
    if (absl::EndsWith(allowed, "/*") &&
        absl::StartsWith(type, absl::string_view(allowed).substr(0, allowed.size() - 1))) {
      return true;
    }
  }
  return false;
}

absl::Status CheckContent(const ChannelCapability& capability,
                          const outbound::v1::OutboundMessage& message) {
  int64_t media_count = 0;
  int64_t media_bytes = 0;
  absl::Status checked;
  for (const types::v1::Part& part : message.parts()) {
    switch (part.content_case()) {
      case types::v1::Part::kText:
        checked = CheckText(capability, part.text());
        break;
      case types::v1::Part::kMedia:
        ++media_count;
        media_bytes += part.media().size_bytes();
        checked = CheckMedia(capability, part.media());
        break;
      case types::v1::Part::kTemplate:
        checked = CheckAlone(capability, message, "template", capability.templates);
        break;
      case types::v1::Part::kInteractive:
        checked = CheckAlone(capability, message, "interactive", capability.interactive);
        break;
      case types::v1::Part::kLocation:
      case types::v1::Part::CONTENT_NOT_SET:
        checked = absl::InvalidArgumentError(
            absl::StrCat("parts: channel ", capability.channel, " carries text and files only"));
        break;
    }
    if (!checked.ok()) return checked;
  }
  return CheckMediaTotals(capability, media_count, media_bytes);
}

}  // namespace trama::channels
