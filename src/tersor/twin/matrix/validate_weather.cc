#include "tersor/twin/matrix/validate_weather.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <string_view>
#include <vector>

#include "tersor/report/number_format.h"
#include "tersor/twin/matrix/capacity.h"
#include "tersor/twin/matrix/statistics.h"
#include "tersor/twin/plot_area.h"
#include "tersor/twin/weather/weather.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/parallel_for.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;

/// What one run of a weather gives.
struct Measures {
  FreewayMeasures freeway;
  SignalMeasures signal;
  double corridor_speed = 0;  // m/s
};

using Quantity = double (*)(const Measures&);

double Capacity(const Measures& m) { return m.freeway.capacity; }
double Narrowed(const Measures& m) { return m.freeway.narrowed; }
double FreeSpeed(const Measures& m) { return m.freeway.free_speed; }
double Saturation(const Measures& m) { return m.signal.saturation_flow; }
double StartUp(const Measures& m) { return m.signal.start_up_loss; }
double CorridorSpeed(const Measures& m) { return m.corridor_speed; }

struct Published {
  const char* name;
  Quantity quantity;
  bool grows;  // it becomes more in bad weather
  const char *weather, *source;
  double low, high;  // %
};

// HCM 2010: Highway Capacity Manual, exhibit 10-15, as FHWA-HOP-13-042 (table 33) prints it: light
// rain up to 0.10 in/h, heavy above 0.25, heavy snow above 0.50; its range for low visibility was
// not looked up. FHWA: "How do weather events impact roads?", freeways and signalised arterials;
// that of free speed in heavy rain was not looked up. Twin Cities: Agarwal et al. 2005, "Impacts of
// weather on urban freeway traffic flow characteristics and facility capacity". Visibility alone:
// US studies of free-flow speed below 1.2 km of sight.
constexpr std::array<Published, 20> kPublished = {{
    {"capacity", Capacity, false, "light_rain", "HCM 2010", 1.2, 3.4},
    {"capacity", Capacity, false, "heavy_rain", "HCM 2010", 10.7, 17.7},
    {"capacity", Capacity, false, "heavy_rain", "Twin Cities", 10, 17},
    {"capacity", Capacity, false, "snow", "HCM 2010", 19.5, 27.8},
    {"capacity", Capacity, false, "snow", "Twin Cities", 19, 27},
    {"capacity", Capacity, false, "fog_light", "HCM 2010", 9.7, 11.7},
    {"capacity, a lane ends", Narrowed, false, "light_rain", "HCM 2010", 1.2, 3.4},
    {"capacity, a lane ends", Narrowed, false, "heavy_rain", "HCM 2010", 10.7, 17.7},
    {"capacity, a lane ends", Narrowed, false, "snow", "HCM 2010", 19.5, 27.8},
    {"free speed", FreeSpeed, false, "light_rain", "FHWA", 3, 13},
    {"free speed", FreeSpeed, false, "heavy_rain", "FHWA", 3, 16},
    {"free speed", FreeSpeed, false, "heavy_rain", "Twin Cities", 4, 7},
    {"free speed", FreeSpeed, false, "snow", "FHWA", 5, 40},
    {"free speed", FreeSpeed, false, "snow", "Twin Cities", 11, 15},
    {"free speed", FreeSpeed, false, "fog_light", "visibility alone", 1, 3},
    {"arterial speed", CorridorSpeed, false, "heavy_rain", "FHWA", 10, 25},
    {"arterial speed", CorridorSpeed, false, "snow", "FHWA", 30, 40},
    {"saturation flow", Saturation, false, "heavy_rain", "FHWA", 2, 21},
    {"start-up delay", StartUp, true, "heavy_rain", "FHWA", 5, 50},
    {"start-up delay", StartUp, true, "snow", "FHWA", 5, 50},
}};

constexpr std::array<std::string_view, 5> kWeathers = {"clear_dry", "light_rain", "heavy_rain",
                                                       "snow", "fog_light"};

std::vector<Measures> MeasureAll(int64_t seeds,
                                 const std::function<void(int64_t, int64_t)>& progress) {
  const int64_t all = seeds * std::ssize(kWeathers);
  std::vector<Measures> measures(static_cast<size_t>(all));
  int64_t done = 0;
  std::mutex mutex;
  ParallelFor(0, all, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      ThrowIfInterrupted("validation was stopped");
      // Neighbours of one weather take about as long, so that all threads end together.
      const Weather& weather = WeatherPreset(kWeathers[static_cast<size_t>(i / seeds)]);
      const auto seed = static_cast<uint64_t>(i % seeds);
      measures[static_cast<size_t>(i)] = {MeasureFreeway(weather, seed),
                                          MeasureSignal(weather, seed),
                                          MeasureCorridorSpeed(weather, seed)};
      const std::lock_guard lock(mutex);
      if (progress) {
        progress(++done, all);
      }
    }
  });
  return measures;
}

double MeanOf(Quantity quantity, std::span<const Measures> measures) {
  double sum = 0;
  for (const Measures& m : measures) {
    sum += quantity(m);
  }
  return sum / static_cast<double>(measures.size());
}

/// The preset's headway factor beside the one by which HCM's mean loss of capacity comes out.
ValidationRow HeadwayRow(const char* name, double loss, std::span<const Measures> dry) {
  constexpr double kGap = 2, kLength = 5;  // m, of the cars
  const Weather& weather = WeatherPreset(name);
  const double flow = MeanOf(Capacity, dry) / 3600, speed = MeanOf(FreeSpeed, dry);
  const double headway = HeadwayForFlow(flow, speed, kGap, kLength);
  const double longer =
      HeadwayForFlow(flow * (1 - loss), speed * weather.speed_factor, kGap, kLength);
  return Near(fmt::format("headway factor, {} (HCM 2010's mean loss)", name), "",
              weather.headway_factor, longer / headway, 0.05);
}

WeatherEffect EffectOf(const Published& published, const std::vector<Measures>& measures,
                       int64_t seeds) {
  const auto of = std::find(kWeathers.begin(), kWeathers.end(), published.weather);
  std::vector<double> changes;  // of each seed, %
  for (int64_t seed = 0; seed < seeds; ++seed) {
    const double dry = published.quantity(measures[static_cast<size_t>(seed)]);
    const double wet =
        published.quantity(measures[static_cast<size_t>((of - kWeathers.begin()) * seeds + seed)]);
    changes.push_back(100 * (published.grows ? wet / dry - 1 : 1 - wet / dry));
  }
  const Interval interval = MeanInterval(changes);
  return {published.name, published.weather, published.source, published.low,
          published.high, interval.mean,     interval.low,     interval.high};
}

}  // namespace

Picture WeatherEffectChart(std::span<const WeatherEffect> effects) {
  constexpr double kLine = 24, kTop = 62, kLeft = 330, kRight = 850, kBar = 12;
  Picture picture;
  picture.name = "weather-effects";
  picture.title = "What weather takes from capacity and speed";
  picture.note = "percent of the dry; bars published, points ours with their 95 % intervals";
  picture.description =
      "Published ranges of losses by weather as bars and the simulated ones as points.";
  double low = 0, high = 10;
  for (const WeatherEffect& effect : effects) {
    for (const double value :
         {effect.low, effect.high, effect.ours, effect.ours_low, effect.ours_high}) {
      low = std::fmin(low, value);
      high = std::fmax(high, value);
    }
  }
  const double bottom = kTop + kLine * static_cast<double>(effects.size());
  const PlotArea plot({kLeft, kRight, kTop, bottom}, AxisBetween(low, high, 8), {0, 1, false, {}},
                      "%", "");
  plot.DrawAxes(&picture.body);
  const LegendEntry legend[] = {
      {"area", "", "published"}, {"d0", "", "ours, within"}, {"band2", "", "ours, outside"}};
  DrawLegend(legend, kLeft, 22, &picture.body);
  for (size_t i = 0; i < effects.size(); ++i) {
    const WeatherEffect& effect = effects[i];
    const double y = kTop + kLine * (static_cast<double>(i) + 0.5);
    DrawText("label", "end", kLeft - 12, y + 4.5,
             fmt::format("{}, {} ({})", effect.quantity, effect.weather, effect.source),
             &picture.body);
    picture.body.Leaf("rect",
                      {{"class", "area"},
                       {"x", FormatCoordinate(plot.X(effect.low))},
                       {"y", FormatCoordinate(y - kBar / 2)},
                       {"width", FormatCoordinate(plot.X(effect.high) - plot.X(effect.low))},
                       {"height", FormatCoordinate(kBar)}});
    if (std::isfinite(effect.ours_low)) {
      picture.body.Leaf("line", {{"class", "mark"},
                                 {"x1", FormatCoordinate(plot.X(effect.ours_low))},
                                 {"y1", FormatCoordinate(y)},
                                 {"x2", FormatCoordinate(plot.X(effect.ours_high))},
                                 {"y2", FormatCoordinate(y)}});
    }
    const bool within = effect.ours >= effect.low && effect.ours <= effect.high;
    picture.body.Leaf("circle", {{"class", within ? "d0" : "band2"},
                                 {"cx", FormatCoordinate(plot.X(effect.ours))},
                                 {"cy", FormatCoordinate(y)},
                                 {"r", "4.5"}});
  }
  picture.height = bottom + 50;
  return picture;
}

ValidationSection ValidateWeather(int64_t seeds,
                                  const std::function<void(int64_t, int64_t)>& progress) {
  const std::vector<Measures> measures = MeasureAll(seeds, progress);
  std::vector<WeatherEffect> effects;
  ValidationSection section;
  section.title = "Weather";
  for (const Published& published : kPublished) {
    const WeatherEffect& effect = effects.emplace_back(EffectOf(published, measures, seeds));
    section.rows.push_back(
        InRange(fmt::format("{}, {} ({})", effect.quantity, effect.weather, effect.source), "%",
                effect.ours, effect.low, effect.high));
  }
  const std::span dry = std::span(measures).first(static_cast<size_t>(seeds));
  section.rows.push_back(HeadwayRow("light_rain", 0.020, dry));
  section.rows.push_back(HeadwayRow("heavy_rain", 0.141, dry));
  section.rows.push_back(HeadwayRow("snow", 0.224, dry));
  section.text = fmt::format(
      "Losses in percent of the dry (of start-up delay: what is added), drivers who know the "
      "weather, embedded traffic, mean of {} seeds. Capacity is what leaves a jam on two lanes "
      "with "
      "a limit of 65 mph: {:.0f} vehicles/h and lane in the dry. Not all published ranges can be "
      "met at once: those of speed exclude one another, and the presets follow the wider ones of "
      "FHWA. Fog is meant to be outside for capacity: in driving simulators it changed speeds, not "
      "headways. At signals a corridor loses less speed than a free road.",
      seeds, MeanOf(Capacity, dry));
  section.pictures.push_back(WeatherEffectChart(effects));
  return section;
}

}  // namespace tersor::twin
