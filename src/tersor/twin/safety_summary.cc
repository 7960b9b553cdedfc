#include "tersor/twin/safety_summary.h"

#include <cmath>
#include <vector>

#include "tersor/twin/quantile.h"

namespace tersor::twin {
namespace {

constexpr std::array<const char*, 3> kBandNames = {"ttc_below_1.5s", "ttc_below_1.0s",
                                                   "ttc_below_0.5s"};

void Count(const Conflict& conflict, ConflictCount* count) {
  ++count->all;
  for (size_t band = 0; band < kSeverityBands.size(); ++band) {
    count->severe[band] += conflict.min_ttc.value <= kSeverityBands[band] ? 1 : 0;
  }
}

void AddDefined(const std::string& name, double value, Record& record) {
  if (!std::isnan(value)) {
    record.metrics[name] = value;
  }
}

void AddCount(const SafetySummary& summary, const std::string& name, const ConflictCount& count,
              Record& record) {
  record.metrics[name] = count.all;
  if (summary.vehicle_km > 0) {
    record.metrics[name + "_per_1000_vehicle_km"] = summary.Per1000VehicleKm(count.all);
    for (size_t band = 0; band < kBandNames.size(); ++band) {
      record.metrics[name + "_" + kBandNames[band] + "_per_1000_vehicle_km"] =
          summary.Per1000VehicleKm(count.severe[band]);
    }
  }
}

}  // namespace

const Extreme& WorstMoment(const Conflict& conflict) {
  return !std::isnan(conflict.min_ttc.value)    ? conflict.min_ttc
         : !std::isnan(conflict.max_drac.value) ? conflict.max_drac
         : !std::isnan(conflict.pet.value)      ? conflict.pet
                                                : conflict.min_box_ttc;
}

SafetySummary Summarize(std::span<const Conflict> conflicts, const RunExposure& exposure,
                        double vehicle_km) {
  SafetySummary summary;
  summary.exposure = exposure;
  summary.vehicle_km = vehicle_km;
  std::vector<double> ttcs, dracs;
  for (const Conflict& conflict : conflicts) {
    Count(conflict, &summary.conflicts);
    Count(conflict, &summary.types[std::string(Name(WorstMoment(conflict).type))]);
    if (!std::isnan(conflict.min_ttc.value)) {
      ttcs.push_back(conflict.min_ttc.value);
    }
    if (!std::isnan(conflict.max_drac.value)) {
      dracs.push_back(conflict.max_drac.value);
    }
    summary.pet_min = std::fmin(summary.pet_min, conflict.pet.value);
    summary.beyond_grip += conflict.max_drac_to_grip.value > 1 ? 1 : 0;
  }
  summary.ttc_min = Quantile(ttcs, 0);
  summary.ttc_p5 = Quantile(std::move(ttcs), 0.05);
  summary.drac_max = Quantile(dracs, 1);
  summary.drac_p95 = Quantile(std::move(dracs), 0.95);
  return summary;
}

void AddMetrics(const SafetySummary& summary, Record& record) {
  AddCount(summary, "conflicts", summary.conflicts, record);
  for (const auto& [type, count] : summary.types) {
    AddCount(summary, "conflicts_" + type, count, record);
  }
  AddDefined("ttc_min_s", summary.ttc_min, record);
  AddDefined("ttc_p5_s", summary.ttc_p5, record);
  AddDefined("drac_max_mps2", summary.drac_max > 0 ? summary.drac_max : kNotAvailable, record);
  AddDefined("drac_p95_mps2", summary.drac_p95, record);
  AddDefined("pet_min_s", summary.pet_min, record);
  record.metrics["conflicts_beyond_grip"] = summary.beyond_grip;
  if (summary.conflicts.all > 0) {
    record.metrics["share_beyond_grip"] =
        static_cast<double>(summary.beyond_grip) / static_cast<double>(summary.conflicts.all);
  }
  record.metrics["tet_s"] = summary.exposure.sum.tet;
  record.metrics["tit_s2"] = summary.exposure.sum.tit;
  record.metrics["crash_potential_index"] = summary.exposure.crash_potential_index();
}

}  // namespace tersor::twin
