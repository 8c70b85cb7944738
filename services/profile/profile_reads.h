#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "services/kernel/caller.h"
#include "services/profile/person.h"
#include "services/profile/request_identifiers.h"
#include "services/profile/row_store.h"
#include "trama/profile/v1/profile_service.pb.h"

namespace trama::profile {

inline constexpr int kResolveMax = 512;
inline constexpr int kPageSizeMax = 200;
inline constexpr int kPageSizeDefault = 50;
// A page ends before it gets longer, but has one entry at least. Under the 4 MiB that gRPC clients
// take by default.
inline constexpr size_t kPageBytesMax = 2 << 20;

// A file on a timeline.
struct FileOnTimeline {
  types::v1::Media media;
  std::string reference;  // In the blob store; empty when the row holds `bytes`.
  std::string bytes;
};

// Answers what is known. The caller has been let into request.workspace already. Errors: the
// reasons in profile_service.proto, InvalidField, and RowStore's. Thread-safe. Blocks.
class ProfileReads {
 public:
  ProfileReads(RowStore& store, const RequestIdentifiers& identifiers)
      : store_(store), identifiers_(identifiers) {}

  absl::StatusOr<v1::ResolveResponse> Resolve(const Caller& caller,
                                              const v1::ResolveRequest& request);
  // The only one that does not block; `done` as in customer_query.h.
  void GetCustomer(const Caller& caller, const v1::GetCustomerRequest& request,
                   const std::function<void(absl::StatusOr<v1::GetCustomerResponse>)>& done);
  absl::StatusOr<v1::ListTimelineResponse> ListTimeline(const Caller& caller,
                                                        const v1::ListTimelineRequest& request);
  absl::StatusOr<FileOnTimeline> FindFile(const Caller& caller, const v1::ReadFileRequest& request);

 private:
  // CUSTOMER_UNKNOWN when there is no such person.
  absl::StatusOr<Person> PersonOf(const std::string& workspace, const std::string& customer_id);
  absl::StatusOr<v1::ListTimelineResponse> Page(const v1::ListTimelineRequest& request,
                                                const Person& person, const std::string& after,
                                                size_t page_size);

  RowStore& store_;
  const RequestIdentifiers& identifiers_;
};

}  // namespace trama::profile
