#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "services/platform/net/testing/scripted_peer.h"

namespace trama::open_channel::testing {

// An integrator's server on loopback: answers our messages as scripted, in order, then always 200
// with an id of its own; keeps what it was sent. GET serves the files that were set, otherwise 404.
class FakeIntegrator {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::string head;  // The request line and the headers as they came.
    std::string body;

    // The value of a header; empty when there is none. `name` in lower case.
    std::string Header(const std::string& name) const;
  };

  FakeIntegrator();

  std::string url() const;

  // The answer to the next message; `headers` each with their line break.
  void Answer(int status, const std::string& body = "", const std::string& headers = "");
  // Reads the next message and then resets the connection.
  void Reset();
  void SetFile(const std::string& path, std::string bytes);

  std::vector<Request> requests() const;
  // The messages only.
  std::vector<Request> messages() const;

 private:
  std::string Respond(const Request& request);

  mutable std::mutex mutex_;
  std::deque<std::string> script_;  // Whole answers; an empty one is a reset.
  std::map<std::string, std::string> files_;
  std::vector<Request> requests_;
  int answered_ = 0;
  platform::ScriptedPeer peer_;  // Last: its thread uses the others.
};

}  // namespace trama::open_channel::testing
