#include "services/channels/open/testing/fake_integrator.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace trama::open_channel::testing {

namespace {

std::string Whole(int status, const std::string& headers, const std::string& body) {
  return absl::StrCat("HTTP/1.1 ", status, " x\r\n", headers, "Content-Length: ", body.size(),
                      "\r\nConnection: close\r\n\r\n", body);
}

}  // namespace

std::string FakeIntegrator::Request::Header(const std::string& name) const {
  for (absl::string_view line : absl::StrSplit(head, "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (absl::AsciiStrToLower(field.first) == name) return std::string(field.second);
  }
  return {};
}

FakeIntegrator::FakeIntegrator()
    : peer_([this](platform::TestSocket& connection, int) {
        const std::string raw = connection.ReadMessage();
        const size_t end = raw.find("\r\n\r\n");
        if (end == std::string::npos) return;
        Request request;
        request.head = raw.substr(0, end);
        request.body = raw.substr(end + 4);
        const std::vector<std::string> line = absl::StrSplit(raw.substr(0, raw.find("\r\n")), ' ');
        if (line.size() < 2) return;
        request.method = line[0];
        request.target = line[1];
        const std::string response = Respond(request);
        if (response.empty()) return connection.Reset();
        connection.Send(response);
      }) {}

std::string FakeIntegrator::url() const { return absl::StrCat("http://127.0.0.1:", peer_.port()); }

void FakeIntegrator::Answer(int status, const std::string& body, const std::string& headers) {
  const std::lock_guard lock(mutex_);
  script_.push_back(Whole(status, headers, body));
}

void FakeIntegrator::Reset() {
  const std::lock_guard lock(mutex_);
  script_.emplace_back();
}

void FakeIntegrator::SetFile(const std::string& path, std::string bytes) {
  const std::lock_guard lock(mutex_);
  files_[path] = std::move(bytes);
}

std::string FakeIntegrator::Respond(const Request& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  if (request.method == "GET") {
    const auto file = files_.find(request.target);
    return file == files_.end() ? Whole(404, "", "") : Whole(200, "", file->second);
  }
  if (!script_.empty()) {
    std::string answer = std::move(script_.front());
    script_.pop_front();
    return answer;
  }
  return Whole(200, "", absl::StrCat(R"({"external_id":"x-)", ++answered_, R"("})"));
}

std::vector<FakeIntegrator::Request> FakeIntegrator::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<FakeIntegrator::Request> FakeIntegrator::messages() const {
  std::vector<Request> messages;
  for (Request& request : requests()) {
    if (request.method == "POST") messages.push_back(std::move(request));
  }
  return messages;
}

}  // namespace trama::open_channel::testing
