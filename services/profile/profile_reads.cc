#include "services/profile/profile_reads.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/errors.h"
#include "services/platform/blob/blob_store.h"
#include "services/profile/customer_query.h"
#include "services/profile/person_reader.h"
#include "services/profile/timeline_order.h"

namespace trama::profile {
namespace {

using types::v1::Media;

std::vector<std::string> MemberIds(const Person& person) {
  std::vector<std::string> ids;
  for (const Member& member : person.members()) ids.push_back(member.row.customer_id());
  return ids;
}

v1::Resolution ResolutionOf(const Owner& owner, const std::optional<Person>& person) {
  v1::Resolution resolution;
  *resolution.mutable_identifier() = owner.identifier;
  if (!person.has_value()) {
    resolution.set_customer_id(owner.customer_id);
    (*resolution.mutable_facts())["known"] = "false";
    return resolution;
  }
  resolution.set_customer_id(person->customer_id());
  resolution.set_known(person->known());
  for (auto& [name, value] : person->Facts()) (*resolution.mutable_facts())[name] = value;
  return resolution;
}

absl::Status EntryUnknown() {
  return TypedError(absl::StatusCode::kNotFound, "ENTRY_UNKNOWN",
                    "this identifier has no such entry; take both from ListTimeline");
}

absl::StatusOr<FileOnTimeline> OriginalOf(const v1::TimelineEntry& entry) {
  FileOnTimeline original;
  original.reference = entry.raw_blob();
  if (!original.reference.empty()) return original;
  if (entry.raw_original().empty()) {
    return InvalidField("part", "-1", "is the raw original, which this entry does not have");
  }
  original.bytes = entry.raw_original();
  original.media.set_content_type(entry.raw_content_type());
  original.media.set_sha256(HexSha256(original.bytes));
  return original;
}

absl::StatusOr<FileOnTimeline> FileOf(const v1::TimelineEntry& entry, int part) {
  if (part == -1) return OriginalOf(entry);
  if (part < 0 || part >= entry.parts_size() || !entry.parts(part).has_media()) {
    return InvalidField("part", absl::StrCat(part), "is no file of this entry");
  }
  const Media& media = entry.parts(part).media();
  if (media.blob().empty()) {
    return TypedError(absl::StatusCode::kFailedPrecondition, "FILE_NOT_FETCHED",
                      media.fetch_error().empty()
                          ? "the file is still with the vendor; come again"
                          : absl::StrCat("the file could not be fetched: ", media.fetch_error()));
  }
  return FileOnTimeline{media, media.blob(), ""};
}

}  // namespace

absl::StatusOr<Person> ProfileReads::PersonOf(const std::string& workspace,
                                              const std::string& customer_id) {
  absl::StatusOr<std::vector<std::optional<Person>>> persons =
      ReadPersons(store_, workspace, {customer_id});
  if (!persons.ok()) return persons.status();
  if (!(*persons)[0].has_value()) return CustomerUnknown();
  return *std::move((*persons)[0]);
}

absl::StatusOr<v1::ResolveResponse> ProfileReads::Resolve(const Caller& caller,
                                                          const v1::ResolveRequest& request) {
  if (request.identifiers_size() > kResolveMax) {
    return InvalidField("identifiers", absl::StrCat(request.identifiers_size()),
                        absl::StrCat("are too many; ask for at most ", kResolveMax, " at once"));
  }
  std::vector<Owner> owners;
  std::vector<std::string> ids;
  for (int i = 0; i < request.identifiers_size(); ++i) {
    absl::StatusOr<Owner> owner = identifiers_.Read(
        caller, request.workspace(), request.identifiers(i), absl::StrCat("identifiers[", i, "]"));
    if (!owner.ok()) return owner.status();
    ids.push_back(owner->customer_id);
    owners.push_back(*std::move(owner));
  }
  const absl::StatusOr<std::vector<std::optional<Person>>> persons =
      ReadPersons(store_, request.workspace(), ids);
  if (!persons.ok()) return persons.status();
  v1::ResolveResponse response;
  for (size_t i = 0; i < owners.size(); ++i) {
    *response.add_resolutions() = ResolutionOf(owners[i], (*persons)[i]);
  }
  return response;
}

void ProfileReads::GetCustomer(
    const Caller& caller, const v1::GetCustomerRequest& request,
    const std::function<void(absl::StatusOr<v1::GetCustomerResponse>)>& done) {
  const absl::StatusOr<std::string> who = identifiers_.Who(caller, request);
  if (!who.ok()) return done(who.status());
  QueryCustomer(store_, request.workspace(), *who, [done](absl::StatusOr<v1::Customer> customer) {
    if (!customer.ok()) return done(customer.status());
    v1::GetCustomerResponse response;
    *response.mutable_customer() = *std::move(customer);
    done(std::move(response));
  });
}

absl::StatusOr<v1::ListTimelineResponse> ProfileReads::ListTimeline(
    const Caller& caller, const v1::ListTimelineRequest& request) {
  const absl::StatusOr<std::string> who = identifiers_.Who(caller, request);
  if (!who.ok()) return who.status();
  if (request.page_size() < 0 || request.page_size() > kPageSizeMax) {
    return InvalidField("page_size", absl::StrCat(request.page_size()),
                        absl::StrCat("must be at most ", kPageSizeMax));
  }
  if (!request.conversation_id().empty() && !IsEntityId(request.conversation_id())) {
    return InvalidField("conversation_id", request.conversation_id(), "is no conversation id");
  }
  const absl::StatusOr<std::string> after =
      ReadPageToken({request.workspace(), request.conversation_id(), request.oldest_first()},
                    request.page_token());
  if (!after.ok()) return after.status();
  const absl::StatusOr<Person> person = PersonOf(request.workspace(), *who);
  if (!person.ok()) return person.status();
  return Page(request, *person, *after,
              request.page_size() == 0 ? kPageSizeDefault : request.page_size());
}

absl::StatusOr<v1::ListTimelineResponse> ProfileReads::Page(const v1::ListTimelineRequest& request,
                                                            const Person& person,
                                                            const std::string& after,
                                                            size_t page_size) {
  const std::string& workspace = request.workspace();
  const std::vector<std::string> ids = MemberIds(person);
  const absl::StatusOr<std::vector<std::vector<std::string>>> timelines =
      store_.ReadPositions(workspace, ids,
                           {.conversation_id = request.conversation_id(),
                            .after = after,
                            .oldest_first = request.oldest_first(),
                            .limit = page_size + 1});
  if (!timelines.ok()) return timelines.status();
  std::vector<Placed> places = MergePositions(*timelines, request.oldest_first(), page_size + 1);
  bool is_last = places.size() <= page_size;
  if (!is_last) places.resize(page_size);

  std::vector<RowKey> keys;
  for (const Placed& place : places) {
    keys.push_back(EntryKey(workspace, ids[place.list], EntryIdAt(place.position)));
  }
  absl::StatusOr<std::vector<std::optional<v1::ProfileRow>>> rows = store_.Read(keys);
  if (!rows.ok()) return rows.status();
  v1::ListTimelineResponse response;
  size_t bytes = 0;
  const std::string* last = nullptr;
  for (size_t i = 0; i < places.size(); ++i) {
    std::optional<v1::ProfileRow>& row = (*rows)[i];
    if (row.has_value()) {
      row->mutable_entry()->clear_raw_original();
      bytes += row->entry().ByteSizeLong();
      if (bytes > kPageBytesMax && response.entries_size() > 0) {
        is_last = false;
        break;
      }
      *response.add_entries() = std::move(*row->mutable_entry());
    }
    last = &places[i].position;
  }
  if (!is_last && last != nullptr) {
    response.set_next_page_token(
        MakePageToken({workspace, request.conversation_id(), request.oldest_first()}, *last));
  }
  return response;
}

absl::StatusOr<FileOnTimeline> ProfileReads::FindFile(const Caller& caller,
                                                      const v1::ReadFileRequest& request) {
  const absl::StatusOr<Owner> owner =
      identifiers_.Read(caller, request.workspace(), request.identifier(), "identifier");
  if (!owner.ok()) return owner.status();
  if (!IsEntityId(request.entry_id())) {
    return InvalidField("entry_id", request.entry_id(), "is no entry id");
  }
  const absl::StatusOr<std::vector<std::optional<v1::ProfileRow>>> rows =
      store_.Read({EntryKey(request.workspace(), owner->customer_id, request.entry_id())});
  if (!rows.ok()) return rows.status();
  if (!(*rows)[0].has_value()) return EntryUnknown();
  absl::StatusOr<FileOnTimeline> file = FileOf((*rows)[0]->entry(), request.part());
  if (!file.ok() || file->reference.empty()) return file;
  const absl::StatusOr<platform::BlobReference> reference =
      platform::ParseBlobReference(file->reference);
  if (!reference.ok()) return reference.status();
  if (reference->workspace != request.workspace()) {
    return TypedError(absl::StatusCode::kPermissionDenied, "WORKSPACE_FORBIDDEN",
                      "the file lies in another workspace");
  }
  if (request.part() == -1) file->media.set_sha256(reference->sha256);
  return file;
}

}  // namespace trama::profile
