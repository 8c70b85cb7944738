#pragma once

#include <cstdio>
#include <cstdlib>

// Dies when one of our own promises is broken. Never for user input, network input or a peer's
// answer: those are errors to be handled (absl::Status), not bugs. It stays on in release builds,
// because a machine that runs on after a broken promise writes the damage to the log.
#define TRAMA_CHECK(condition)                                                             \
  do {                                                                                     \
    if (!(condition)) [[unlikely]] {                                                       \
      std::fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                        \
    }                                                                                      \
  } while (false)
