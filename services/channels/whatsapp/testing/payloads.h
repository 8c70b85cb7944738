#pragma once

#include <string>

#include "absl/strings/str_cat.h"

// Bodies as the vendor writes them (its reference of webhooks; users with and without a telephone
// number).
namespace trama::whatsapp::testing {

inline constexpr char kNumberId[] = "900001";
inline constexpr char kUserId[] = "US.13491208655302741918";
inline constexpr char kWaId[] = "14155550123";

// A change of field "messages"; `value` holds what stands beside the metadata.
inline std::string Change(const std::string& value, const std::string& number_id = kNumberId,
                          const std::string& field = "messages") {
  return absl::StrCat(R"({"value":{"messaging_product":"whatsapp","metadata":)",
                      R"({"display_phone_number":"15550000001","phone_number_id":")", number_id,
                      R"("},)", value, R"(},"field":")", field, R"("})");
}

// A whole body with these changes, separated by commas.
inline std::string Body(const std::string& changes) {
  return absl::StrCat(R"({"object":"whatsapp_business_account","entry":[{"id":"1020","changes":[)",
                      changes, "]}]}");
}

// Of a user who shows both ids.
inline std::string Contacts(const std::string& user_id = kUserId,
                            const std::string& wa_id = kWaId) {
  return absl::StrCat(R"("contacts":[{"profile":{"name":"Ana","username":"ana.k"},"user_id":")",
                      user_id, R"(","wa_id":")", wa_id, R"("}])");
}

// A message of that user; `content` is `"type":"text","text":{…}` and what else stands there.
inline std::string Message(const std::string& id, const std::string& content,
                           const std::string& user_id = kUserId, const std::string& wa_id = kWaId) {
  return absl::StrCat(R"({"from":")", wa_id, R"(","from_user_id":")", user_id, R"(","id":")", id,
                      R"(","timestamp":"1795350000",)", content, "}");
}

inline std::string Text(const std::string& text) {
  return absl::StrCat(R"("type":"text","text":{"body":")", text, R"("})");
}

// A body with one message of that user.
inline std::string OneMessage(const std::string& id, const std::string& content) {
  return Body(Change(absl::StrCat(Contacts(), R"(,"messages":[)", Message(id, content), "]")));
}

inline std::string Status(const std::string& id, const std::string& status,
                          const std::string& more = "") {
  return absl::StrCat(R"({"id":")", id, R"(","status":")", status,
                      R"(","timestamp":"1795350000","recipient_id":"14155550123")", more, "}");
}

inline std::string Statuses(const std::string& statuses) {
  return Body(Change(absl::StrCat(R"("statuses":[)", statuses, "]")));
}

}  // namespace trama::whatsapp::testing
