#pragma once

#include <string>

#include "services/platform/base/metrics.h"

namespace trama::channels {

// What delivery counts; see the README of each channel.
struct DeliveryMetrics {
  explicit DeliveryMetrics(platform::Metrics& metrics)
      : records(metrics.Counter("trama_delivery_records_total",
                                "Delivery records written, by status: attempting, sent, retrying, "
                                "unknown, failed.",
                                {"channel", "status"})),
        send_seconds(metrics.Histogram("trama_delivery_send_seconds",
                                       "One attempt at the vendor, by outcome.",
                                       {"channel", "outcome"}, platform::kLatencySecondsBuckets)),
        commit_seconds(metrics.Histogram("trama_delivery_commit_seconds",
                                         "One transaction of delivery records.", {"channel"},
                                         platform::kLatencySecondsBuckets)),
        takeover_seconds(metrics.Histogram("trama_delivery_takeover_seconds",
                                           "Taking over one partition number.", {"channel"},
                                           platform::kLatencySecondsBuckets)),
        open(metrics.Gauge("trama_delivery_open", "Messages that are not finished.",
                           {"channel", "partition"})),
        in_flight(metrics.Gauge("trama_delivery_in_flight", "Attempts under way.",
                                {"channel", "partition"})),
        window(metrics.Gauge("trama_delivery_window",
                             "Records between the oldest unfinished message and the newest read.",
                             {"channel", "partition"})) {}

  platform::CounterFamily& records;
  platform::HistogramFamily& send_seconds;
  platform::HistogramFamily& commit_seconds;
  platform::HistogramFamily& takeover_seconds;
  platform::GaugeFamily& open;
  platform::GaugeFamily& in_flight;
  platform::GaugeFamily& window;
};

}  // namespace trama::channels
