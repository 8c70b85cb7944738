#include "services/channels/whatsapp/envelope.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <utility>

namespace trama::whatsapp {

namespace {

struct List {
  const char* field;
  const char* name;
  Event::Kind kind;
};

constexpr List kLists[] = {
    {"messages", "messages", Event::Kind::kMessage},
    {"messages", "statuses", Event::Kind::kStatus},
    {"messages", "errors", Event::Kind::kError},
    {"smb_message_echoes", "message_echoes", Event::Kind::kEcho},
    {"user_preferences", "user_preferences", Event::Kind::kPreference},
};

// Fields of the webhook that say nothing about a customer.
constexpr std::string_view kAccountFields[] = {
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "automatic_events",
    "business_capability_update",
    "business_status_update",
    "business_username_update",
    "flows",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "template_category_update",
    "template_correct_category_detection",
};

bool IsAccountField(std::string_view field) {
  return std::find(std::begin(kAccountFields), std::end(kAccountFields), field) !=
         std::end(kAccountFields);
}

// The first value that is there.
std::string FirstOf(const Json& item, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string text = TextOf(item, name); !text.empty()) return text;
  }
  return {};
}

// The contacts of one change, by their ids: a batch may have thousands of each.
class Contacts {
 public:
  explicit Contacts(const Json& value) : all_(ArrayOf(value, "contacts")) {
    for (const Json& contact : all_) {
      // The first of an id stands.
      by_user_id_.emplace(TextOf(contact, "user_id"), &contact);
      by_wa_id_.emplace(TextOf(contact, "wa_id"), &contact);
    }
  }

  // The contact that an item is about: by the vendor's id of the user, then by telephone number. A
  // single contact is taken unless its ids are another user's: the two forms of a number may differ
  // (Brazil's ninth digit). An empty object when there is none.
  const Json& Of(const Json& item) const {
    static const Json& none = *new Json(Json::object());
    const std::string user_id =
        FirstOf(item, {"from_user_id", "to_user_id", "recipient_user_id", "user_id"});
    const std::string wa_id = FirstOf(item, {"from", "to", "recipient_id", "wa_id"});
    if (const auto found = by_user_id_.find(user_id); IsFound(found, by_user_id_)) {
      return *found->second;
    }
    if (const auto found = by_wa_id_.find(wa_id); IsFound(found, by_wa_id_)) return *found->second;
    if (all_.size() != 1) return none;
    const bool is_other = !user_id.empty() && !TextOf(all_[0], "user_id").empty();
    return is_other ? none : all_[0];
  }

 private:
  using ById = std::map<std::string, const Json*>;

  // Those without an id stand there by the empty one, which names nobody.
  static bool IsFound(ById::const_iterator found, const ById& by_id) {
    return found != by_id.end() && !found->first.empty();
  }

  const Json& all_;
  ById by_user_id_;
  ById by_wa_id_;
};

constexpr std::string_view kAroundLists[] = {"messaging_product", "metadata", "contacts"};

// Is there anything in the value of a change besides lists of this field and what belongs to them?
bool HasMore(const Json& value, const std::string& field) {
  for (const auto& [name, content] : value.items()) {
    const bool is_around =
        std::find(std::begin(kAroundLists), std::end(kAroundLists), name) != std::end(kAroundLists);
    const bool is_list =
        content.is_array() &&
        std::any_of(std::begin(kLists), std::end(kLists), [&, &name = name](const List& list) {
          return field == list.field && name == list.name;
        });
    if (!is_around && !is_list) return true;
  }
  return false;
}

void ReadChange(const Json& change, size_t entry, size_t index, Envelope& envelope) {
  const Json& value = ObjectOf(change, "value");
  Event event;
  event.field = TextOf(change, "field");
  event.phone_number_id = TextOf(ObjectOf(value, "metadata"), "phone_number_id");
  event.entry = entry;
  event.change = index;
  if (IsAccountField(event.field)) {
    envelope.account_fields.push_back(event.field);
    return;
  }
  const size_t before = envelope.events.size();
  const Contacts contacts(value);
  bool is_known = false;
  for (const List& list : kLists) {
    if (event.field != list.field) continue;
    is_known = true;
    const Json& items = ArrayOf(value, list.name);
    for (size_t i = 0; i < items.size(); ++i) {
      Event& each = envelope.events.emplace_back(event);
      each.kind = list.kind;
      each.list = list.name;
      each.index = i;
      each.item = &items[i];
      each.contact = &contacts.Of(items[i]);
    }
  }
  // A kind of news that a field did not bring so far must not vanish.
  const bool is_news = envelope.events.size() == before && HasMore(value, event.field);
  if (is_known && !is_news) return;
  event.item = &value;
  event.contact = &ObjectOf(value, "");
  envelope.events.push_back(std::move(event));
}

Json Only(const Json& object, std::initializer_list<std::string_view> names) {
  Json kept = Json::object();
  for (const std::string_view name : names) {
    if (const auto found = object.find(name); found != object.end()) kept[name] = *found;
  }
  return kept;
}

// The value of a change with these of its events only. Of what else stands there nobody knows whom
// it is about, and it would be copied for each customer.
Json CutValue(const Json& value, const std::vector<const Event*>& events) {
  Json cut = Only(value, {"messaging_product"});
  const Json& metadata = ObjectOf(value, "metadata");
  if (!metadata.empty()) {
    cut["metadata"] = Only(metadata, {"display_phone_number", "phone_number_id"});
  }
  std::vector<const Json*> contacts;
  for (const Event* event : events) {
    const bool is_there =
        std::find(contacts.begin(), contacts.end(), event->contact) != contacts.end();
    if (!event->contact->empty() && !is_there) contacts.push_back(event->contact);
  }
  for (const Json* contact : contacts) cut["contacts"].push_back(*contact);
  for (const Event* event : events) cut[event->list].push_back(*event->item);
  return cut;
}

}  // namespace

absl::StatusOr<Envelope> ReadEnvelope(std::string_view body) {
  std::optional<Json> json = ParseJson(body);
  if (!json.has_value()) {
    return absl::InvalidArgumentError("the body is not JSON, nested too deep or has too many keys");
  }
  Envelope envelope;
  envelope.body = *std::move(json);
  if (TextOf(envelope.body, "object") != "whatsapp_business_account") {
    return absl::InvalidArgumentError("field object is not whatsapp_business_account");
  }
  const Json& entries = ArrayOf(envelope.body, "entry");
  for (size_t entry = 0; entry < entries.size(); ++entry) {
    const Json& changes = ArrayOf(entries[entry], "changes");
    for (size_t change = 0; change < changes.size(); ++change) {
      ReadChange(changes[change], entry, change, envelope);
    }
  }
  return envelope;
}

std::string CutOut(const Envelope& envelope, const std::vector<const Event*>& events) {
  std::map<std::pair<size_t, size_t>, std::vector<const Event*>> changes;
  for (const Event* event : events) changes[{event->entry, event->change}].push_back(event);
  // Only what is wanted is copied: a batch of a thousand is cut a thousand times.
  Json cut = Only(envelope.body, {"object"});
  cut["entry"] = Json::array();
  size_t last_entry = 0;
  for (const auto& [place, wanted] : changes) {
    const Json& entry = ArrayOf(envelope.body, "entry")[place.first];
    const Json& change = ArrayOf(entry, "changes")[place.second];
    Json kept = change;
    if (wanted.front()->kind != Event::Kind::kUnknown) {
      kept = Only(change, {"field"});
      kept["value"] = CutValue(ObjectOf(change, "value"), wanted);
    }
    if (cut["entry"].empty() || place.first != last_entry) {
      Json around = Only(entry, {"id", "time"});
      around["changes"] = Json::array();
      cut["entry"].push_back(std::move(around));
      last_entry = place.first;
    }
    cut["entry"].back()["changes"].push_back(std::move(kept));
  }
  return cut.dump();
}

}  // namespace trama::whatsapp
