#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

// Metrics are a contract: every family is declared once, in one struct per service or platform
// part, and listed in the README of its folder; tools/lint compares the two.
//
//   struct OfferMetrics {
//     explicit OfferMetrics(Metrics& metrics)
//         : made(metrics.Counter("trama_routing_offers_total", "Offers made.", {"queue"})),
//           wait(metrics.Histogram("trama_routing_wait_seconds", "Queued until offered.", {},
//                                  kLatencySecondsBuckets)) {}
//     CounterFamily& made;
//     HistogramFamily& wait;
//   };
//   metrics.made.With({"billing"}).Increment();
namespace trama::platform {

// A family refuses to grow beyond: further label values are counted under "other", so that a
// mistaken label cannot fill the memory.
inline constexpr size_t kLabelSetsMax = 1000;

// From 0.5 ms to 30 s, for calls and commits.
inline const std::vector<double> kLatencySecondsBuckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
// Powers of four up to a million, for counts of things and bytes.
inline const std::vector<double> kSizeBuckets = {1,    4,     16,    64,     256,    1024,
                                                 4096, 16384, 65536, 262144, 1048576};

// One metric name with its label names; T is prometheus::Counter, Gauge or Histogram.
// Thread-safe. References stay valid as long as the Metrics.
template <typename T>
class MetricFamily {
 public:
  // One value per label, in the order of the declaration. Takes a lock: hot paths keep the result.
  T& With(std::initializer_list<std::string_view> values);
  // For families without labels.
  T& operator*() { return With({}); }
  T* operator->() { return &With({}); }

 private:
  friend class Metrics;
  MetricFamily(prometheus::Family<T>& family, std::vector<std::string> labels,
               std::vector<double> buckets)
      : family_(family), labels_(std::move(labels)), buckets_(std::move(buckets)) {}

  prometheus::Family<T>& family_;
  const std::vector<std::string> labels_;
  const std::vector<double> buckets_;
  std::mutex mutex_;
  std::map<std::vector<std::string>, T*> metrics_;
};

using CounterFamily = MetricFamily<prometheus::Counter>;
using GaugeFamily = MetricFamily<prometheus::Gauge>;
using HistogramFamily = MetricFamily<prometheus::Histogram>;

// All metrics of a process. Thread-safe.
//
// Names match trama_[a-z0-9_]+; labels are lower_snake. Declaring the same name again gives the
// same family if everything is equal and is a broken promise otherwise.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  CounterFamily& Counter(const std::string& name, const std::string& help,
                         const std::vector<std::string>& labels = {});
  GaugeFamily& Gauge(const std::string& name, const std::string& help,
                     const std::vector<std::string>& labels = {});
  // `buckets`: upper bounds, rising.
  HistogramFamily& Histogram(const std::string& name, const std::string& help,
                             const std::vector<std::string>& labels,
                             const std::vector<double>& buckets);

  // The text exposition format 0.0.4, for /metrics.
  std::string Exposition() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace trama::platform
