#include "services/channels/whatsapp/content.h"

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "services/channels/whatsapp/account.h"
#include "services/channels/whatsapp/hash_text.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::whatsapp {

namespace {

using interaction::v1::Interaction;

constexpr absl::string_view kMediaPrefix = "whatsapp:media/";
constexpr size_t kLabelMaxBytes = 512;
constexpr size_t kFileNameMaxBytes = 255;
constexpr size_t kFlowMaxBytes = 16 * 1024;
constexpr size_t kTextMaxBytes = 64 * 1024;
// Contacts and items of an order that are written out.
constexpr size_t kLinesMax = 50;

std::string Cut(const std::string& text, size_t bytes_max) {
  return std::string(TruncateUtf8(text, bytes_max));
}

bool AddText(Interaction& message, const std::string& body) {
  if (body.empty()) return false;
  if (body.size() > kTextMaxBytes) message.add_anomalies("the text was cut");
  types::v1::Text* text = message.add_parts()->mutable_text();
  text->set_body(Cut(body, kTextMaxBytes));
  text->set_format(types::v1::Text::FORMAT_PLAIN);
  return true;
}

bool ReadMedia(const Json& media, Interaction& message) {
  const std::string id = TextOf(media, "id");
  if (!IsId(id)) return false;
  types::v1::Media* file = message.add_parts()->mutable_media();
  file->set_vendor_url(MediaReference(id));
  file->set_content_type(Cut(TextOf(media, "mime_type"), kFileNameMaxBytes));
  const std::string name = TextOf(media, "filename");
  file->set_file_name(Cut(name.substr(name.find_last_of("/\\") + 1), kFileNameMaxBytes));
  // What the bytes must be when they are fetched.
  SetFact(message, "media_sha256", HexHash(TextOf(media, "sha256")));
  if (FlagOf(media, "voice")) SetFact(message, "voice", "true");
  AddText(message, TextOf(media, "caption"));
  return true;
}

bool ReadLocation(const Json& place, Interaction& message) {
  const std::optional<double> north = DecimalOf(place, "latitude");
  const std::optional<double> east = DecimalOf(place, "longitude");
  if (!north.has_value() || !east.has_value() || !(std::abs(*north) <= 90) ||
      !(std::abs(*east) <= 180)) {
    return false;
  }
  std::vector<std::string> label;
  for (const char* name : {"name", "address"}) {
    if (std::string text = TextOf(place, name); !text.empty()) label.push_back(std::move(text));
  }
  types::v1::Location* location = message.add_parts()->mutable_location();
  location->set_latitude_degrees(*north);
  location->set_longitude_degrees(*east);
  location->set_label(Cut(absl::StrJoin(label, ", "), kLabelMaxBytes));
  return true;
}

// "Ana Silva, Firm, +55 11 98765-4321, ana@customer.test"
std::string ContactLine(const Json& contact) {
  std::vector<std::string> words;
  const auto add = [&words](std::string word) {
    if (!word.empty()) words.push_back(std::move(word));
  };
  add(TextOf(ObjectOf(contact, "name"), "formatted_name"));
  add(TextOf(ObjectOf(contact, "org"), "company"));
  for (const Json& phone : ArrayOf(contact, "phones")) add(TextOf(phone, "phone"));
  for (const Json& email : ArrayOf(contact, "emails")) add(TextOf(email, "email"));
  return absl::StrJoin(words, ", ");
}

bool ReadContacts(const Json& contacts, Interaction& message) {
  std::vector<std::string> lines;
  for (const Json& contact : contacts) {
    if (lines.size() == kLinesMax) {
      message.add_anomalies(absl::StrCat("only ", kLinesMax, " contacts were taken"));
      break;
    }
    if (std::string line = ContactLine(contact); !line.empty()) lines.push_back(std::move(line));
  }
  SetFact(message, "contacts", std::to_string(contacts.size()));
  return AddText(message, absl::StrJoin(lines, "\n"));
}

// "2 x sku-1 at 9.90 EUR"
std::string OrderLine(const Json& item) {
  std::string line =
      absl::StrCat(TextOf(item, "quantity"), " x ", TextOf(item, "product_retailer_id"));
  if (const std::optional<double> price = DecimalOf(item, "item_price"); price.has_value()) {
    absl::StrAppend(&line, " at ", *price, " ", TextOf(item, "currency"));
  }
  return line;
}

bool ReadOrder(const Json& order, Interaction& message) {
  const Json& items = ArrayOf(order, "product_items");
  std::vector<std::string> lines;
  if (std::string text = TextOf(order, "text"); !text.empty()) lines.push_back(std::move(text));
  for (size_t i = 0; i < items.size() && i < kLinesMax; ++i) lines.push_back(OrderLine(items[i]));
  if (items.size() > kLinesMax) {
    message.add_anomalies(absl::StrCat("only ", kLinesMax, " items of the order were taken"));
  }
  SetFact(message, "order_catalog", TextOf(order, "catalog_id"));
  return !items.empty() && AddText(message, absl::StrJoin(lines, "\n"));
}

bool ReadInteractive(const Json& interactive, Interaction& message) {
  const std::string kind = TextOf(interactive, "type");
  SetFact(message, "interactive", kind);
  const Json& reply = ObjectOf(interactive, kind.c_str());
  if (kind == "button_reply" || kind == "list_reply") {
    SetFact(message, "button_id", TextOf(reply, "id"));
    SetFact(message, "button_description", TextOf(reply, "description"));
    return AddText(message, TextOf(reply, "title"));
  }
  if (kind == "nfm_reply") {
    SetFact(message, "flow_name", TextOf(reply, "name"));
    const std::string answers = TextOf(reply, "response_json");
    SetFact(message, "flow_response", answers, kFlowMaxBytes);
    const std::string body = TextOf(reply, "body");
    return AddText(message, body.empty() ? "answered a form" : body) && !answers.empty();
  }
  return false;
}

bool IsMedia(std::string_view type) {
  return type == "image" || type == "video" || type == "audio" || type == "document" ||
         type == "sticker";
}

}  // namespace

void SetFact(interaction::v1::Interaction& message, const char* name, const std::string& value,
             size_t bytes_max) {
  if (value.empty()) return;
  if (value.size() > bytes_max) message.add_anomalies(absl::StrCat(name, " was cut"));
  (*message.mutable_channel_facts())[name] = Cut(value, bytes_max);
}

bool ReadContent(const Json& item, std::string_view type, Interaction& message) {
  const std::string name(type);
  const Json& content = ObjectOf(item, name.c_str());
  if (IsMedia(type)) return ReadMedia(content, message);
  if (type == "text") return AddText(message, TextOf(content, "body"));
  if (type == "location") return ReadLocation(content, message);
  if (type == "contacts") return ReadContacts(ArrayOf(item, "contacts"), message);
  if (type == "order") return ReadOrder(content, message);
  if (type == "interactive") return ReadInteractive(content, message);
  if (type == "button") {
    SetFact(message, "button_payload", TextOf(content, "payload"));
    return AddText(message, TextOf(content, "text"));
  }
  return false;
}

std::string MediaReference(std::string_view media_id) {
  return absl::StrCat(kMediaPrefix, ToAbsl(media_id));
}

std::string_view MediaIdOf(std::string_view reference) {
  absl::string_view id = ToAbsl(reference);
  if (!absl::ConsumePrefix(&id, kMediaPrefix) || !IsId(ToStd(id))) return {};
  return ToStd(id);
}

}  // namespace trama::whatsapp
