#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/raw_archive.h"
#include "services/platform/base/clock.h"
#include "services/platform/http/http_message.h"
#include "services/platform/net/awaitable.h"

namespace trama::channels {

// Serves the files of our messages to whoever delivers them: GET and HEAD of a MediaLink's token
// behind a prefix. Everything that is wrong is 404: nothing is to be learned here. Before the
// configuration is read it is 503.
//
// Threads: safe from any. What it is given must outlive the server.
class FileDoor {
 public:
  // The secrets that may have signed an account's links.
  using LinkSecrets = std::function<std::vector<std::string>(const ChannelAccount&)>;

  // Serving a file may take longer than taking in a message.
  static constexpr absl::Duration kHandlerMax = absl::Seconds(20);

  // `prefix`: "/sms/media/".
  FileDoor(std::string prefix, size_t bytes_max, const AccountDirectory& accounts,
           RawArchive& archive, const platform::Clock& clock, LinkSecrets secrets);

  // Is it the prefix and the shape of a token?
  bool IsFile(std::string_view path) const;
  platform::Awaitable<platform::HttpResponse> Serve(platform::HttpRequest request);

 private:
  const std::string prefix_;
  const size_t bytes_max_;
  const AccountDirectory& accounts_;
  RawArchive& archive_;
  const platform::Clock& clock_;
  const LinkSecrets secrets_;
};

}  // namespace trama::channels
