#pragma once

#include <functional>
#include <string>

#include "absl/flags/declare.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/media_source.h"
#include "services/channels/common/publisher.h"
#include "services/channels/common/raw_archive.h"
#include "services/channels/common/sender.h"
#include "services/platform/base/settings.h"
#include "services/platform/config/config_source.h"
#include "services/platform/http/http_router.h"
#include "services/platform/http/media.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/redis/redis_client.h"
#include "services/platform/service/runtime.h"

// What every channel behind HTTP doors is made of, from the settings into the Runtime: the parts
// that its doors and its delivery share, the doors, the fetching of files, delivery. Only during
// setup.
//
// Closers run in reverse order: FetchMedia, then DeliverWith, then ServeDoors, so that attempts
// under way are written before anything else ends.
ABSL_DECLARE_FLAG(std::string, http_listen);

namespace trama::channels {

struct ChannelParts {
  std::string channel;
  platform::KafkaConfig kafka;
  platform::ConfigSource* config = nullptr;
  platform::RedisClient* redis = nullptr;
  AccountDirectory* accounts = nullptr;
  Publisher* publisher = nullptr;
  RawArchive* archive = nullptr;
};

// `publishing`: its channel is set here.
absl::StatusOr<ChannelParts> MakeChannelParts(platform::Runtime& runtime,
                                              const std::string& channel,
                                              PublisherOptions publishing = {});

// How large a file may be that is fetched for a customer's message.
platform::MediaLimits MediaLimitsFromFlags();

// `source` must be owned by the runtime.
void FetchMedia(platform::Runtime& runtime, const ChannelParts& parts, MediaSource& source);

struct DeliverySettings {
  absl::Duration drain_max;           // For attempts under way: the longest call and a little.
  bool vendor_drops_repeats = false;  // As in DeliveryRules.
  // An account's own wait for a receipt; none: that of the rules.
  std::function<absl::Duration(const ChannelAccount&)> receipt_wait;
};
// `sender` must be owned by the runtime.
void DeliverWith(platform::Runtime& runtime, const ChannelParts& parts, Sender& sender,
                 DeliverySettings settings);

// Listens once everything is there. `drain_max`: for requests under way at the end.
void ServeDoors(platform::Runtime& runtime, std::function<void(platform::HttpRouter&)> add_doors,
                absl::Duration drain_max);

// A validator for StartSettings.
void CheckChannelFlags(platform::Mistakes& mistakes);

}  // namespace trama::channels
