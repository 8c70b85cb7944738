#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"
#include "tools/cli/customer_who.h"
#include "tools/cli/names.h"
#include "tools/cli/reply_parts.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using profile::v1::Customer;
using profile::v1::ProfileService;
using profile::v1::TimelineEntry;

constexpr int kTimelinePageMax = 200;
constexpr int kTimelineLimitDefault = 50;
constexpr size_t kTextShownMaxCharacters = 80;
constexpr absl::Duration kRebuildTimeout = absl::Minutes(10);

template <typename Request>
absl::StatusOr<Request> About(Context& context, const Arguments& arguments) {
  context.ActAs({"supervisor", "admin"});
  Request request;
  request.set_workspace(context.workspace());
  const absl::StatusOr<Who> who = ParseWho(arguments.Get("WHO"));
  if (!who.ok()) return UsageError(ToStd(who.status().message()));
  if (!who->customer_id.empty()) {
    request.set_customer_id(who->customer_id);
  } else {
    *request.mutable_identifier() = who->identifier;
  }
  return request;
}

std::string TextOf(const Customer& customer) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"customer", customer.customer_id()},
      {"name", customer.display_name()},
      {"facts", Pairs(customer.facts())},
      {"first seen", ShortTime(customer.first_seen_at())},
      {"last seen", ShortTime(customer.last_seen_at())},
      {"entries", absl::StrCat(customer.entry_count())}};
  for (const auto& row : customer.identifiers()) {
    fields.emplace_back("identifier", IdentifierText(row.identifier()));
  }
  for (const auto& link : customer.links()) {
    fields.emplace_back("link", absl::StrCat(IdentifierText(link.a()), " = ",
                                             IdentifierText(link.b()), ", ", link.reason()));
  }
  return Fields(fields);
}

absl::Status ShowCustomer(Context& context, const Arguments& arguments) {
  const auto request = About<profile::v1::GetCustomerRequest>(context, arguments);
  if (!request.ok()) return request.status();
  const auto response = context.Call("profile", *request, &ProfileService::Stub::GetCustomer);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(response->customer()), [&] { return TextOf(response->customer()); });
  return absl::OkStatus();
}

absl::Status Link(Context& context, const Arguments& arguments) {
  context.ActAs({"supervisor", "admin"});
  profile::v1::LinkRequest request;
  request.set_workspace(context.workspace());
  const auto a = ParseIdentifierText(arguments.Get("A"));
  const auto b = ParseIdentifierText(arguments.Get("B"));
  if (!a.ok()) return UsageError(ToStd(a.status().message()));
  if (!b.ok()) return UsageError(ToStd(b.status().message()));
  *request.mutable_a() = *a;
  *request.mutable_b() = *b;
  request.set_reason(arguments.Get("reason"));
  request.set_evidence(arguments.Get("evidence"));
  request.set_command_id(context.command_id());
  const auto response = context.Call("profile", request, &ProfileService::Stub::Link);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(*response), [&] {
    return absl::StrCat("one customer now: ", response->customer_id(), "\n");
  });
  return absl::OkStatus();
}

// What a person would call it: the text, or the files, or what happened.
std::string Gist(const TimelineEntry& entry, bool full) {
  std::vector<std::string> pieces;
  if (!entry.subject().empty()) pieces.push_back(absl::StrCat("[", entry.subject(), "]"));
  for (const types::v1::Part& part : entry.parts()) {
    if (part.has_text()) pieces.push_back(part.text().body());
    if (part.has_media()) {
      const std::string& name = part.media().file_name();
      pieces.push_back(absl::StrCat("(file ", name.empty() ? part.media().content_type() : name,
                                    ", ", part.media().size_bytes(), " bytes)"));
    }
    if (part.has_location()) pieces.push_back("(location)");
    if (std::string rich = RichPartLine(part); !rich.empty()) pieces.push_back(std::move(rich));
  }
  if (!entry.summary().empty()) pieces.push_back(entry.summary());
  std::string text = absl::StrJoin(pieces, " ");
  absl::StripTrailingAsciiWhitespace(&text);
  return full ? text : Shortened(OneLine(text), kTextShownMaxCharacters);
}

std::string KindOf(const TimelineEntry& entry) {
  std::string kind = WordOf(entry.kind());
  if (entry.delivery_status() != 0) {
    absl::StrAppend(&kind, " (", WordOf(static_cast<delivery::v1::Status>(entry.delivery_status())),
                    ")");
  }
  return entry.automatic() ? kind + " (automatic)" : kind;
}

absl::Status Timeline(Context& context, const Arguments& arguments) {
  auto request = About<profile::v1::ListTimelineRequest>(context, arguments);
  if (!request.ok()) return request.status();
  request->set_conversation_id(arguments.Get("conversation"));
  request->set_oldest_first(arguments.Has("oldest-first"));
  int limit = kTimelineLimitDefault;
  if (arguments.Has("limit") && (!absl::SimpleAtoi(arguments.Get("limit"), &limit) || limit < 1)) {
    return UsageError("--limit must be a number above 0");
  }
  std::vector<Json> items;
  TextTable table({"TIME", "KIND", "CHANNEL", "BY", "WHAT"});
  do {
    request->set_page_size(std::min(limit - static_cast<int>(items.size()), kTimelinePageMax));
    const auto page = context.Call("profile", *request, &ProfileService::Stub::ListTimeline);
    if (!page.ok()) return page.status();
    for (const TimelineEntry& entry : page->entries()) {
      items.push_back(ToJson(entry));
      table.Add({ShortTime(entry.at()), KindOf(entry), entry.channel(),
                 entry.actor().id().empty() ? WordOf(entry.actor().kind()) : entry.actor().id(),
                 Gist(entry, arguments.Has("full"))});
    }
    request->set_page_token(page->next_page_token());
  } while (!request->page_token().empty() && static_cast<int>(items.size()) < limit);
  context.out().Many(
      items, [&] { return table; }, "the timeline is empty");
  return absl::OkStatus();
}

absl::Status NoteOnCustomer(Context& context, const Arguments& arguments) {
  auto request = About<profile::v1::AddNoteRequest>(context, arguments);
  if (!request.ok()) return request.status();
  request->set_text(absl::StrJoin(arguments.All("TEXT"), " "));
  request->set_command_id(context.command_id());
  const auto response = context.Call("profile", *request, &ProfileService::Stub::AddNote);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(response->entry()),
                    [&] { return absl::StrCat("noted as ", response->entry().entry_id(), "\n"); });
  return absl::OkStatus();
}

absl::Status Set(Context& context, const Arguments& arguments) {
  context.ActAs({"supervisor", "admin"});
  profile::v1::SetAttributesRequest request;
  request.set_workspace(context.workspace());
  const auto identifier = ParseIdentifierText(arguments.Get("IDENTIFIER"));
  if (!identifier.ok()) return UsageError(ToStd(identifier.status().message()));
  *request.mutable_identifier() = *identifier;
  for (const std::string& pair : arguments.All("NAME=VALUE")) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(absl::StrCat("\"", pair, "\" must be name=value, such as segment=gold"));
    }
    (*request.mutable_values())[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  const auto response = context.Call("profile", request, &ProfileService::Stub::SetAttributes);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(response->attributes()),
                    [&] { return Pairs(response->attributes().values()) + "\n"; });
  return absl::OkStatus();
}

absl::Status File(Context& context, const Arguments& arguments) {
  context.ActAs({"supervisor", "admin"});
  profile::v1::ReadFileRequest request;
  request.set_workspace(context.workspace());
  const auto identifier = ParseIdentifierText(arguments.Get("IDENTIFIER"));
  if (!identifier.ok()) return UsageError(ToStd(identifier.status().message()));
  *request.mutable_identifier() = *identifier;
  request.set_entry_id(arguments.Get("ENTRY"));
  int part = 0;
  if (!absl::SimpleAtoi(arguments.Get("PART"), &part)) {
    return UsageError("PART must be a number: 0 for the first part, -1 for the raw original");
  }
  request.set_part(part);

  const auto peer = context.PeerOf("profile");
  if (!peer.ok()) return peer.status();
  const auto token = context.Token();
  if (!token.ok()) return token.status();
  grpc::ClientContext call;
  (*peer)->Prepare(call, {.timeout = context.timeout()});
  call.AddMetadata("authorization", "Bearer " + *token);
  ProfileService::Stub stub((*peer)->channel());
  const auto reader = stub.ReadFile(&call, request);
  const std::string path = arguments.Get("to");
  std::ofstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot write ", path));
  profile::v1::ReadFileResponse chunk;
  size_t bytes = 0;
  while (reader->Read(&chunk)) {
    file << chunk.data();
    bytes += chunk.data().size();
  }
  const absl::Status status = platform::FromGrpc(reader->Finish());
  if (!status.ok()) return status;
  file.close();
  if (!file) return absl::UnknownError(absl::StrCat("cannot write ", path));
  context.out().One(Json{{"file", path}, {"bytes", bytes}},
                    [&] { return absl::StrCat(bytes, " bytes in ", path, "\n"); });
  return absl::OkStatus();
}

absl::Status Rebuild(Context& context, const Arguments& arguments) {
  context.ActAs({"admin"});
  context.AllowTime(kRebuildTimeout);
  profile::v1::RebuildRequest request;
  request.set_flush(arguments.Has("flush"));
  const auto response = context.Call("profile", request, &ProfileService::Stub::Rebuild);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(*response),
                    [&] { return absl::StrCat(response->rows(), " rows were played again\n"); });
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> CustomerCommands() {
  const Positional who = {
      "WHO", "A customer id, an address, a number, or kind:value (such as account:crm:42)"};
  const Positional identifier = {"IDENTIFIER", "An address, a number, or kind:value"};
  return {{.path = {"customers", "show"},
           .summary = "A customer: identifiers, links, facts",
           .positionals = {who},
           .run = ShowCustomer},
          {.path = {"customers", "link"},
           .summary = "Say that two identifiers belong to one person",
           .positionals = {{"A", "An address, a number, or kind:value"}, {"B", "Another one"}},
           .flags = {{.name = "reason", .value = "TEXT", .help = "Why", .required = true},
                     {.name = "evidence", .value = "TEXT", .help = "What shows it"}},
           .run = Link},
          {.path = {"customers", "note"},
           .summary = "Put a note on a customer's timeline",
           .positionals = {who, {"TEXT", "The note", false, true}},
           .run = NoteOnCustomer},
          {.path = {"customers", "timeline"},
           .summary = "Everything that happened with a customer, newest first",
           .positionals = {who},
           .flags = {{.name = "conversation", .value = "ID", .help = "Only of this conversation"},
                     {.name = "limit", .value = "N", .help = "At most N entries (50)"},
                     {.name = "oldest-first", .help = "The other way round"},
                     {.name = "full", .help = "Whole texts"}},
           .run = Timeline},
          {.path = {"customers", "set"},
           .summary = "Set facts by which routing may decide; an empty value removes one",
           .positionals = {identifier, {"NAME=VALUE", "Such as segment=gold", false, true}},
           .run = Set},
          {.path = {"customers", "file"},
           .summary = "Save a file of a timeline entry",
           .positionals = {identifier,
                           {"ENTRY", "The entry's id"},
                           {"PART", "Which part of it: 0 for the first, -1 for the raw original"}},
           .flags = {{.name = "to", .value = "FILE", .help = "Where to save it", .required = true}},
           .run = File},
          {.path = {"profile", "rebuild"},
           .summary = "Play trama.profiles.v1 into Redis again",
           .flags = {{.name = "flush", .help = "Empty what profile keeps in Redis first"}},
           .run = Rebuild}};
}

}  // namespace trama::tramactl
