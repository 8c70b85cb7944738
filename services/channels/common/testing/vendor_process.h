#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trama::channels::testing {

// Where tests/vendor/get has put the vendors' programs.
std::string VendorFolder();

// Runs a Python script with the vendors' packages, gives it `input` and returns what it prints.
// FAILED_PRECONDITION, with what to do, when the packages are not there; INTERNAL with the end of
// its errors when it fails.
absl::StatusOr<std::string> RunVendorPython(const std::string& script,
                                            const std::vector<std::string>& arguments,
                                            const std::string& input);

// A server of a vendor as a process of its own on a free loopback port; killed at the end.
class VendorProcess {
 public:
  // "{port}" in the arguments becomes the port. Waits until it listens.
  static absl::StatusOr<std::unique_ptr<VendorProcess>> Start(std::vector<std::string> command);
  ~VendorProcess();

  uint16_t port() const { return port_; }
  std::string url() const;

 private:
  VendorProcess() = default;

  pid_t pid_ = -1;
  uint16_t port_ = 0;
  std::string log_;
};

}  // namespace trama::channels::testing
