#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/channels/common/delivery_loop.h"
#include "services/platform/kafka/testing/broker.h"
#include "trama/delivery/v1/delivery_events.pb.h"

namespace trama::channels::testing {

// The one account that every message of the world is for.
DeliveryAccounts AccountsOfWorld();

// The topics of a delivery under test, on the real broker: writes outbound messages and reads what
// became of them. One partition number, 0, unless said otherwise.
class DeliveryWorld : public platform::testing::BrokerTest {
 protected:
  void SetUp() override;

  // Names of this test's topics and group; receipts are waited for 300 ms.
  DeliveryLoopOptions Options() const;
  // Messages "m<first>" ... , each of a conversation of its own unless one is given.
  void WriteMessages(int first, int count, const std::string& conversation = "");
  void WriteReceipt(const std::string& message_id, delivery::v1::Status status);

  std::vector<delivery::v1::Delivery> Deliveries();
  // By message: "attempting#1 sent#1".
  std::map<std::string, std::string> Stories();
  // Have so many messages ended, sent or failed?
  bool Ended(size_t count);
  int64_t CommittedPosition();

  std::string outbound_;
  std::string deliveries_;
  std::string dead_letters_;
};

}  // namespace trama::channels::testing
