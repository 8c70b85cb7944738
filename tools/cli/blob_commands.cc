#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/ids.h"
#include "services/kernel/resources/identifiers.h"
#include "services/kernel/strings.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/settings.h"
#include "services/platform/blob/expire_blobs.h"
#include "services/platform/blob/open_blob_store.h"
#include "services/platform/net/io_threads.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"
#include "tools/cli/customer_who.h"
#include "trama/config/v1/config_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

// What is on its way, or waits in the dead letters for a person, may need files that are younger.
constexpr absl::Duration kOlderThanMin = absl::Hours(24);

// The store that the flags name, and what it needs to live.
class OpenedBlobs {
 public:
  absl::Status Open(const Arguments& arguments) {
    const platform::BlobSettings settings = {.dir = arguments.Get("blob-dir"),
                                             .url = arguments.Get("blob-url"),
                                             .access_key = arguments.Get("blob-access-key"),
                                             .secret_key = arguments.Get("blob-secret-key"),
                                             .make_folder = false};
    if (settings.dir.empty() == settings.url.empty()) {
      return UsageError("where are the blobs? give either --blob-dir or --blob-url");
    }
    auto opened = platform::OpenBlobStore(io_.context(), clock_, settings);
    if (absl::IsInvalidArgument(opened.status())) {
      return UsageError(ToStd(opened.status().message()));
    }
    if (!opened.ok()) return opened.status();
    store_ = *std::move(opened);
    return absl::OkStatus();
  }
  platform::BlobStore& store() { return *store_; }

 private:
  platform::SystemClock clock_;
  platform::IoThreads io_{1};
  std::unique_ptr<platform::BlobStore> store_;
};

// Whose blobs these are: for the store, and as the operator has written it.
struct Owner {
  std::string key;
  std::string text;
};

// By what the channels key the identifiers of a workspace, and where its numbers belong.
struct Identity {
  std::string secret;
  std::string region;
};

absl::StatusOr<Identity> IdentityOf(Context& context, const Arguments& arguments) {
  Identity identity;
  std::string reference = arguments.Get("identity-secret");
  if (reference.empty()) {
    context.ActAs({"admin", "supervisor"});
    config::v1::GetRequest request;
    request.mutable_resource()->set_kind("Workspace");
    request.mutable_resource()->set_name(arguments.Get("WORKSPACE"));
    const auto found = context.Call("config", request, &config::v1::ConfigService::Stub::Get);
    if (!found.ok()) return found.status();
    reference = found->resource().workspace().identity_secret();
    identity.region = found->resource().workspace().default_region();
  }
  absl::StatusOr<std::string> secret = platform::ResolveSecret(reference);
  if (!secret.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("identity secret: ", secret.status().message(),
                     "; say with --identity-secret where it is on this machine"));
  }
  if (secret->size() < kIdSecretMinBytes) {
    return absl::FailedPreconditionError(absl::StrCat("identity secret: it has ", secret->size(),
                                                      " bytes, at least ", kIdSecretMinBytes,
                                                      " are needed"));
  }
  identity.secret = *std::move(secret);
  return identity;
}

// As RawArchive has put them: keyed, and normalised as the channels do.
absl::StatusOr<Owner> OwnerOf(const Identity& identity, const std::string& text) {
  const auto given = ParseIdentifierText(text);
  if (!given.ok()) return UsageError(ToStd(given.status().message()));
  const auto normal =
      NormaliseIdentifier(KindWord(given->kind()), given->scope(), given->value(), identity.region);
  if (!normal.ok()) return UsageError(ToStd(normal.status().message()));
  const types::v1::Identifier owner = ToProto(*normal);
  return Owner{BlobOwnerKey(identity.secret, owner), IdentifierText(owner)};
}

absl::StatusOr<std::vector<Owner>> OwnersOf(Context& context, const Arguments& arguments) {
  std::vector<Owner> owners;
  // As routing has put the files of replies.
  for (const std::string& id : arguments.All("conversation")) {
    owners.push_back({id, absl::StrCat("conversation ", id)});
  }
  const std::vector<std::string> identifiers = arguments.All("IDENTIFIER");
  if (identifiers.empty() && owners.empty()) {
    return UsageError("whose blobs? give an IDENTIFIER or --conversation");
  }
  if (identifiers.empty()) return owners;
  const auto identity = IdentityOf(context, arguments);
  if (!identity.ok()) return identity.status();
  for (const std::string& text : identifiers) {
    absl::StatusOr<Owner> owner = OwnerOf(*identity, text);
    if (!owner.ok()) return owner.status();
    owners.push_back(*std::move(owner));
  }
  return owners;
}

absl::Status EraseBlobs(Context& context, const Arguments& arguments) {
  const auto owners = OwnersOf(context, arguments);
  if (!owners.ok()) return owners.status();
  OpenedBlobs blobs;
  if (absl::Status opened = blobs.Open(arguments); !opened.ok()) return opened;
  absl::Status done;
  std::vector<Json> items;
  TextTable table({"OWNER", "ERASED"});
  for (const Owner& owner : *owners) {
    const auto erased = blobs.store().DeleteIdentifier(arguments.Get("WORKSPACE"), owner.key);
    if (!erased.ok()) {
      done = erased.status();
      break;
    }
    items.push_back(Json{{"owner", owner.text}, {"erased", *erased}});
    table.Add({owner.text, absl::StrCat(*erased)});
  }
  // Also after an error: what is gone is gone.
  if (!items.empty())
    context.out().Many(
        items, [&] { return table; }, "");
  return absl::IsInvalidArgument(done) ? UsageError(ToStd(done.message())) : done;
}

// absl::ParseDuration knows no days.
absl::StatusOr<absl::Duration> ParseAge(const std::string& text) {
  int64_t days = 0;
  absl::Duration age;
  if (absl::EndsWith(text, "d") && absl::SimpleAtoi(text.substr(0, text.size() - 1), &days)) {
    age = days * absl::Hours(24);
  } else if (!absl::ParseDuration(text, &age)) {
    age = absl::ZeroDuration();
  }
  if (age >= kOlderThanMin && age < absl::InfiniteDuration()) return age;
  return UsageError(
      absl::StrCat("--older-than must be a time such as 30d, at least 1d, not \"", text, "\""));
}

absl::Status ExpireOldBlobs(Context& context, const Arguments& arguments) {
  const absl::StatusOr<absl::Duration> age = ParseAge(arguments.Get("older-than"));
  if (!age.ok()) return age.status();
  OpenedBlobs blobs;
  if (absl::Status opened = blobs.Open(arguments); !opened.ok()) return opened;
  const platform::BlobExpiryRules rules = {.before = absl::Now() - *age,
                                           .dry_run = arguments.Has("dry-run")};
  platform::BlobExpiry progress{.after = arguments.Get("after")};
  const absl::Status done = ExpireBlobs(blobs.store(), rules, progress);
  const Json json = {
      {"seen", progress.seen}, {"expired", progress.expired}, {"dryRun", rules.dry_run}};
  context.out().One(json, [&] {
    return absl::StrCat(progress.expired, " of ", progress.seen, " blobs ",
                        rules.dry_run ? "would be erased\n" : "are erased\n");
  });
  if (done.ok() || progress.after.empty()) return done;
  return absl::Status(done.code(),
                      absl::StrCat(done.message(), "; go on with --after ", progress.after));
}

std::vector<Flag> WithStore(std::vector<Flag> flags) {
  flags.push_back({.name = "blob-dir",
                   .value = "FOLDER",
                   .help = "The folder of the blob store",
                   .environment = "TRAMA_BLOB_DIR"});
  flags.push_back({.name = "blob-url",
                   .value = "URL",
                   .help = "Or its place: file:///path, s3://bucket/prefix?region=eu-west-1",
                   .environment = "TRAMA_BLOB_URL"});
  flags.push_back({.name = "blob-access-key",
                   .value = "REFERENCE",
                   .help = "Key of S3, as file:/path or env:NAME",
                   .environment = "TRAMA_BLOB_ACCESS_KEY"});
  flags.push_back({.name = "blob-secret-key",
                   .value = "REFERENCE",
                   .help = "Secret key of S3, likewise",
                   .environment = "TRAMA_BLOB_SECRET_KEY"});
  return flags;
}

}  // namespace

std::vector<Command> BlobCommands() {
  return {
      {.path = {"blobs", "erase"},
       .summary = "Erase the files and originals of a person",
       .details =
           "All that stands in the blob store for these identifiers, for ever. A person has\n"
           "several (tramactl customers show): name them all. Files that agents have sent belong\n"
           "to their conversation. Again is no harm; 0 may mean that the identifier is another.",
       .positionals = {{"WORKSPACE", "Whose customer"},
                       {.name = "IDENTIFIER",
                        .help = "An address, a number, or kind:value (channel:whatsapp/1:BR.1)",
                        .optional = true,
                        .repeated = true}},
       .flags = WithStore({{.name = "conversation",
                            .value = "ID",
                            .help = "Erase the files of its replies, too",
                            .repeated = true},
                           {.name = "identity-secret",
                            .value = "REFERENCE",
                            .help = "Where the workspace's identity secret is on this machine "
                                    "(file:/path, env:NAME), if elsewhere than in the cluster"}}),
       .run = EraseBlobs},
      {.path = {"blobs", "expire"},
       .summary = "Erase the files and originals of all workspaces that are old",
       .details =
           "Counts from the last time that a file came in. Timelines still name what is gone.\n"
           "When it was interrupted, start it again, or go on with --after.",
       .flags = WithStore({{.name = "older-than",
                            .value = "TIME",
                            .help = "Since when unchanged, such as 30d; at least 1d",
                            .required = true},
                           {.name = "dry-run", .help = "Only count what would be erased"},
                           {.name = "after",
                            .value = "PLACE",
                            .help = "Begin behind this place, which an interrupted one named"}}),
       .run = ExpireOldBlobs}};
}

}  // namespace trama::tramactl
