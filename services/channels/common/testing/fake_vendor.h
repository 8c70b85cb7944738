#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "services/platform/net/testing/scripted_peer.h"

namespace trama::channels::testing {

// A vendor's API on loopback: answers POSTs as scripted, in order, then always as one that takes
// everything; keeps what it was asked. Paths with a page answer with it, whatever the script; every
// other GET answers 404.
class FakeVendor {
 public:
  // One request: its line, headers and body as they came.
  struct Request {
    std::string method;
    std::string target;
    std::string raw;
    std::string body;
  };
  struct Page {
    int status = 200;
    std::string headers;  // Each with its line break.
    std::string body;
  };

  // How a send is taken: `status` and `json`, in which "{n}" becomes its number, from 1.
  FakeVendor(int status, std::string json);

  std::string url() const;
  std::string authority() const;  // "127.0.0.1:<port>"

  // A whole answer, header included; or Reset().
  void Answer(std::string response) {
    Push([response] { return response; });
  }
  void AnswerJson(int status, const std::string& json, const std::string& headers = "");
  // Reads the request and then resets the connection.
  void Reset() {
    Push([] { return std::string(); });
  }
  void SetPage(const std::string& path, Page page);

  std::vector<Request> requests() const;
  // The bodies of the sends.
  std::vector<std::string> sends() const;

 private:
  void Push(std::function<std::string()> answer);
  std::string Respond(const Request& request);

  mutable std::mutex mutex_;
  std::deque<std::function<std::string()>> script_;
  std::map<std::string, Page> pages_;
  std::vector<Request> requests_;
  const int taken_status_;
  const std::string taken_json_;
  int sent_ = 0;
  platform::ScriptedPeer peer_;  // Last: its thread uses the others.
};

}  // namespace trama::channels::testing
