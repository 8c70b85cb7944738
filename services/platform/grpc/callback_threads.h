#pragma once

namespace trama::platform {

// gRPC 1.51 runs callbacks on threads that live as long as any channel or server that uses them.
// When the last of these goes away inside a callback, the threads try to join themselves and the
// process dies (grpc/grpc#32584). So one channel that is never destroyed holds them from the first
// server or client on.
void HoldCallbackThreads();

}  // namespace trama::platform
