#include "services/platform/net/serial_executor.h"

#include "boost/asio/strand.hpp"

namespace trama::platform {
namespace {

// A mark that a context carries.
class OneThread final : public boost::asio::execution_context::service {
 public:
  using key_type = OneThread;
  static boost::asio::execution_context::id id;

  explicit OneThread(boost::asio::execution_context& owner) : service(owner) {}

 private:
  void shutdown() override {}
};

boost::asio::execution_context::id OneThread::id;

}  // namespace

boost::asio::any_io_executor SerialExecutor(boost::asio::io_context& io) {
  if (boost::asio::has_service<OneThread>(io)) return io.get_executor();
  return boost::asio::make_strand(io);
}

void PromiseOneThread(boost::asio::io_context& io) { boost::asio::use_service<OneThread>(io); }

}  // namespace trama::platform
