#include "tersor/twin/matrix/comparison.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace tersor::twin {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Comparison::Comparison(const Matrix& matrix, std::vector<CellResult> results)
    : matrix_(matrix), results_(std::move(results)) {
  for (const CellResult& result : results_) {
    result_of_[KeyOf(result.cell)] = &result;
  }
}

Comparison::Key Comparison::KeyOf(const MatrixCell& cell) {
  return {cell.demand, cell.arm, cell.weather, cell.night, cell.seed};
}

std::vector<Condition> Comparison::OfWeather(int32_t weather) const {
  std::vector<Condition> out;
  for (const bool night : matrix_.nights) {
    for (const double demand : matrix_.demands) {
      out.push_back({demand, weather, night});
    }
  }
  return out;
}

std::vector<Condition> Comparison::Conditions() const {
  std::vector<Condition> out;
  for (int32_t weather = 0; weather < std::ssize(matrix_.weathers); ++weather) {
    const std::vector<Condition> some = OfWeather(weather);
    out.insert(out.end(), some.begin(), some.end());
  }
  return out;
}

std::string Comparison::NameOf(const Condition& condition) const {
  std::string name = ConditionName(matrix_, condition.weather, condition.night);
  if (matrix_.demands.size() > 1) {
    name += fmt::format(", demand {}", condition.demand);
  }
  return name;
}

const CellResult* Comparison::Find(const Condition& condition, Arm arm, uint64_t seed) const {
  const auto found = result_of_.find(
      KeyOf(matrix_.CellOf(condition.demand, arm, condition.weather, condition.night, seed)));
  return found != result_of_.end() ? found->second : nullptr;
}

std::vector<double> Comparison::Values(const std::string& metric,
                                       std::span<const Condition> conditions, Arm arm) const {
  std::vector<double> values;
  for (const uint64_t seed : matrix_.seeds) {
    double sum = 0;
    for (const Condition& condition : conditions) {
      const CellResult* const result = Find(condition, arm, seed);
      sum +=
          result != nullptr
              ? result->Metric(metric, ConditionName(matrix_, condition.weather, condition.night))
              : kNaN;
    }
    values.push_back(sum / static_cast<double>(conditions.size()));
  }
  return values;
}

Interval Comparison::Mean(const std::string& metric, std::span<const Condition> conditions,
                          Arm arm) const {
  return MeanInterval(Values(metric, conditions, arm));
}

PairedDifference Comparison::Difference(const std::string& metric,
                                        std::span<const Condition> conditions, Arm first,
                                        Arm second) const {
  return ComparePairs(Values(metric, conditions, first), Values(metric, conditions, second));
}

PairedDifference Comparison::Interaction(const std::string& metric,
                                         std::span<const Condition> conditions,
                                         std::span<const Condition> reference, Arm first,
                                         Arm second) const {
  const auto differences = [&](std::span<const Condition> of) {
    std::vector<double> out = Values(metric, of, second);
    const std::vector<double> less = Values(metric, of, first);
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] -= less[i];
    }
    return out;
  };
  return ComparePairs(differences(reference), differences(conditions));
}

std::vector<std::string> Comparison::MetricNames() const {
  std::set<std::string> names;
  for (const CellResult& result : results_) {
    for (const auto& [name, value] : result.measured.metrics) {
      names.insert(name);
    }
    for (const auto& [condition, measured] : result.by_condition) {
      for (const auto& [name, value] : measured.metrics) {
        names.insert(name);
      }
    }
  }
  return {names.begin(), names.end()};
}

std::vector<NamedMetric> HeadlineMetrics(const Comparison& comparison) {
  const std::vector<NamedMetric> known = {
      {"conflicts_ttc_below_1.5s_per_1000_vehicle_km",
       "Conflicts with a TTC of at most 1.5 s per 1000 vehicle-km"},
      {"conflicts_beyond_grip_per_1000_vehicle_km",
       "Conflicts whose DRAC is above μg (braking cannot help) per 1000 vehicle-km"},
      {"conflicts_ttc_below_1.0s_per_1000_vehicle_km",
       "Conflicts with a TTC of at most 1.0 s per 1000 vehicle-km"},
      {"conflicts_ttc_below_0.5s_per_1000_vehicle_km",
       "Conflicts with a TTC of at most 0.5 s per 1000 vehicle-km"},
      {"conflicts_per_1000_vehicle_km", "Conflicts per 1000 vehicle-km"},
      {"collisions_per_1000_vehicle_km", "Collisions per 1000 vehicle-km"},
      {"emergency_brakings_per_1000_vehicle_km",
       "Brakings harder than 4.5 m/s² per 1000 vehicle-km"},
      {"crash_potential_index", "Crash potential index"},
      {"tet_s_per_1000_vehicle_km", "Time exposed to a TTC below 1.5 s, s per 1000 vehicle-km"},
      {"tit_s2_per_1000_vehicle_km", "Integral of TTC below 1.5 s, s² per 1000 vehicle-km"},
      {"ttc_p5_s", "5th percentile of TTC, s"},
      {"drac_p95_mps2", "95th percentile of DRAC, m/s²"},
      {"mean_speed_mps", "Mean speed, m/s"},
      {"mean_travel_time_s", "Travel time, s"},
      {"headway_p50_s", "Median headway of those who follow, s"}};
  const std::vector<std::string> names = comparison.MetricNames();
  std::vector<NamedMetric> out;
  std::copy_if(known.begin(), known.end(), std::back_inserter(out), [&](const NamedMetric& metric) {
    return std::binary_search(names.begin(), names.end(), metric.name);
  });
  return out;
}

}  // namespace tersor::twin
