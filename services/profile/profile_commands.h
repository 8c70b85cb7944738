#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/kernel/caller.h"
#include "services/profile/request_identifiers.h"
#include "services/profile/row_store.h"
#include "services/profile/row_writer.h"
#include "trama/profile/v1/profile_service.pb.h"

namespace trama::profile {

inline constexpr size_t kReasonCharactersMax = 500;
inline constexpr size_t kNoteCharactersMax = 10'000;
inline constexpr size_t kAttributesMax = 64;
inline constexpr size_t kAttributeNameBytesMax = 64;
inline constexpr size_t kAttributeValueBytesMax = 512;

// Who says something, when, and in which trace.
struct Said {
  const Caller& caller;
  absl::Time at;
  std::string traceparent;
};

// What people and integrators say of a customer. Each is in Redis and on topic `profiles` when it
// is answered; after an error it may be half done, and the same again completes it. The caller has
// been let into request.workspace already. Errors: the reasons in profile_service.proto,
// InvalidField, and UNAVAILABLE when Redis or Kafka is away. Thread-safe. Blocks.
class ProfileCommands {
 public:
  ProfileCommands(RowStore& store, RowWriter& writer, const RequestIdentifiers& identifiers)
      : store_(store), writer_(writer), identifiers_(identifiers) {}

  absl::StatusOr<v1::LinkResponse> Link(const Said& said, const v1::LinkRequest& request);
  absl::StatusOr<v1::AddNoteResponse> AddNote(const Said& said, const v1::AddNoteRequest& request);
  absl::StatusOr<v1::SetAttributesResponse> SetAttributes(const Said& said,
                                                          const v1::SetAttributesRequest& request);

 private:
  // COMPONENT_FULL when the two persons together have too many identifiers. Two links made at the
  // same moment do not see each other: the limit bounds, it does not count.
  absl::Status CheckRoom(const std::string& workspace, const Owner& a, const Owner& b);
  absl::Status Write(const Said& said, const std::vector<RowKey>& keys,
                     const RowWriter::Fold& fold);

  RowStore& store_;
  RowWriter& writer_;
  const RequestIdentifiers& identifiers_;
};

}  // namespace trama::profile
