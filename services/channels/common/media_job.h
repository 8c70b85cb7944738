#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::channels {

// A file of a message that is still with the vendor.
struct MediaJob {
  interaction::v1::Interaction message;
  int part = 0;             // Which of the message's parts.
  std::string traceparent;  // Of the message's record.

  const types::v1::Media& media() const { return message.parts(part).media(); }
};

// False if a serialized Interaction has surely no file in its parts: quick, for nearly all have
// none. What cannot be read may have one.
bool MayHaveFiles(std::string_view serialized);

// The files that have to be fetched for an interaction: those of messages of `channel` that have an
// address at the vendor and no bytes yet.
std::vector<MediaJob> MediaJobsOf(const interaction::v1::Interaction& interaction,
                                  std::string_view channel);

struct FetchedMedia {
  std::string blob;
  std::string content_type;
  int64_t size_bytes = 0;
  std::string sha256;  // Lower-case hex.
};

// The KIND_MEDIA interaction that tells where the file is now. It names the file by its address at
// the vendor, as the message did; fact "part" is the place in the message. A repeat has the same
// id.
interaction::v1::Interaction MediaArrived(const MediaJob& job, const FetchedMedia& fetched,
                                          absl::Time now);
// The same for a file that will not come; `why` holds no personal data.
interaction::v1::Interaction MediaFailed(const MediaJob& job, std::string_view why, absl::Time now);

// Is there no use in trying again?
bool IsFinalFetchError(const absl::Status& status);
// "the file is too large" and the like: what an agent is told.
std::string FetchErrorText(const absl::Status& status);

}  // namespace trama::channels
