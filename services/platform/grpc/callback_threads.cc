#include "services/platform/grpc/callback_threads.h"

#include <memory>

#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"

namespace trama::platform {
namespace {

// A call that is prepared, which makes its channel use the threads, but never started.
struct Holder {
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel("ipv4:127.0.0.1:1", grpc::InsecureChannelCredentials());
  grpc::GenericStub stub{channel};
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  grpc::ClientUnaryReactor reactor;

  Holder() { stub.PrepareUnaryCall(&context, "/none/none", {}, &request, &response, &reactor); }
};

}  // namespace

void HoldCallbackThreads() {
  // Volatile, so that the pointer is kept and leak checkers find the object reachable.
  static Holder* const volatile holder = new Holder;
  static_cast<void>(holder);
}

}  // namespace trama::platform
