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

// The contact that an item is about: by the vendor's id of the user, then by telephone number. A
// single contact is taken unless its ids are another user's: the two forms of a number may differ
// (Brazil's ninth digit).
const Json& ContactOf(const Json& value, const Json& item) {
  static const Json& none = *new Json(Json::object());
  const std::string user_id =
      FirstOf(item, {"from_user_id", "to_user_id", "recipient_user_id", "user_id"});
  const std::string wa_id = FirstOf(item, {"from", "to", "recipient_id", "wa_id"});
  const Json& contacts = ArrayOf(value, "contacts");
  for (const auto& [name, wanted] : {std::pair{"user_id", &user_id}, {"wa_id", &wa_id}}) {
    if (wanted->empty()) continue;
    for (const Json& contact : contacts) {
      if (TextOf(contact, name) == *wanted) return contact;
    }
  }
  if (contacts.size() != 1) return none;
  const std::string other = TextOf(contacts[0], "user_id");
  const bool is_other = !user_id.empty() && !other.empty();
  return is_other ? none : contacts[0];
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
      each.contact = &ContactOf(value, items[i]);
    }
  }
  if (is_known) return;
  event.item = &value;
  event.contact = &ObjectOf(value, "");
  envelope.events.push_back(std::move(event));
}

Json Without(const Json& object, std::string_view field) {
  Json rest = Json::object();
  for (const auto& [name, value] : object.items()) {
    if (name != field) rest[name] = value;
  }
  return rest;
}

bool IsSameContact(const Json& contact, const Event& event) { return &contact == event.contact; }

// The value of a change with these of its events only.
Json CutValue(const Json& value, const std::vector<const Event*>& events) {
  Json cut = Json::object();
  for (const auto& item : value.items()) {
    const std::string& name = item.key();
    const Json& field = item.value();
    const bool is_list = std::any_of(std::begin(kLists), std::end(kLists),
                                     [&](const List& list) { return name == list.name; });
    if (!is_list && name != "contacts") {
      cut[name] = field;
      continue;
    }
    if (!field.is_array()) continue;
    Json kept = Json::array();
    for (size_t i = 0; i < field.size(); ++i) {
      const bool is_wanted = std::any_of(events.begin(), events.end(), [&](const Event* event) {
        return name == "contacts" ? IsSameContact(field[i], *event)
                                  : name == event->list && event->index == i;
      });
      if (is_wanted) kept.push_back(field[i]);
    }
    if (!kept.empty()) cut[name] = std::move(kept);
  }
  return cut;
}

}  // namespace

absl::StatusOr<Envelope> ReadEnvelope(std::string_view body) {
  std::optional<Json> json = ParseJson(body);
  if (!json.has_value()) return absl::InvalidArgumentError("the body is not JSON");
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
  Json cut = Without(envelope.body, "entry");
  cut["entry"] = Json::array();
  size_t last_entry = 0;
  for (const auto& [place, wanted] : changes) {
    const Json& entry = ArrayOf(envelope.body, "entry")[place.first];
    const Json& change = ArrayOf(entry, "changes")[place.second];
    Json kept = Without(change, "value");
    const Json& value = ObjectOf(change, "value");
    kept["value"] = wanted.front()->kind == Event::Kind::kUnknown ? value : CutValue(value, wanted);
    if (cut["entry"].empty() || place.first != last_entry) {
      Json around = Without(entry, "changes");
      around["changes"] = Json::array();
      cut["entry"].push_back(std::move(around));
      last_entry = place.first;
    }
    cut["entry"].back()["changes"].push_back(std::move(kept));
  }
  return cut.dump();
}

}  // namespace trama::whatsapp
