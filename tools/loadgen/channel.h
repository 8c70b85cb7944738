#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "tools/loadgen/world.h"
#include "trama/types/v1/types.pb.h"

namespace trama::loadgen {

// What one customer wants to say.
struct CustomerMessage {
  std::string vendor_id;  // From Channel::VendorId.
  int64_t customer = 0;
  std::string text;
};

// What came of one attempt to send it.
struct Attempt {
  enum class Kind {
    kAccepted,  // Answered with success.
    kRefused,   // Answered otherwise, or certainly not arrived.
    kBroken,    // Nobody knows whether it arrived.
  };
  Kind kind = Kind::kRefused;
  std::string answer;  // The status in the protocol's words, for the journal.
  absl::Time last_byte = absl::InfinitePast();
};

// A channel from outside: how its customers write to Trama, and the vendor's side of what Trama
// sends. Adding a channel is one class and one line in channels.cc.
//
// Threads: those of the io_context that it was made with; Send() from any.
class Channel {
 public:
  virtual ~Channel() = default;

  // The identifier of the `number`-th customer as Trama knows it.
  virtual types::v1::Identifier Customer(int64_t number) const = 0;
  // The vendor's id of the `number`-th message of a run.
  virtual std::string VendorId(const std::string& run, int64_t number) const = 0;
  // Tries once. `done` is called exactly once, on a thread of the io_context.
  virtual void Send(CustomerMessage message, std::function<void(Attempt)> done) = 0;
};

// Called with a text that reached a vendor; from the io_context's threads.
using OnArrival = std::function<void(const std::string& text)>;

// What is told of the vendors' side.
struct VendorSide {
  OnArrival on_arrival;
  // When Trama has taken the vendor's receipt that the customer has the text. Null: vendors send
  // no receipts.
  OnArrival on_receipt;
};

// Every channel that the world has, by name. Sinks listen from now on. INVALID_ARGUMENT for a
// channel that is not known here.
absl::StatusOr<std::map<std::string, std::unique_ptr<Channel>>> MakeChannels(
    const World& world, boost::asio::io_context& io, const VendorSide& vendor);

// Every thing an agent writes begins so; the vendor's side finds the token in what arrives.
std::string TextWithToken(const std::string& token);
// The token in a text; empty when there is none.
std::string TokenIn(const std::string& text);

}  // namespace trama::loadgen
