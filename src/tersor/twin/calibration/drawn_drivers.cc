#include "tersor/twin/calibration/drawn_drivers.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "tersor/report/html.h"
#include "tersor/twin/random_stream.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

double MeanSpeed(const std::vector<DriverRow>& drivers) {
  double sum = 0;
  for (const DriverRow& driver : drivers) {
    sum += driver[kSpeedMeasure];
  }
  return sum / static_cast<double>(drivers.size());
}

bool IsCar(const VehicleType& type) { return type.vehicle_class == "passenger"; }

}  // namespace

std::vector<DriverRow> DrawDrivers(const std::vector<DriverRow>& rows, bool by_row, int64_t count,
                                   uint64_t seed) {
  const Rng rng(seed, StreamOf("drawn drivers"));
  std::vector<DriverRow> drivers(static_cast<size_t>(count));
  for (size_t i = 0; i < drivers.size(); ++i) {
    for (size_t m = 0; m < kNumMeasures; ++m) {
      const uint64_t row = rng.Below(i * kNumMeasures + (by_row ? 0 : m), rows.size());
      drivers[i][m] = rows[row][m];
    }
  }
  return drivers;
}

std::vector<DriverRow> DrawDrivers(const Target& target, int64_t count, uint64_t seed) {
  const Rng rng(seed, StreamOf("drawn drivers"));
  std::vector<DriverRow> drivers(static_cast<size_t>(count));
  for (size_t i = 0; i < drivers.size(); ++i) {
    for (size_t m = 0; m < kNumMeasures; ++m) {
      drivers[i][m] = target[m].Quantile(rng.Uniform(i * kNumMeasures + m));
    }
  }
  return drivers;
}

VehicleType TypeOfDriver(const VehicleType& base, CarFollowing model, const DriverRow& driver,
                         const DriverScales& scales, double limit, double mean_speed) {
  VehicleType type = base;
  type.model = model;
  const double speed =
      scales.speed * (mean_speed + scales.spread * (driver[kSpeedMeasure] - mean_speed));
  // Bounds that keep whatever is drawn a driver.
  type.speed_factor = std::clamp(speed / limit, 0.3, 2.0);
  type.speed_deviation = 0;
  type.tau = std::clamp(scales.headway * driver[kHeadwayMeasure], 0.3, 4.0);
  type.accel = std::clamp(scales.accel * driver[kAccelMeasure], 0.3, 5.0);
  type.decel = std::clamp(scales.decel * driver[kDecelMeasure], 0.8, 8.0);
  type.emergency_decel = std::max(type.emergency_decel, type.decel);
  return type;
}

void AssignDrivers(CarFollowing model, const std::vector<DriverRow>& drivers,
                   const DriverScales& scales, double limit, uint64_t seed, Demand* demand) {
  const double mean_speed = MeanSpeed(drivers);
  std::map<std::pair<int32_t, uint64_t>, int32_t> made;  // base type and driver -> type
  for (Departure& departure : demand->departures) {
    if (!IsCar(demand->types[static_cast<size_t>(departure.type)])) {
      continue;
    }
    const uint64_t driver = Rng(seed, StreamOf("driver of", departure.id)).Below(0, drivers.size());
    const auto next = static_cast<int32_t>(demand->types.size());
    const auto [found, fresh] = made.try_emplace({departure.type, driver}, next);
    if (fresh) {
      VehicleType type = TypeOfDriver(demand->types[static_cast<size_t>(departure.type)], model,
                                      drivers[driver], scales, limit, mean_speed);
      type.id += fmt::format(".driver{}", driver);
      demand->types.push_back(std::move(type));
    }
    departure.type = found->second;
  }
}

void AssignSumoDefaults(CarFollowing model, Demand* demand) {
  for (VehicleType& type : demand->types) {
    if (IsCar(type)) {
      VehicleType plain;
      plain.id = type.id;
      plain.length = type.length;
      plain.width = type.width;
      plain.model = model;
      type = plain;
    }
  }
}

std::string DriversXml(CarFollowing model, const std::vector<DriverRow>& drivers,
                       const DriverScales& scales, double limit, const std::string& id) {
  const double mean_speed = MeanSpeed(drivers);
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<additional>\n"
      "    <vTypeDistribution id=\"{}\">\n",
      report::Escape(id));
  for (size_t i = 0; i < drivers.size(); ++i) {
    const VehicleType type = TypeOfDriver({}, model, drivers[i], scales, limit, mean_speed);
    fmt::format_to(std::back_inserter(text),
                   "        <vType id=\"{}.{}\" vClass=\"passenger\" carFollowModel=\"{}\" "
                   "accel=\"{:.3f}\" decel=\"{:.3f}\" tau=\"{:.3f}\" speedFactor=\"{:.4f}\" "
                   "speedDev=\"0\" probability=\"{:.6f}\"/>\n",
                   report::Escape(id), i, model == CarFollowing::kIdm ? "IDM" : "Krauss",
                   type.accel, type.decel, type.tau, type.speed_factor,
                   1.0 / static_cast<double>(drivers.size()));
  }
  return text + "    </vTypeDistribution>\n</additional>\n";
}

}  // namespace tersor::twin
