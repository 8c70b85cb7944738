#include "services/channels/whatsapp/doors.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "services/channels/whatsapp/account.h"
#include "services/channels/whatsapp/batch.h"
#include "services/channels/whatsapp/graph_account.h"
#include "services/channels/whatsapp/signature.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"
#include "services/platform/base/log.h"
#include "services/platform/http/url.h"

namespace trama::whatsapp {

namespace {

using channels::WebhookReading;
using platform::HttpRequest;
using platform::HttpResponse;

constexpr char kPrefix[] = "/whatsapp/";

}  // namespace

std::optional<DoorPath> ParseDoorPath(std::string_view path) {
  const std::vector<std::string> segments = absl::StrSplit(ToAbsl(path), '/');
  // "", "whatsapp", workspace, account
  if (segments.size() != 4 || segments[1] != kChannel) return std::nullopt;
  if (segments[2].empty() || segments[3].empty()) return std::nullopt;
  return DoorPath{segments[2], segments[3]};
}

std::optional<channels::ChannelAccount> Doors::AccountOf(const std::string& phone_number_id,
                                                         const channels::ChannelAccount& door,
                                                         const std::string& app_secret) const {
  if (phone_number_id.empty()) return std::nullopt;
  if (door.spec.whatsapp().phone_number_id() == phone_number_id) return door;
  for (channels::ChannelAccount& account : accounts_.All()) {
    if (account.spec.whatsapp().phone_number_id() != phone_number_id) continue;
    // Another's number needs another's secret: who has ours cannot write for it.
    const auto secrets = AppSecretsOf(accounts_, account);
    const bool is_shared =
        secrets.ok() && std::find(secrets->begin(), secrets->end(), app_secret) != secrets->end();
    if (is_shared) return std::move(account);
  }
  return std::nullopt;
}

WebhookReading Doors::ReadPost(const HttpRequest& request, absl::Time received_at) const {
  WebhookReading refused;
  const std::optional<DoorPath> path = ParseDoorPath(request.path);
  std::optional<channels::ChannelAccount> door;
  if (path.has_value()) door = accounts_.Find(path->workspace, path->account);
  if (!door.has_value() && !accounts_.is_known()) {
    refused.verdict = absl::UnavailableError("the configuration is not read yet");
    return refused;
  }
  if (!door.has_value() || door->is_off()) {
    refused.verdict = absl::NotFoundError("no such channel account, or it is off");
    return refused;
  }
  const auto secrets = AppSecretsOf(accounts_, *door);
  if (!secrets.ok()) {
    refused.verdict = absl::UnavailableError(secrets.status().message());
    return refused;
  }
  const int signer = FindSigner(request.headers.Get("X-Hub-Signature-256"), request.body, *secrets);
  if (signer < 0) {
    refused.verdict = absl::PermissionDeniedError("not signed with an app secret of the account");
    return refused;
  }
  const std::string secret = (*secrets)[static_cast<size_t>(signer)];
  Batch batch(
      request, *door,
      [this, &door, secret](const std::string& number) { return AccountOf(number, *door, secret); },
      received_at);
  return batch.Read();
}

HttpResponse Doors::AnswerChallenge(const HttpRequest& request) const {
  // One answer for everything that is wrong: nothing is to be learned here.
  const HttpResponse refused = HttpResponse::Empty(403);
  if (!accounts_.is_known()) return HttpResponse::Empty(503);
  const std::optional<DoorPath> path = ParseDoorPath(request.path);
  const absl::StatusOr<platform::FormFields> fields = platform::DecodeForm(request.query);
  if (!path.has_value() || !fields.ok()) return refused;
  const std::optional<channels::ChannelAccount> account =
      accounts_.Find(path->workspace, path->account);
  if (!account.has_value() || account->is_off()) return refused;
  const absl::StatusOr<std::string> token =
      accounts_.Secret(account->spec.whatsapp().verify_token());
  if (!token.ok()) {
    platform::Log(
        platform::LogLevel::kError, "verify token of a channel account cannot be read",
        {{"workspace", account->workspace}, {"account", account->name}, {"why", token.status()}});
    return HttpResponse::Empty(503);
  }
  const std::string_view challenge = platform::FormValue(*fields, "hub.challenge");
  const bool is_fine =
      !token->empty() && platform::FormValue(*fields, "hub.mode") == "subscribe" &&
      EqualInConstantTime(platform::FormValue(*fields, "hub.verify_token"), *token) &&
      !challenge.empty() && challenge.size() <= kChallengeMaxBytes;
  if (!is_fine) return refused;
  HttpResponse response = HttpResponse::Text(200, challenge);
  response.headers.Set("X-Content-Type-Options", "nosniff");
  return response;
}

void Doors::AddTo(platform::HttpRouter& router) {
  channels::WebhookDoor door;
  door.name = "webhook";
  door.read = [this](const HttpRequest& request, absl::Time received_at) {
    return ReadPost(request, received_at);
  };
  door.accepted = HttpResponse::Empty(200);
  const platform::HttpRouteLimits limits{kBodyMaxBytes, kHandlerMax};
  router.Prefix("POST", kPrefix, host_.Handler(std::move(door)), limits);
  router.Prefix("GET", kPrefix, platform::SyncHandler([this](const HttpRequest& request) {
                  return AnswerChallenge(request);
                }),
                limits);
}

}  // namespace trama::whatsapp
