#pragma once

#include <gmime/gmime.h>

#include <memory>

// Ownership for GMime's objects (GLib reference counts).
namespace trama::email {

struct GObjectDeleter {
  void operator()(void* object) const {
    if (object != nullptr) g_object_unref(object);
  }
};

template <typename T>
using GPtr = std::unique_ptr<T, GObjectDeleter>;

struct GFreeDeleter {
  void operator()(void* memory) const { g_free(memory); }
};
using GText = std::unique_ptr<char, GFreeDeleter>;

// Sets GMime up, once per process; to be called before any other use.
void InitGmime();

}  // namespace trama::email
