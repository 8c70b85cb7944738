#pragma once

#include "google/protobuf/stubs/logging.h"

// For targets whose input is parsed as messages; to be included by one source. Protobuf complains
// in writing about every text that is no UTF-8, which takes longer than all else.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}
