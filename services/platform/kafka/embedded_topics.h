#pragma once

// deploy/topics.yaml as it was at build time; the .cc is written by CMake.
namespace trama::platform::kafka_internal {

extern const char kEmbeddedTopics[];

}  // namespace trama::platform::kafka_internal
