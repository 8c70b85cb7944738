#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trama::loadgen {

// A file of JSON lines: what was done and seen, in order, each with its time in microseconds. For
// whoever wants to know afterwards what happened to one message. Not thread-safe.
class Journal {
 public:
  // An empty path: nothing is written.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Names are plain words.
  void Write(std::initializer_list<std::pair<const char*, std::string_view>> fields);

  // The lines lie on the disk afterwards. DATA_LOSS when some could not be written.
  absl::Status Close();

 private:
  Journal(std::string path, int file) : path_(std::move(path)), file_(file) {}
  void Flush();

  const std::string path_;
  int file_;
  std::string waiting_;
  bool lost_ = false;
};

}  // namespace trama::loadgen
