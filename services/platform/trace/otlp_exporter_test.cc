#include "services/platform/trace/otlp_exporter.h"

#include <atomic>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/platform/base/testing/wait_until.h"
#include "services/platform/http/http_server.h"
#include "services/platform/net/io_threads.h"

namespace trama::platform {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

FinishedSpan Named(const std::string& name) {
  FinishedSpan span;
  span.context = *ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  span.name = name;
  span.begun = span.ended = absl::Now();
  return span;
}

// A collector that keeps the names of the spans that it was sent.
class OtlpExporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    HttpRouter router;
    router.Exact("POST", "/v1/traces", SyncHandler([this](const HttpRequest& request) {
                   const std::lock_guard lock(mutex_);
                   content_type_ = std::string(request.headers.Get("Content-Type"));
                   if (refusals_ > 0) {
                     --refusals_;
                     return HttpResponse::Empty(status_);
                   }
                   const Json json = Json::parse(request.body);
                   for (const Json& span : json["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
                     names_.push_back(span["name"]);
                   }
                   return HttpResponse::Json(200, "{}");
                 }));
    auto server = HttpServer::Start(io_.context(), {}, std::move(router));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  void TearDown() override {
    if (exporter_ != nullptr) exporter_->Stop();
    io_.Stop();
  }

  void Start(OtlpOptions options = {}) {
    if (options.endpoint.empty()) {
      options.endpoint = "http://127.0.0.1:" + std::to_string(server_->port());
    }
    options.interval = absl::Milliseconds(10);
    options.backoff_min = absl::Milliseconds(10);
    auto exporter = OtlpExporter::Start(io_.context(), metrics_, options);
    ASSERT_TRUE(exporter.ok()) << exporter.status();
    exporter_ = *std::move(exporter);
  }
  void Refuse(int times, int status) {
    const std::lock_guard lock(mutex_);
    refusals_ = times;
    status_ = status;
  }
  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }
  std::string Counted(const std::string& outcome, int count) const {
    return "trama_trace_spans_total{outcome=\"" + outcome + "\"} " + std::to_string(count) + "\n";
  }

  IoThreads io_{1};
  Metrics metrics_;
  std::unique_ptr<HttpServer> server_;
  std::shared_ptr<OtlpExporter> exporter_;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> names_;
  int refusals_ = 0;
  int status_ = 0;

 protected:
  std::string content_type_;
};

TEST_F(OtlpExporterTest, SendsWhatHasGathered) {
  Start();
  exporter_->Take(Named("a"));
  exporter_->Take(Named("b"));
  exporter_->Stop();
  EXPECT_THAT(names(), ElementsAre("a", "b"));
  EXPECT_EQ(content_type_, "application/json");
  EXPECT_THAT(metrics_.Exposition(), HasSubstr(Counted("sent", 2)));
}

TEST_F(OtlpExporterTest, SendsWithoutBeingStopped) {
  Start();
  exporter_->Take(Named("a"));
  EXPECT_TRUE(WaitUntil([&] { return names().size() == 1; }));
}

TEST_F(OtlpExporterTest, LargeAmountsGoInBatches) {
  Start({.batch_max = 3});
  for (int i = 0; i < 10; ++i) exporter_->Take(Named(std::to_string(i)));
  exporter_->Stop();
  EXPECT_EQ(names().size(), 10u);
}

TEST_F(OtlpExporterTest, ABusyCollectorIsTriedAgain) {
  Refuse(2, 503);
  Start();
  exporter_->Take(Named("a"));
  EXPECT_TRUE(WaitUntil([&] { return names().size() == 1; }));
}

TEST_F(OtlpExporterTest, WhatTheCollectorRefusesForGoodIsNotRepeated) {
  Refuse(1, 400);
  Start();
  exporter_->Take(Named("bad"));
  EXPECT_TRUE(WaitUntil(
      [&] { return metrics_.Exposition().find(Counted("refused", 1)) != std::string::npos; }));
  exporter_->Take(Named("good"));
  EXPECT_TRUE(WaitUntil([&] { return names().size() == 1; }));
  EXPECT_THAT(names(), ElementsAre("good"));
}

TEST_F(OtlpExporterTest, WithoutACollectorSpansAreDroppedAndCountedAndNobodyWaits) {
  Start({.endpoint = "http://127.0.0.1:1", .queue_max = 5, .batch_max = 5});
  for (int i = 0; i < 1000; ++i) exporter_->Take(Named("x"));
  exporter_->Stop();
  EXPECT_THAT(metrics_.Exposition(), HasSubstr(Counted("dropped", 1000)));
}

TEST_F(OtlpExporterTest, AnEndpointThatIsNoUrlIsRefused) {
  EXPECT_FALSE(OtlpExporter::Start(io_.context(), metrics_, {.endpoint = "collector"}).ok());
}

}  // namespace
}  // namespace trama::platform
