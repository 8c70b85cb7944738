#include "services/channels/common/testing/fake_vendor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace trama::channels::testing {

namespace {

std::string Whole(int status, const std::string& headers, const std::string& body) {
  return absl::StrCat("HTTP/1.1 ", status, " x\r\n", headers, "Content-Length: ", body.size(),
                      "\r\nConnection: close\r\n\r\n", body);
}

}  // namespace

FakeVendor::FakeVendor(int status, std::string json)
    : taken_status_(status),
      taken_json_(std::move(json)),
      peer_([this](platform::TestSocket& connection, int) {
        Request request;
        request.raw = connection.ReadMessage();
        if (request.raw.empty()) return;
        const std::vector<std::string> line =
            absl::StrSplit(request.raw.substr(0, request.raw.find("\r\n")), ' ');
        if (line.size() < 2) return;
        request.method = line[0];
        request.target = line[1];
        request.body = request.raw.substr(request.raw.find("\r\n\r\n") + 4);
        const std::string response = Respond(request);
        if (response.empty()) return connection.Reset();
        connection.Send(response);
      }) {}

std::string FakeVendor::authority() const { return absl::StrCat("127.0.0.1:", peer_.port()); }
std::string FakeVendor::url() const { return absl::StrCat("http://", authority()); }

void FakeVendor::Push(std::function<std::string()> answer) {
  const std::lock_guard lock(mutex_);
  script_.push_back(std::move(answer));
}

void FakeVendor::AnswerJson(int status, const std::string& json, const std::string& headers) {
  Answer(Whole(status, headers, json));
}

void FakeVendor::SetPage(const std::string& path, Page page) {
  const std::lock_guard lock(mutex_);
  pages_[path] = std::move(page);
}

std::string FakeVendor::Respond(const Request& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (const auto page = pages_.find(path); page != pages_.end()) {
    return Whole(page->second.status, page->second.headers, page->second.body);
  }
  if (request.method == "POST") {
    if (!script_.empty()) {
      const auto answer = std::move(script_.front());
      script_.pop_front();
      return answer();
    }
    return Whole(taken_status_, "",
                 absl::StrReplaceAll(taken_json_, {{"{n}", std::to_string(++sent_)}}));
  }
  return Whole(404, "", "");
}

std::vector<FakeVendor::Request> FakeVendor::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> FakeVendor::sends() const {
  std::vector<std::string> bodies;
  for (const Request& request : requests()) {
    if (request.method == "POST") bodies.push_back(request.body);
  }
  return bodies;
}

}  // namespace trama::channels::testing
