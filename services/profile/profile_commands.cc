#include "services/profile/profile_commands.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "services/kernel/errors.h"
#include "services/kernel/ids.h"
#include "services/kernel/text.h"
#include "services/platform/kafka/kafka_error.h"
#include "services/profile/customer_query.h"
#include "services/profile/person_reader.h"
#include "services/profile/profile_reads.h"
#include "services/profile/timeline_entries.h"

namespace trama::profile {
namespace {

using google::protobuf::Timestamp;
using types::v1::Actor;
using v1::TimelineEntry;

Timestamp Stamp(absl::Time now) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(now));
}

Actor ActorOf(const Caller& caller) {
  Actor actor;
  actor.set_id(caller.subject);
  if (caller.HasRole("supervisor")) {
    actor.set_kind(Actor::KIND_SUPERVISOR);
  } else if (caller.HasRole("agent")) {
    actor.set_kind(Actor::KIND_AGENT);
  } else if (caller.HasRole("integrator")) {
    actor.set_kind(Actor::KIND_INTEGRATOR);
  } else {
    actor.set_kind(Actor::KIND_SYSTEM);
  }
  return actor;
}

absl::Status CheckLength(const char* field, const std::string& text, size_t characters_max) {
  const size_t characters = CountCodePoints(text);
  if (characters <= characters_max) return absl::OkStatus();
  return InvalidField(
      field, "",
      absl::StrCat("has ", characters, " characters; at most ", characters_max, " are allowed"));
}

absl::Status IdentifierUnknown(const char* field) {
  return TypedError(absl::StatusCode::kNotFound, "IDENTIFIER_UNKNOWN",
                    absl::StrCat(field,
                                 " is an identifier of which nothing is known in this "
                                 "workspace; set an attribute of it first"),
                    {{"field", field}});
}

absl::Status CheckAttribute(const std::string& name, const std::string& value) {
  const auto good = [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-' || c == '.';
  };
  if (name.empty() || name.size() > kAttributeNameBytesMax ||
      !std::all_of(name.begin(), name.end(), good)) {
    return InvalidField("values", name,
                        absl::StrCat("is no name; use 1 to ", kAttributeNameBytesMax,
                                     " of a-z, 0-9, '_', '-' and '.'"));
  }
  if (IsReservedFact(name)) return InvalidField("values", name, "is a fact that profile makes");
  if (value.size() > kAttributeValueBytesMax) {
    return InvalidField(absl::StrCat("values[", name, "]"), "",
                        absl::StrCat("has more than ", kAttributeValueBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ProfileCommands::Write(const Said& said, const std::vector<RowKey>& keys,
                                    const RowWriter::Fold& fold) {
  absl::Status written = writer_.Write(keys, [&](RowSet& rows) {
    rows.Trace(said.traceparent);
    return fold(rows);
  });
  if (platform::KindOf(written) != platform::KafkaErrorKind::kRetriable &&
      !absl::IsAborted(written) && !absl::IsDeadlineExceeded(written)) {
    return written;
  }
  return RetryAfter(absl::UnavailableError(absl::StrCat(
                        "it may be half done; the same again completes it: ", written.message())),
                    absl::Seconds(1));
}

absl::Status ProfileCommands::CheckRoom(const std::string& workspace, const Owner& a,
                                        const Owner& b) {
  const absl::StatusOr<std::vector<Component>> found =
      FindComponents(store_, workspace, {a.customer_id, b.customer_id});
  if (!found.ok()) return found.status();
  std::set<std::string> together((*found)[0].members().begin(), (*found)[0].members().end());
  together.insert((*found)[1].members().begin(), (*found)[1].members().end());
  if (together.size() <= kComponentMax) return absl::OkStatus();
  return TypedError(absl::StatusCode::kFailedPrecondition, "COMPONENT_FULL",
                    absl::StrCat("together they would have ", together.size(),
                                 " identifiers; one person has at most ", kComponentMax));
}

absl::StatusOr<v1::LinkResponse> ProfileCommands::Link(const Said& said,
                                                       const v1::LinkRequest& request) {
  const std::string& workspace = request.workspace();
  const absl::StatusOr<Owner> a = identifiers_.Read(said.caller, workspace, request.a(), "a");
  if (!a.ok()) return a.status();
  const absl::StatusOr<Owner> b = identifiers_.Read(said.caller, workspace, request.b(), "b");
  if (!b.ok()) return b.status();
  if (a->customer_id == b->customer_id) {
    return InvalidField("b", "", "is the same identifier as a");
  }
  absl::Status fine = CheckLength("reason", request.reason(), kReasonCharactersMax);
  fine.Update(CheckLength("evidence", request.evidence(), kReasonCharactersMax));
  if (fine.ok()) fine = CheckRoom(workspace, *a, *b);
  if (!fine.ok()) return fine;

  v1::LinkRow link;
  link.set_link_id(LinkIdOf(workspace, a->customer_id, b->customer_id));
  *link.mutable_a() = a->identifier;
  *link.mutable_b() = b->identifier;
  link.set_a_customer_id(a->customer_id);
  link.set_b_customer_id(b->customer_id);
  link.set_reason(request.reason());
  link.set_evidence(request.evidence());
  *link.mutable_actor() = ActorOf(said.caller);
  *link.mutable_linked_at() = Stamp(said.at);

  const RowKey link_key = LinkKey(workspace, link.link_id());
  const RowKey near_a = EntryKey(workspace, a->customer_id, link.link_id());
  const RowKey near_b = EntryKey(workspace, b->customer_id, link.link_id());
  const RowKey row_a = IdentifierKey(workspace, a->customer_id);
  const RowKey row_b = IdentifierKey(workspace, b->customer_id);
  const auto fold = [&](RowSet& rows) {
    if (rows.Identifier(row_a) == nullptr) return IdentifierUnknown("a");
    if (rows.Identifier(row_b) == nullptr) return IdentifierUnknown("b");
    // One that stands already stays as it was first said.
    const v1::LinkRow* there = rows.Link(link_key);
    const v1::LinkRow row = there != nullptr ? *there : link;
    rows.Put(link_key, row);
    rows.Put(near_a, EntryOf(row, a->identifier));
    rows.Put(near_b, EntryOf(row, b->identifier));
    return absl::OkStatus();
  };
  absl::Status written = Write(said, {link_key, near_a, near_b, row_a, row_b}, fold);
  if (!written.ok()) return written;

  const absl::StatusOr<std::vector<std::optional<Person>>> persons =
      ReadPersons(store_, workspace, {a->customer_id});
  if (!persons.ok()) return persons.status();
  v1::LinkResponse response;
  response.set_link_id(link.link_id());
  response.set_customer_id((*persons)[0].has_value() ? (*persons)[0]->customer_id()
                                                     : a->customer_id);
  return response;
}

absl::StatusOr<v1::AddNoteResponse> ProfileCommands::AddNote(const Said& said,
                                                             const v1::AddNoteRequest& request) {
  const std::string& workspace = request.workspace();
  const absl::StatusOr<std::string> who = identifiers_.Who(said.caller, request);
  if (!who.ok()) return who.status();
  if (request.text().empty()) return InvalidField("text", "", "is empty; say something");
  absl::Status fine = CheckLength("text", request.text(), kNoteCharactersMax);
  if (!fine.ok()) return fine;
  if (!IsEntityId(request.command_id())) {
    return InvalidField("command_id", request.command_id(),
                        "must be an id of the caller's making, such as a UUID");
  }
  TimelineEntry note;
  note.set_entry_id(DerivedId({"note", workspace, said.caller.subject, request.command_id()}));
  note.set_source_id(note.entry_id());
  note.set_kind(TimelineEntry::KIND_NOTE);
  note.set_channel("note");
  *note.mutable_at() = Stamp(said.at);
  *note.mutable_actor() = ActorOf(said.caller);
  types::v1::Text& text = *note.add_parts()->mutable_text();
  text.set_body(request.text());
  text.set_format(types::v1::Text::FORMAT_PLAIN);

  const RowKey identifier_key = IdentifierKey(workspace, *who);
  const RowKey note_key = EntryKey(workspace, *who, note.entry_id());
  v1::AddNoteResponse response;
  const auto fold = [&](RowSet& rows) {
    const v1::IdentifierRow* identifier = rows.Identifier(identifier_key);
    if (identifier == nullptr) return CustomerUnknown();
    *note.mutable_identifier() = identifier->identifier();
    const TimelineEntry* there = rows.Entry(note_key);
    *response.mutable_entry() = there != nullptr ? *there : note;
    rows.Put(note_key, response.entry());
    return absl::OkStatus();
  };
  absl::Status written = Write(said, {identifier_key, note_key}, fold);
  if (!written.ok()) return written;
  return response;
}

absl::StatusOr<v1::SetAttributesResponse> ProfileCommands::SetAttributes(
    const Said& said, const v1::SetAttributesRequest& request) {
  const std::string& workspace = request.workspace();
  const absl::StatusOr<Owner> owner =
      identifiers_.Read(said.caller, workspace, request.identifier(), "identifier");
  if (!owner.ok()) return owner.status();
  if (request.values().size() > kAttributesMax) {
    return InvalidField("values", "", absl::StrCat("has more than ", kAttributesMax, " names"));
  }
  for (const auto& [name, value] : request.values()) {
    if (absl::Status fine = CheckAttribute(name, value); !fine.ok()) return fine;
  }
  const RowKey identifier_key = IdentifierKey(workspace, owner->customer_id);
  const RowKey attributes_key = AttributesKey(workspace, owner->customer_id);
  v1::SetAttributesResponse response;
  const auto fold = [&](RowSet& rows) {
    v1::Attributes attributes;
    if (const v1::Attributes* there = rows.Attributes(attributes_key)) attributes = *there;
    *attributes.mutable_identifier() = owner->identifier;
    for (const auto& [name, value] : request.values()) {
      attributes.mutable_values()->erase(name);
      if (!value.empty()) (*attributes.mutable_values())[name] = value;
    }
    if (attributes.values().size() > kAttributesMax) {
      return InvalidField("values", "",
                          absl::StrCat("would make more than ", kAttributesMax,
                                       " attributes; remove some with empty values"));
    }
    // From now on it can be linked and looked up, although nobody has written yet.
    if (rows.Identifier(identifier_key) == nullptr) {
      v1::IdentifierRow row;
      *row.mutable_identifier() = owner->identifier;
      row.set_customer_id(owner->customer_id);
      rows.Put(identifier_key, row);
    }
    rows.Put(attributes_key, attributes);
    *response.mutable_attributes() = attributes;
    return absl::OkStatus();
  };
  absl::Status written = Write(said, {identifier_key, attributes_key}, fold);
  if (!written.ok()) return written;
  return response;
}

}  // namespace trama::profile
