#include "services/platform/grpc/callback_threads.h"

#include <memory>

#include "absl/synchronization/notification.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"

namespace trama::platform {
namespace {

// Keeps the thread that runs its callback.
class Parking final : public grpc::ClientUnaryReactor {
 public:
  void OnDone(const grpc::Status&) override { absl::Notification().WaitForNotification(); }
};

// A call that ends at once, and never lets its callback's thread go.
struct Holder {
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel("ipv4:127.0.0.1:1", grpc::InsecureChannelCredentials());
  grpc::GenericStub stub{channel};
  grpc::ClientContext context;
  grpc::Slice nothing;
  grpc::ByteBuffer request{&nothing, 1};
  grpc::ByteBuffer response;
  Parking reactor;

  Holder() {
    context.TryCancel();
    stub.PrepareUnaryCall(&context, "/none/none", {}, &request, &response, &reactor);
    reactor.StartCall();
  }
};

}  // namespace

void HoldCallbackThreads() {
  // Volatile, so that the pointer is kept and leak checkers find the object reachable.
  static Holder* const volatile holder = new Holder;
  static_cast<void>(holder);
}

}  // namespace trama::platform
