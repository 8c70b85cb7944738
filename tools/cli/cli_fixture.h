#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "services/platform/base/testing/temp_folder.h"
#include "services/platform/grpc/testing/grpc_fixture.h"
#include "tools/cli/run.h"

namespace trama::tramactl::testing {

// Runs the whole program against services of a test.
class CliTest : public ::testing::Test {
 protected:
  struct Result {
    int exit = 0;
    std::string out;
    std::string err;
  };

  Result Run(std::vector<std::string> words) {
    std::ostringstream out;
    std::ostringstream err;
    Result result;
    result.exit = tramactl::Run(words, Environment(), {.out = out, .err = err});
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  // Serves `service`, and lists it in an endpoints file under all the names that it may have.
  void Serve(grpc::Service& service) {
    fixture_.Serve(service);
    const std::string at = "[\"" + fixture_.server().address() + "\"]";
    variables_["TRAMA_ENDPOINTS"] =
        folder_.Write("endpoints.json", R"({"grpc": {"config": )" + at + R"(, "routing": )" + at +
                                            R"(, "profile": )" + at + R"(, "sla": )" + at +
                                            R"(, "reporting": )" + at + R"(},
              "tokens": {"ana": "t-ana", "supervisor": "t-eva", "admin": "t-operator"}})");
  }

  tramactl::Environment Environment() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto it = variables_.find(name);
      if (it == variables_.end()) return std::nullopt;
      return it->second;
    };
  }

  platform::TempFolder folder_;
  std::map<std::string, std::string> variables_;
  platform::GrpcFixture fixture_;
};

}  // namespace trama::tramactl::testing
