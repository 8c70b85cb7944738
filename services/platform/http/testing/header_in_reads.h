#pragma once

#include <cstddef>
#include <string>

namespace trama::platform {

// What our server and our client read at once, at most.
inline constexpr size_t kReadBytesMax = 16 * 1024;

// `header`, a first line and fields, filled up to so many reads. Each read but the last ends one
// byte into the next field: so Beast takes the fields before it and never sees much at once.
inline std::string HeaderInReads(std::string header, size_t reads) {
  for (size_t read = 1; read <= reads; ++read) {
    const size_t end = read * kReadBytesMax - (read < reads ? 1 : 2);
    header += "X: ";
    header.append(end - 2 - header.size(), 'x');
    header += "\r\n";
  }
  return header + "\r\n";
}

}  // namespace trama::platform
