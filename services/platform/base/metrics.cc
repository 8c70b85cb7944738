#include "services/platform/base/metrics.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "prometheus/text_serializer.h"
#include "services/kernel/check.h"

namespace trama::platform {
namespace {

bool IsSnake(const std::string& name) {
  return !name.empty() && absl::ascii_islower(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
         });
}

template <typename T>
T& AddMetric(prometheus::Family<T>& family, const prometheus::Labels& labels,
             const std::vector<double>& buckets) {
  if constexpr (std::is_same_v<T, prometheus::Histogram>) {
    return family.Add(labels, buckets);
  } else {
    return family.Add(labels);
  }
}

}  // namespace

template <typename T>
T& MetricFamily<T>::With(std::initializer_list<std::string_view> values) {
  TRAMA_CHECK(values.size() == labels_.size());
  // Kept, because its strings have their memory already: most calls find what is there.
  thread_local std::vector<std::string> key;
  key.resize(values.size());
  std::copy(values.begin(), values.end(), key.begin());
  const std::lock_guard lock(mutex_);
  if (const auto it = metrics_.find(key); it != metrics_.end()) return *it->second;
  if (metrics_.size() >= kLabelSetsMax) {
    std::fill(key.begin(), key.end(), "other");
    if (const auto it = metrics_.find(key); it != metrics_.end()) return *it->second;
  }
  prometheus::Labels labels;
  for (size_t i = 0; i < labels_.size(); ++i) labels[labels_[i]] = key[i];
  T& metric = AddMetric(family_, labels, buckets_);
  metrics_.emplace(key, &metric);
  return metric;
}

template class MetricFamily<prometheus::Counter>;
template class MetricFamily<prometheus::Gauge>;
template class MetricFamily<prometheus::Histogram>;

struct Metrics::State {
  struct Declaration {
    std::string kind;
    std::string help;
    std::vector<std::string> labels;
    std::vector<double> buckets;
    std::unique_ptr<CounterFamily> counter;
    std::unique_ptr<GaugeFamily> gauge;
    std::unique_ptr<HistogramFamily> histogram;
  };

  // The declaration of `name`, new (without a family) or equal to the one before.
  Declaration& Declare(const std::string& kind, const std::string& name, const std::string& help,
                       const std::vector<std::string>& labels, const std::vector<double>& buckets) {
    TRAMA_CHECK(absl::StartsWith(name, "trama_") && IsSnake(name));
    TRAMA_CHECK(std::all_of(labels.begin(), labels.end(), IsSnake));
    const auto [it, inserted] = declared.try_emplace(name);
    Declaration& declaration = it->second;
    if (inserted) {
      declaration.kind = kind;
      declaration.help = help;
      declaration.labels = labels;
      declaration.buckets = buckets;
    }
    TRAMA_CHECK(declaration.kind == kind && declaration.help == help &&
                declaration.labels == labels && declaration.buckets == buckets);
    return declaration;
  }

  mutable std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, Declaration> declared;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

CounterFamily& Metrics::Counter(const std::string& name, const std::string& help,
                                const std::vector<std::string>& labels) {
  const std::lock_guard lock(state_->mutex);
  State::Declaration& declared = state_->Declare("counter", name, help, labels, {});
  if (declared.counter == nullptr) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
    declared.counter.reset(new CounterFamily(family, labels, {}));
  }
  return *declared.counter;
}

GaugeFamily& Metrics::Gauge(const std::string& name, const std::string& help,
                            const std::vector<std::string>& labels) {
  const std::lock_guard lock(state_->mutex);
  State::Declaration& declared = state_->Declare("gauge", name, help, labels, {});
  if (declared.gauge == nullptr) {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
    declared.gauge.reset(new GaugeFamily(family, labels, {}));
  }
  return *declared.gauge;
}

HistogramFamily& Metrics::Histogram(const std::string& name, const std::string& help,
                                    const std::vector<std::string>& labels,
                                    const std::vector<double>& buckets) {
  TRAMA_CHECK(!buckets.empty() && std::is_sorted(buckets.begin(), buckets.end()));
  const std::lock_guard lock(state_->mutex);
  State::Declaration& declared = state_->Declare("histogram", name, help, labels, buckets);
  if (declared.histogram == nullptr) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
    declared.histogram.reset(new HistogramFamily(family, labels, buckets));
  }
  return *declared.histogram;
}

std::string Metrics::Exposition() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace trama::platform
