// trama-bench-tool: the loads and the trivial peers of tools/bench. Each prints one JSON object.

#include <cstdlib>
#include <iostream>

#include "absl/flags/flag.h"
#include "services/platform/base/settings.h"
#include "tests/bench/tool/kafka_limits.h"
#include "tests/bench/tool/rpc_load.h"
#include "tests/bench/tool/webhook_load.h"

ABSL_FLAG(std::string, what, "",
          "topic, count, ack, commit, throughput, read, webhooks, rpc or echo");
ABSL_FLAG(std::string, brokers, "127.0.0.1:9092", "where Kafka is");
ABSL_FLAG(std::string, topic, "bench.peer", "topic to write or read");
ABSL_FLAG(std::string, server, "", "host:port of what is measured");
ABSL_FLAG(std::string, url, "", "webhooks: the URL that the vendor was told");
ABSL_FLAG(std::string, account_sid, "", "webhooks: the account");
ABSL_FLAG(std::string, auth_token, "", "webhooks: what signs");
ABSL_FLAG(std::string, number, "", "webhooks: to whom");
ABSL_FLAG(std::string, run, "bench", "webhooks: makes the ids of this run its own");
ABSL_FLAG(int32_t, connections, 32, "webhooks: at once");
ABSL_FLAG(int64_t, count, 0, "ack, commit, webhooks, partitions of topic: how many");
ABSL_FLAG(double, seconds, 0, "throughput, webhooks, rpc: for how long");
ABSL_FLAG(double, rate, 0, "webhooks: a second; 0: as fast as they are answered");
ABSL_FLAG(int32_t, bytes, 512, "throughput, echo: of a record, of an answer");
ABSL_FLAG(bool, idempotent, true, "throughput: with numbers by which the broker drops repeats");
ABSL_FLAG(std::string, method, "customer", "rpc: customer, presence or heartbeat");
ABSL_FLAG(std::string, token, "", "rpc: of the caller");
ABSL_FLAG(std::string, workspace, "load", "rpc: in which workspace");
ABSL_FLAG(std::string, agent, "", "rpc: whose presence");
ABSL_FLAG(std::string, phone, "", "rpc: whose profile");
ABSL_FLAG(int32_t, outstanding, 16, "rpc: calls under way at once");
ABSL_FLAG(std::string, listen, "", "echo: host:port to listen on");

namespace trama::bench {
namespace {

absl::Status Webhooks() {
  WebhookPlan plan;
  plan.server = absl::GetFlag(FLAGS_server);
  plan.url = absl::GetFlag(FLAGS_url);
  plan.account_sid = absl::GetFlag(FLAGS_account_sid);
  plan.auth_token = absl::GetFlag(FLAGS_auth_token);
  plan.number = absl::GetFlag(FLAGS_number);
  plan.run = absl::GetFlag(FLAGS_run);
  plan.connections = absl::GetFlag(FLAGS_connections);
  plan.seconds = absl::GetFlag(FLAGS_seconds);
  plan.requests = absl::GetFlag(FLAGS_count);
  plan.rate = absl::GetFlag(FLAGS_rate);
  return SendWebhooks(plan);
}

absl::Status Rpc() {
  RpcPlan plan;
  plan.server = absl::GetFlag(FLAGS_server);
  plan.method = absl::GetFlag(FLAGS_method);
  plan.token = absl::GetFlag(FLAGS_token);
  plan.workspace = absl::GetFlag(FLAGS_workspace);
  plan.agent = absl::GetFlag(FLAGS_agent);
  plan.phone = absl::GetFlag(FLAGS_phone);
  plan.outstanding = absl::GetFlag(FLAGS_outstanding);
  plan.seconds = absl::GetFlag(FLAGS_seconds);
  return CallRepeatedly(plan);
}

absl::Status Run() {
  const std::string what = absl::GetFlag(FLAGS_what);
  const std::string brokers = absl::GetFlag(FLAGS_brokers);
  const std::string topic = absl::GetFlag(FLAGS_topic);
  const auto count = static_cast<int>(absl::GetFlag(FLAGS_count));
  if (what == "topic") return MakeTopic(brokers, topic, count);
  if (what == "count") return CountOffsets(brokers, topic);
  if (what == "ack") return MeasureAck(brokers, topic, count);
  if (what == "commit") return MeasureCommit(brokers, topic, count);
  if (what == "throughput") {
    return MeasureThroughput(brokers, topic, absl::GetFlag(FLAGS_bytes),
                             absl::GetFlag(FLAGS_seconds), absl::GetFlag(FLAGS_idempotent));
  }
  if (what == "read") return MeasureRead(brokers, topic);
  if (what == "webhooks") return Webhooks();
  if (what == "rpc") return Rpc();
  if (what == "echo") return ServeEcho(absl::GetFlag(FLAGS_listen), absl::GetFlag(FLAGS_bytes));
  return absl::InvalidArgumentError("--what is not known; see --help");
}

}  // namespace
}  // namespace trama::bench

int main(int argc, char** argv) {
  const auto over =
      trama::platform::StartSettings(argc, argv,
                                     {.name = "trama-bench-tool",
                                      .version = "0.1.0",
                                      .purpose = "The loads and the trivial peers of tools/bench.",
                                      .defaults = {},
                                      .validators = {}});
  if (over.has_value()) return *over;
  const absl::Status status = trama::bench::Run();
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << "error: " << status.message() << "\n";
  return EXIT_FAILURE;
}
