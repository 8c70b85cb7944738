#pragma once

namespace trama::platform {

// gRPC 1.51 runs callbacks on threads that live as long as any channel or server that uses them.
// When the last of these goes away inside a callback, the threads try to join themselves and the
// process dies (grpc/grpc#32584). So one channel that is never destroyed holds them from the first
// server or client on.
//
// Of these threads, half as many as there are processors and at least two, one is kept from
// working: with each event they hand the place at epoll_wait to each other, which wakes one up. On
// two processors, where one is left, routing took a seventh less CPU time for a SetPresence so.
void HoldCallbackThreads();

}  // namespace trama::platform
