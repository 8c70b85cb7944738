#include "services/channels/sms/doors.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/raw_request.h"
#include "services/channels/sms/parse.h"
#include "services/channels/sms/signature.h"
#include "services/channels/sms/status.h"
#include "services/channels/sms/twilio_account.h"
#include "services/kernel/strings.h"
#include "services/platform/http/url.h"

namespace trama::sms {

namespace {

using channels::WebhookReading;
using platform::HttpRequest;
using platform::HttpResponse;

constexpr char kFormType[] = "application/x-www-form-urlencoded";
constexpr char kNoReply[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";

// A request that was proved to be the vendor's.
struct Verified {
  std::shared_ptr<const channels::ChannelAccount> account;
  std::shared_ptr<const SmsAccountView> view;
  bool is_form = false;
  Params query;
  Params params;  // Of the body; of the query for GET.
};

absl::StatusOr<Verified> Verify(const channels::AccountDirectory& accounts, AccountViews& views,
                                const HttpRequest& request) {
  const std::optional<DoorPath> path = ParseDoorPath(request.path);
  if (!path.has_value()) return absl::NotFoundError("no such path");
  auto account = accounts.Share(path->workspace, path->account);
  if (account == nullptr) {
    // A 404 would lose the message: the vendor does not come again.
    return accounts.is_known() ? absl::NotFoundError("no such channel account")
                               : absl::UnavailableError("the configuration is not read yet");
  }

  Verified verified;
  verified.view = views.Of(account);
  verified.account = std::move(account);
  const std::string_view content_type = request.headers.Get("Content-Type");
  verified.is_form = content_type == kFormType ||
                     absl::StartsWithIgnoreCase(ToAbsl(content_type), kFormType);

  absl::StatusOr<Params> query = platform::DecodeForm(request.query);
  if (!query.ok()) return query.status();
  verified.query = *std::move(query);
  SignedRequest signed_request;
  if (verified.is_form) {
    absl::StatusOr<Params> form = platform::DecodeForm(request.body);
    if (!form.ok()) return form.status();
    signed_request.form = *std::move(form);
  }
  const absl::StatusOr<SigningSecrets> secrets = SecretsOf(accounts, *verified.account);
  if (!secrets.ok()) return absl::UnavailableError(secrets.status().message());
  signed_request.url = absl::StrCat(verified.view->public_base_url, request.target);
  signed_request.is_form = verified.is_form;
  signed_request.body = request.body;
  signed_request.signature = request.headers.Get("X-Twilio-Signature");
  signed_request.signature_settings = request.headers.Get("X-Twilio-Webhooks-Signature-Settings");
  if (absl::Status checked = CheckSignature(signed_request, *secrets); !checked.ok()) {
    return checked;
  }
  verified.params = request.method == "GET" ? verified.query : std::move(signed_request.form);
  return verified;
}

channels::Unreadable MakeUnreadable(const HttpRequest& request, const SmsAccountView& account,
                                    std::string reason) {
  return channels::UnreadableRequest("sms", account.workspace, account.name, request,
                                     std::move(reason));
}

// True for what is not a form although it has a body: an event of another product of the vendor.
bool IsOtherProduct(const HttpRequest& request, const Verified& verified) {
  return !verified.is_form && !request.body.empty();
}

}  // namespace

std::optional<DoorPath> ParseDoorPath(std::string_view path) {
  constexpr std::string_view kBegin = "/sms/";
  if (path.substr(0, kBegin.size()) != kBegin) return std::nullopt;
  path.remove_prefix(kBegin.size());
  // workspace/account[/status]
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view rest = path.substr(slash + 1);
  const size_t end = rest.find('/');
  const bool is_status = end != std::string_view::npos;
  if (is_status && rest.substr(end) != "/status") return std::nullopt;
  const DoorPath door{path.substr(0, slash), rest.substr(0, end), is_status};
  if (door.workspace.empty() || door.account.empty()) return std::nullopt;
  return door;
}

Doors::Doors(const channels::AccountDirectory& accounts, channels::WebhookHost& host,
             channels::RawArchive& archive, OptOuts& opt_outs, const platform::Clock& clock)
    : accounts_(accounts),
      host_(host),
      opt_outs_(opt_outs),
      files_(kMediaPath, kServedFileMaxBytes, accounts, archive, clock,
             [&accounts](const channels::ChannelAccount& account) {
               absl::StatusOr<SigningSecrets> secrets = SecretsOf(accounts, account);
               return secrets.ok() ? std::move(secrets->auth_tokens) : std::vector<std::string>();
             }) {}

WebhookReading Doors::ReadMessage(const HttpRequest& request, absl::Time received_at) const {
  WebhookReading reading;
  const absl::StatusOr<Verified> verified = Verify(accounts_, views_, request);
  if (!verified.ok()) {
    reading.verdict = verified.status();
    return reading;
  }
  if (verified->account->is_off()) {
    reading.verdict = absl::NotFoundError("the channel account is off");
    return reading;
  }
  if (verified->account->is_draining()) {
    reading.verdict = absl::UnavailableError("the channel account is draining");
    return reading;
  }
  if (IsOtherProduct(request, *verified)) {
    reading.unreadable.push_back(
        MakeUnreadable(request, *verified->view, "the body is not a form"));
    return reading;
  }
  auto interactions = ParseMessage(verified->params, *verified->view, received_at);
  if (!interactions.ok()) {
    reading.unreadable.push_back(
        MakeUnreadable(request, *verified->view, std::string(interactions.status().message())));
    return reading;
  }
  for (const auto& said : *interactions) RememberConsent(said, reading);
  channels::Arrival& arrival = reading.arrivals.emplace_back();
  arrival.workspace = verified->view->workspace;
  arrival.account = verified->view->name;
  arrival.event_ids.push_back(interactions->front().vendor_message_id());
  arrival.interactions = *std::move(interactions);
  arrival.raw = channels::RawRequest(request);
  arrival.raw_content_type = "message/http";
  return reading;
}

WebhookReading Doors::ReadStatus(const HttpRequest& request, absl::Time received_at) const {
  WebhookReading reading;
  const absl::StatusOr<Verified> verified = Verify(accounts_, views_, request);
  if (!verified.ok()) {
    reading.verdict = verified.status();
    return reading;
  }
  // Whatever state the account is in: receipts are about what was sent before.
  auto callback = ParseStatus(verified->query, verified->params, *verified->view, received_at);
  if (IsOtherProduct(request, *verified) || !callback.ok()) {
    reading.unreadable.push_back(MakeUnreadable(
        request, *verified->view,
        callback.ok() ? "the body is not a form" : std::string(callback.status().message())));
    return reading;
  }
  if (!callback->delivery.has_value()) return reading;
  channels::Arrival& arrival = reading.arrivals.emplace_back();
  arrival.workspace = verified->view->workspace;
  arrival.account = verified->view->name;
  arrival.event_ids = {callback->event_id};
  arrival.receipts.push_back({callback->partition, *std::move(callback->delivery)});
  return reading;
}

void Doors::RememberConsent(const interaction::v1::Interaction& said,
                            WebhookReading& reading) const {
  const auto action = said.consent().action();
  const bool is_out = action == interaction::v1::Consent::ACTION_OPT_OUT;
  if (!is_out && action != interaction::v1::Consent::ACTION_OPT_IN) return;
  reading.after.push_back([this, is_out, workspace = said.workspace(),
                           account = said.channel_account(), who = said.sender().identifier()] {
    return opt_outs_.Set(workspace, account, who, is_out);
  });
}

void Doors::AddTo(platform::HttpRouter& router) {
  const HttpResponse accepted = HttpResponse::Xml(200, kNoReply);
  channels::WebhookDoor message_door;
  message_door.name = "message";
  message_door.read = [this](const HttpRequest& request, absl::Time received_at) {
    return ReadMessage(request, received_at);
  };
  message_door.accepted = accepted;
  channels::WebhookDoor status_door;
  status_door.name = "status";
  status_door.read = [this](const HttpRequest& request, absl::Time received_at) {
    return ReadStatus(request, received_at);
  };
  status_door.accepted = accepted;

  const platform::HttpHandler messages = host_.Handler(std::move(message_door));
  const platform::HttpHandler statuses = host_.Handler(std::move(status_door));
  const platform::HttpHandler webhooks = [messages, statuses](HttpRequest&& request) {
    const std::optional<DoorPath> path = ParseDoorPath(request.path);
    const bool is_status = path.has_value() && path->is_status;
    return is_status ? statuses(std::move(request)) : messages(std::move(request));
  };
  const platform::HttpHandler get = [this, webhooks](HttpRequest&& request) {
    const bool is_file = files_.IsFile(request.path);
    return is_file ? files_.Serve(std::move(request)) : webhooks(std::move(request));
  };
  const platform::HttpRouteLimits limits{kBodyMaxBytes, kHandlerMax};
  router.Prefix("POST", "/sms/", webhooks, limits);
  router.Prefix("GET", "/sms/", webhooks, limits);
  // A workspace may be called "media" all the same: its accounts are no tokens.
  router.Prefix("POST", kMediaPath, webhooks, limits);
  router.Prefix("GET", kMediaPath, get, {kBodyMaxBytes, channels::FileDoor::kHandlerMax});
}

}  // namespace trama::sms
