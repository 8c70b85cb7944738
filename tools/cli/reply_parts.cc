#include "tools/cli/reply_parts.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tools/cli/context.h"
#include "tools/cli/reply_files.h"

namespace trama::tramactl {
namespace {

constexpr int kButtonsMax = 3;  // More choices than these are a menu.
constexpr char kLanguageDefault[] = "en_US";

void AddTemplate(const Arguments& arguments, const std::string& text,
                 routing::v1::ReplyRequest& request) {
  types::v1::Template& given = *request.add_parts()->mutable_template_();
  given.set_name(arguments.Get("template"));
  given.set_language(arguments.Has("language") ? arguments.Get("language") : kLanguageDefault);
  for (const std::string& parameter : arguments.All("parameter")) {
    given.add_body()->set_text(parameter);
  }
  given.set_preview(text);
}

// "yes=Yes, please": the id and what is shown. Without '=' both are the same.
types::v1::Choice ChoiceOf(const std::string& text) {
  const std::pair<std::string, std::string> split = absl::StrSplit(text, absl::MaxSplits('=', 1));
  types::v1::Choice choice;
  choice.set_id(split.first);
  choice.set_title(text.find('=') == std::string::npos ? text : split.second);
  return choice;
}

void AddChoices(const Arguments& arguments, const std::string& text,
                routing::v1::ReplyRequest& request) {
  types::v1::Interactive& given = *request.add_parts()->mutable_interactive();
  given.set_body(text);
  const std::vector<std::string> choices = arguments.All("choice");
  if (choices.size() <= kButtonsMax) {
    for (const std::string& choice : choices) {
      *given.mutable_buttons()->add_choices() = ChoiceOf(choice);
    }
    return;
  }
  given.mutable_menu()->set_title(arguments.Has("menu") ? arguments.Get("menu") : "Choose");
  types::v1::Interactive::Section& section = *given.mutable_menu()->add_sections();
  for (const std::string& choice : choices) *section.add_choices() = ChoiceOf(choice);
}

void AddText(const Arguments& arguments, const std::string& text,
             routing::v1::ReplyRequest& request) {
  if (text.empty()) return;
  types::v1::Text& part = *request.add_parts()->mutable_text();
  part.set_body(text);
  part.set_format(arguments.Has("html") ? types::v1::Text::FORMAT_HTML
                                        : types::v1::Text::FORMAT_PLAIN);
}

}  // namespace

absl::Status AddReplyParts(const Arguments& arguments, const std::string& text,
                           routing::v1::ReplyRequest& request) {
  const bool has_template = arguments.Has("template");
  const bool has_choices = arguments.Has("choice");
  if (has_template + has_choices + arguments.Has("file") > 1) {
    return UsageError("give --template, --choice or --file, one of them only");
  }
  if (has_choices && text.empty()) return UsageError("give the TEXT that the choices answer");
  if (has_template) {
    AddTemplate(arguments, text, request);
  } else if (has_choices) {
    AddChoices(arguments, text, request);
  } else {
    AddText(arguments, text, request);
    if (absl::Status added = AddFiles(arguments.All("file"), request); !added.ok()) return added;
  }
  return request.parts().empty() ? UsageError("give a TEXT, a --file, a --template or a --choice")
                                 : absl::OkStatus();
}

std::string RichPartLine(const types::v1::Part& part) {
  if (part.has_template_()) {
    const types::v1::Template& given = part.template_();
    return absl::StrCat("(template ", given.name(), ")", given.preview().empty() ? "" : " ",
                        given.preview());
  }
  if (!part.has_interactive()) return "";
  std::vector<std::string> titles;
  for (const auto& choice : part.interactive().buttons().choices())
    titles.push_back(choice.title());
  for (const auto& section : part.interactive().menu().sections()) {
    for (const auto& choice : section.choices()) titles.push_back(choice.title());
  }
  if (part.interactive().has_link()) titles.push_back(part.interactive().link().title());
  return absl::StrCat(part.interactive().body(), " [", absl::StrJoin(titles, " | "), "]");
}

}  // namespace trama::tramactl
