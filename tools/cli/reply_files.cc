#include "tools/cli/reply_files.h"

#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tools/cli/yaml_file.h"

namespace trama::tramactl {
namespace {

std::string ContentTypeOf(const std::string& path) {
  static const auto& types = *new std::map<std::string, std::string>{
      {".txt", "text/plain"},        {".html", "text/html"},      {".csv", "text/csv"},
      {".pdf", "application/pdf"},   {".png", "image/png"},       {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},       {".gif", "image/gif"},       {".webp", "image/webp"},
      {".json", "application/json"}, {".zip", "application/zip"}, {".mp3", "audio/mpeg"},
      {".ogg", "audio/ogg"},         {".mp4", "video/mp4"},       {".ics", "text/calendar"}};
  const auto type =
      types.find(absl::AsciiStrToLower(std::filesystem::path(path).extension().string()));
  return type == types.end() ? "application/octet-stream" : type->second;
}

}  // namespace

absl::Status AddFiles(const std::vector<std::string>& paths, routing::v1::ReplyRequest& request) {
  size_t left = kReplyFilesMaxBytes;
  for (const std::string& path : paths) {
    absl::StatusOr<std::string> data = ReadWhole(path, left);
    if (absl::IsResourceExhausted(data.status())) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the files are larger than ", kReplyFilesMaxBytes, " bytes together"));
    }
    if (!data.ok()) return data.status();
    left -= data->size();
    routing::v1::File& file = *request.add_parts()->mutable_file();
    file.set_file_name(std::filesystem::path(path).filename().string());
    file.set_content_type(ContentTypeOf(path));
    file.set_data(*std::move(data));
  }
  return absl::OkStatus();
}

}  // namespace trama::tramactl
