#include "tools/cli/output.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/kernel/text.h"

namespace trama::tramactl {

void Output::One(const Json& json, const std::function<std::string()>& text) {
  switch (format_) {
    case Format::kJson:
      out_ << ToText(json) << "\n";
      break;
    case Format::kYaml:
      out_ << ToYaml(json);
      break;
    case Format::kTable:
      out_ << text();
      break;
  }
  out_.flush();
}

void Output::Many(const std::vector<Json>& items, const std::function<TextTable()>& table,
                  const std::string& none) {
  switch (format_) {
    case Format::kJson:
      out_ << ToText(Json(items)) << "\n";
      break;
    case Format::kYaml:
      for (const Json& item : items) out_ << "---\n" << ToYaml(item);
      break;
    case Format::kTable:
      out_ << (items.empty() ? none + "\n" : Render(table()));
      break;
  }
  out_.flush();
}

void Output::Line(const Json& json, const std::function<std::string()>& text) {
  switch (format_) {
    case Format::kJson:
      out_ << ToLine(json) << "\n";
      break;
    case Format::kYaml:
      out_ << "---\n" << ToYaml(json);
      break;
    case Format::kTable:
      out_ << text() << "\n";
      break;
  }
  out_.flush();
}

void Output::Raw(const std::string& text) { out_ << text; }

void Output::Say(const std::string& line) {
  if (format_ != Format::kTable) return;
  out_ << line << "\n";
  out_.flush();
}

std::string Fields(const std::vector<std::pair<std::string, std::string>>& fields) {
  size_t width = 0;
  for (const auto& [name, value] : fields) width = std::max(width, CountCodePoints(name));
  std::string text;
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&text, name, std::string(width - CountCodePoints(name) + 2, ' '),
                    value.empty() ? "-" : OneLine(value), "\n");
  }
  return text;
}

}  // namespace trama::tramactl
