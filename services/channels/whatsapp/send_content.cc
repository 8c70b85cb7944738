#include "services/channels/whatsapp/send_content.h"

#include <set>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::whatsapp {

namespace {

using types::v1::Choice;
using types::v1::Interactive;
using types::v1::Template;

constexpr int kButtonsMax = 3;
constexpr int kMenuChoicesMax = 10;
constexpr size_t kButtonTitleMax = 20;
constexpr size_t kMenuTitleMax = 24;
constexpr size_t kDescriptionMax = 72;
constexpr size_t kButtonIdMax = 256;
constexpr size_t kMenuIdMax = 200;
constexpr size_t kHeaderMax = 60;
constexpr size_t kBodyMax = 1024;
constexpr size_t kMenuBodyMax = 4096;
constexpr size_t kFooterMax = 60;
constexpr size_t kTemplateNameMax = 512;
constexpr int kTemplateButtonsMax = 10;

struct MediaRow {
  const char* type;
  const char* word;
  int64_t bytes_max;
};

constexpr MediaRow kMediaRows[] = {
    {"image/webp", "sticker", 500 << 10}, {"image/jpeg", "image", 5 << 20},
    {"image/png", "image", 5 << 20},      {"video/mp4", "video", 16 << 20},
    {"video/3gpp", "video", 16 << 20},    {"audio/aac", "audio", 16 << 20},
    {"audio/amr", "audio", 16 << 20},     {"audio/mpeg", "audio", 16 << 20},
    {"audio/mp4", "audio", 16 << 20},     {"audio/ogg", "audio", 16 << 20},
};

absl::Status CheckLength(std::string_view what, const std::string& text, size_t characters_max,
                         bool is_needed) {
  if (text.empty() && is_needed) {
    return absl::InvalidArgumentError(absl::StrCat(ToAbsl(what), " is missing"));
  }
  const size_t length = CountCodePoints(text);
  if (length <= characters_max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      ToAbsl(what), " has ", length, " characters, whatsapp carries at most ", characters_max));
}

struct ChoiceLimits {
  size_t title_max;
  size_t id_max;
  size_t description_max;
};

absl::Status CheckChoice(const Choice& choice, const ChoiceLimits& limits,
                         std::set<std::string>& ids) {
  absl::Status checked =
      CheckLength("the title of a choice", choice.title(), limits.title_max, true);
  checked.Update(CheckLength("the id of a choice", choice.id(), limits.id_max, true));
  checked.Update(CheckLength("the description of a choice", choice.description(),
                             limits.description_max, false));
  if (checked.ok() && !ids.insert(choice.id()).second) {
    return absl::InvalidArgumentError(
        absl::StrCat("the id of a choice, \"", choice.id(), "\", stands there twice"));
  }
  return checked;
}

absl::Status CheckCount(std::string_view what, int count, int count_max) {
  if (count >= 1 && count <= count_max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(count, " ", ToAbsl(what), ", whatsapp carries 1 to ", count_max));
}

absl::Status CheckMenu(const Interactive::Menu& menu) {
  int choices = 0;
  for (const Interactive::Section& section : menu.sections()) choices += section.choices_size();
  absl::Status checked = CheckCount("choices of a menu", choices, kMenuChoicesMax);
  checked.Update(CheckLength("the title of the menu", menu.title(), kButtonTitleMax, true));
  std::set<std::string> ids;
  for (const Interactive::Section& section : menu.sections()) {
    checked.Update(CheckLength("the title of a section", section.title(), kMenuTitleMax,
                               menu.sections_size() > 1));
    for (const Choice& choice : section.choices()) {
      checked.Update(CheckChoice(choice, {kMenuTitleMax, kMenuIdMax, kDescriptionMax}, ids));
    }
  }
  return checked;
}

Json ButtonsJson(const Interactive::Buttons& buttons) {
  Json list = Json::array();
  for (const Choice& choice : buttons.choices()) {
    list.push_back(
        {{"type", "reply"}, {"reply", {{"id", choice.id()}, {"title", choice.title()}}}});
  }
  return {{"buttons", std::move(list)}};
}

Json MenuJson(const Interactive::Menu& menu) {
  Json sections = Json::array();
  for (const Interactive::Section& section : menu.sections()) {
    Json rows = Json::array();
    for (const Choice& choice : section.choices()) {
      Json row = {{"id", choice.id()}, {"title", choice.title()}};
      if (!choice.description().empty()) row["description"] = choice.description();
      rows.push_back(std::move(row));
    }
    Json made = Json::object();
    if (!section.title().empty()) made["title"] = section.title();
    made["rows"] = std::move(rows);
    sections.push_back(std::move(made));
  }
  return {{"button", menu.title()}, {"sections", std::move(sections)}};
}

Json ParameterJson(const types::v1::TemplateParameter& parameter) {
  Json made = {{"type", "text"}};
  if (!parameter.name().empty()) made["parameter_name"] = parameter.name();
  made["text"] = parameter.text();
  return made;
}

Json ButtonJson(const types::v1::TemplateButton& button) {
  using types::v1::TemplateButton;
  Json made = {{"type", "button"}};
  Json parameter;
  switch (button.kind()) {
    case TemplateButton::KIND_URL:
      made["sub_type"] = "url";
      parameter = {{"type", "text"}, {"text", button.value()}};
      break;
    case TemplateButton::KIND_COPY_CODE:
      made["sub_type"] = "copy_code";
      parameter = {{"type", "coupon_code"}, {"coupon_code", button.value()}};
      break;
    default:
      made["sub_type"] = "quick_reply";
      parameter = {{"type", "payload"}, {"payload", button.value()}};
      break;
  }
  made["index"] = std::to_string(button.index());
  made["parameters"] = Json::array({std::move(parameter)});
  return made;
}

}  // namespace

std::string MediaWordOf(const types::v1::Media& media) {
  for (const MediaRow& row : kMediaRows) {
    if (absl::StartsWith(media.content_type(), row.type) && media.size_bytes() <= row.bytes_max) {
      return row.word;
    }
  }
  return "document";
}

absl::Status CheckTemplate(const Template& given) {
  absl::Status checked =
      CheckLength("the name of the template", given.name(), kTemplateNameMax, true);
  checked.Update(CheckLength("the language of the template", given.language(), 16, true));
  if (given.buttons_size() > kTemplateButtonsMax) {
    checked.Update(CheckCount("buttons of a template", given.buttons_size(), kTemplateButtonsMax));
  }
  for (const types::v1::TemplateParameter& parameter : given.body()) {
    checked.Update(CheckLength("a parameter of the template", parameter.text(), kBodyMax, true));
  }
  if (given.has_header_text()) {
    checked.Update(
        CheckLength("the header of the template", given.header_text().text(), kHeaderMax, true));
  }
  return checked;
}

absl::Status CheckInteractive(const Interactive& given) {
  absl::Status checked =
      CheckLength("the body", given.body(), given.has_menu() ? kMenuBodyMax : kBodyMax, true);
  checked.Update(CheckLength("the header", given.header(), kHeaderMax, false));
  checked.Update(CheckLength("the footer", given.footer(), kFooterMax, false));
  switch (given.action_case()) {
    case Interactive::kButtons: {
      checked.Update(CheckCount("buttons", given.buttons().choices_size(), kButtonsMax));
      std::set<std::string> ids;
      for (const Choice& choice : given.buttons().choices()) {
        checked.Update(CheckChoice(choice, {kButtonTitleMax, kButtonIdMax, 0}, ids));
      }
      return checked;
    }
    case Interactive::kMenu:
      checked.Update(CheckMenu(given.menu()));
      return checked;
    case Interactive::kLink:
      checked.Update(
          CheckLength("the title of the link", given.link().title(), kButtonTitleMax, true));
      checked.Update(CheckLength("the url of the link", given.link().url(), 2000, true));
      return checked;
    case Interactive::ACTION_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("neither buttons, a menu nor a link to press");
}

Json TemplateJson(const Template& given, const std::string& media_id) {
  Json components = Json::array();
  if (given.has_header_text()) {
    components.push_back(
        {{"type", "header"}, {"parameters", Json::array({ParameterJson(given.header_text())})}});
  } else if (given.has_header_media()) {
    const std::string word = MediaWordOf(given.header_media());
    Json file = {{"id", media_id}};
    if (word == "document" && !given.header_media().file_name().empty()) {
      file["filename"] = given.header_media().file_name();
    }
    Json parameter = {{"type", word}, {word, std::move(file)}};
    components.push_back({{"type", "header"}, {"parameters", Json::array({std::move(parameter)})}});
  }
  if (!given.body().empty()) {
    Json parameters = Json::array();
    for (const auto& parameter : given.body()) parameters.push_back(ParameterJson(parameter));
    components.push_back({{"type", "body"}, {"parameters", std::move(parameters)}});
  }
  for (const auto& button : given.buttons()) components.push_back(ButtonJson(button));
  Json made = {{"name", given.name()}, {"language", {{"code", given.language()}}}};
  if (!components.empty()) made["components"] = std::move(components);
  return made;
}

Json InteractiveJson(const Interactive& given) {
  Json made = Json::object();
  if (given.has_menu()) {
    made["type"] = "list";
    made["action"] = MenuJson(given.menu());
  } else if (given.has_link()) {
    made["type"] = "cta_url";
    made["action"] = {
        {"name", "cta_url"},
        {"parameters", {{"display_text", given.link().title()}, {"url", given.link().url()}}}};
  } else {
    made["type"] = "button";
    made["action"] = ButtonsJson(given.buttons());
  }
  if (!given.header().empty()) made["header"] = {{"type", "text"}, {"text", given.header()}};
  made["body"] = {{"text", given.body()}};
  if (!given.footer().empty()) made["footer"] = {{"text", given.footer()}};
  return made;
}

}  // namespace trama::whatsapp
