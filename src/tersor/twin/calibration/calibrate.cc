#include "tersor/twin/calibration/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "tersor/twin/calibration/nelder_mead.h"
#include "tersor/twin/calibration/traffic_meter.h"
#include "tersor/twin/embedded_traffic.h"
#include "tersor/twin/quantile.h"
#include "tersor/twin/scenario.h"
#include "tersor/util/config_check.h"
#include "tersor/util/content_hash.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/json.h"
#include "tersor/util/parallel_for.h"

namespace tersor::twin {
namespace {

constexpr const char* kInterrupted = "the calibration was stopped; run it again to go on";
// Of the scales, in the order of DriverScales::fields().
constexpr std::array<double, DriverScales::kCount> kLow = {0.7, 0.2, 0.1, 0.4, 0.4};
constexpr std::array<double, DriverScales::kCount> kHigh = {1.4, 2, 1.2, 4, 5};
constexpr std::array<double, DriverScales::kCount> kStep = {0.06, 0.3, 0.15, 0.4, 0.6};

using Distances = std::array<double, kNumMeasures>;

/// What of the field and of the scenario stays the same for all candidates.
class Workshop {
 public:
  explicit Workshop(const CalibrationOptions& options)
      : options_(options),
        model_(options.model == "IDM" ? CarFollowing::kIdm : CarFollowing::kKrauss) {
    if (!options.rows.empty()) {
      const std::vector<DriverRow> rows = ReadDriverRows(options.rows);
      target_ = TargetOfRows(rows);
      drivers_ = DrawDrivers(rows, options.mode == "row", options.draws, options.seed);
    } else {
      target_ = ReadPercentiles(options.percentiles);
      drivers_ = DrawDrivers(target_, options.draws, options.seed);
    }
    Scenario scenario = ReadScenario(options.scenario);
    scenario.end = options.end;
    config_ = ConfigOf(scenario, options.seed);
    simulation_ = LoadSimulation(config_);
    const Network& network = simulation_.network;
    for (const std::string& id : options.edges) {
      meter_.edges.push_back(network.FindEdge(id));
      if (meter_.edges.back() < 0) {
        std::vector<std::string> known;
        for (const Edge& edge : network.edges) {
          known.push_back(edge.id);
        }
        const std::string nearest = NearestName(id, known);
        FailUsage("--edges: the network has no edge ", id,
                  nearest.empty() ? "" : "; did you mean " + nearest + "?");
      }
    }
    const Edge& first = network.edges[static_cast<size_t>(meter_.edges.front())];
    limit_ = network.lanes[static_cast<size_t>(first.lanes.front())].speed;
    meter_.begin = config_.window.begin + options.warm_up;
    meter_.headway_limit = options.headway_limit;
    if (!options.counts.empty()) {
      meter_.counts = ReadCounts(options.counts);
    }
  }

  const Target& target() const { return target_; }
  const std::vector<DriverRow>& drivers() const { return drivers_; }
  double limit() const { return limit_; }
  CarFollowing model() const { return model_; }
  const std::vector<EdgeCount>& counts() const { return meter_.counts; }

  /// By the seeds of the search, or by as many that it has not seen.
  CalibrationFit OfScales(const DriverScales& scales, bool unseen) const {
    return Run("calibrated", unseen, [&](uint64_t seed, Demand* demand) {
      AssignDrivers(model_, drivers_, scales, limit_, seed, demand);
    });
  }
  CalibrationFit OfDefaults(const std::string& name, CarFollowing model) const {
    return Run(name, true, [&](uint64_t, Demand* demand) { AssignSumoDefaults(model, demand); });
  }
  CalibrationFit OfScenario() const {
    return Run("the scenario's types", true, [](uint64_t, Demand*) {});
  }

  /// A name for all that the distances depend on but the scales.
  std::string Fingerprint() const {
    ContentHash hash;
    for (const std::string& path :
         {options_.rows, options_.percentiles, options_.counts, config_.network}) {
      hash.Add(path.empty() ? std::string() : ReadFile(path));
    }
    for (const std::vector<std::string>& paths : {config_.routes, config_.additional}) {
      for (const std::string& path : paths) {
        hash.Add(ReadFile(path));
      }
    }
    hash.Add(fmt::format("{} {} {} {} {} {} {} {} {} {} {}", options_.mode, options_.model,
                         config_.demand_scale, fmt::join(options_.edges, ","), options_.draws,
                         options_.runs, options_.warm_up, options_.end, options_.headway_limit,
                         options_.seed, config_.step_length));
    return hash.Text();
  }

 private:
  template <typename Prepare>
  CalibrationFit Run(const std::string& name, bool unseen, const Prepare& prepare) const {
    const uint64_t first_seed = options_.seed + (unseen ? static_cast<uint64_t>(options_.runs) : 0);
    std::vector<std::optional<TrafficMeter>> meters(static_cast<size_t>(options_.runs));
    ParallelFor(0, options_.runs, 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        const uint64_t seed = first_seed + static_cast<uint64_t>(i);
        Demand demand = simulation_.demand;
        prepare(seed, &demand);
        meters[static_cast<size_t>(i)].emplace(simulation_.network, meter_);
        RunOnce(demand, seed, &*meters[static_cast<size_t>(i)]);
      }
    });
    CalibrationFit fit;
    fit.name = name;
    fit.counted.resize(meter_.counts.size());
    for (const std::optional<TrafficMeter>& meter : meters) {
      for (size_t m = 0; m < kNumMeasures; ++m) {
        const std::vector<double>& values = meter->sample()[m];
        fit.sample[m].insert(fit.sample[m].end(), values.begin(), values.end());
      }
      for (size_t i = 0; i < fit.counted.size(); ++i) {
        fit.counted[i] += meter->counted()[i] / static_cast<double>(options_.runs);
      }
    }
    for (size_t m = 0; m < kNumMeasures; ++m) {
      fit.distance[m] = target_[m].Distance(fit.sample[m]);
    }
    return fit;
  }

  void RunOnce(const Demand& demand, uint64_t seed, TrafficMeter* meter) const {
    constexpr int64_t kStepsALook = 200;
    EmbeddedTraffic traffic(
        simulation_.network, demand,
        {.step_length = config_.step_length, .begin = config_.window.begin, .seed = seed});
    const auto steps = static_cast<int64_t>(
        std::llround((config_.window.end - config_.window.begin) / config_.step_length));
    for (int64_t step = 0; step < steps && !traffic.finished(); ++step) {
      if (step % kStepsALook == 0) {
        ThrowIfInterrupted(kInterrupted);
      }
      traffic.Step();
      meter->Add(traffic.snapshot());
    }
  }

  const CalibrationOptions& options_;
  CarFollowing model_;
  Target target_;
  std::vector<DriverRow> drivers_;
  SimulationConfig config_;
  Simulation simulation_;
  MeterOptions meter_;
  double limit_ = 0;
};

/// What was evaluated, kept in a file so that nothing is done twice.
class Ledger {
 public:
  Ledger(std::string path, std::string fingerprint)
      : path_(std::move(path)), fingerprint_(std::move(fingerprint)) {
    if (!std::filesystem::exists(path_)) {
      return;
    }
    const Json json = ParseJson(ReadFile(path_), path_);
    if (!json.is_object() || json.value("inputs", "") != fingerprint_) {
      FailUsage(path_, " is of another calibration; give another folder, or remove it");
    }
    try {
      for (const Json& one : json.at("evaluations")) {
        known_[one.at("scales").get<std::vector<double>>()] = one.at("distances").get<Distances>();
      }
    } catch (const Json::exception& error) {
      Fail(path_, ": not a list of evaluations (", error.what(), "); remove it");
    }
  }

  const Distances* Find(const std::vector<double>& scales) const {
    const auto found = known_.find(scales);
    return found == known_.end() ? nullptr : &found->second;
  }

  void Add(const std::vector<double>& scales, const Distances& distances) {
    known_[scales] = distances;
    Json list = Json::array();
    for (const auto& [place, found] : known_) {
      list.push_back({{"scales", place}, {"distances", found}});
    }
    WriteFileAtomically(path_,
                        Json{{"inputs", fingerprint_}, {"evaluations", list}}.dump(1) + "\n");
  }

 private:
  std::string path_, fingerprint_;
  std::map<std::vector<double>, Distances> known_;
};

DriverScales ScalesOf(const std::vector<double>& place) {
  DriverScales scales;
  const auto fields = scales.fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    *fields[i] = place[i];
  }
  return scales;
}

DriverScales Search(const CalibrationOptions& options, const Workshop& workshop, Ledger* ledger) {
  SearchSpace space;
  DriverScales start;
  const auto fields = start.fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    space.start.push_back(*fields[i]);
    space.step.push_back(kStep[i]);
    space.low.push_back(kLow[i]);
    space.high.push_back(kHigh[i]);
  }
  int64_t done = 0;
  double best = INFINITY;
  const auto value = [&](const std::vector<double>& place) {
    ThrowIfInterrupted(kInterrupted);
    // As in the file, so that going on finds what was written.
    std::vector<double> rounded;
    for (const double x : place) {
      rounded.push_back(std::round(x * 1e6) / 1e6);
    }
    const Distances* known = ledger->Find(rounded);
    if (known == nullptr) {
      ledger->Add(rounded, workshop.OfScales(ScalesOf(rounded), false).distance);
      known = ledger->Find(rounded);
    }
    const double sum = (*known)[0] + (*known)[1] + (*known)[2] + (*known)[3];
    best = std::min(best, sum);
    if (options.progress) {
      options.progress(++done, best);
    }
    return sum;
  };
  std::vector<double> found =
      MinimizeNelderMead(space, static_cast<int>(options.evaluations), value);
  for (double& x : found) {
    x = std::round(x * 1e6) / 1e6;
  }
  return ScalesOf(found);
}

void AddFit(const CalibrationFit& fit, Record& record) {
  for (size_t m = 0; m < kNumMeasures; ++m) {
    std::vector<double> values = fit.sample[m];
    std::ranges::sort(values);
    double mean = 0;
    for (const double value : values) {
      mean += value / static_cast<double>(values.size());
    }
    Json row = {{"drivers", fit.name},
                {"measure", kMeasureNames[m]},
                {"count", values.size()},
                {"ks", fit.distance[m]}};
    if (!values.empty()) {
      row.update({{"mean", mean},
                  {"p10", SortedQuantile(values, 0.1)},
                  {"p50", SortedQuantile(values, 0.5)},
                  {"p90", SortedQuantile(values, 0.9)}});
    }
    record.rows.push_back(std::move(row));
  }
}

void AddTarget(const Target& target, Record& record) {
  for (size_t m = 0; m < kNumMeasures; ++m) {
    record.rows.push_back({{"drivers", "field"},
                           {"measure", kMeasureNames[m]},
                           {"mean", target[m].mean()},
                           {"p10", target[m].Quantile(0.1)},
                           {"p50", target[m].Quantile(0.5)},
                           {"p90", target[m].Quantile(0.9)}});
  }
}

/// Cumulative curves of one measure.
void AddCurves(const Target& target, const std::vector<CalibrationFit>& fits, Record& record) {
  constexpr int kPoints = 41;
  for (size_t m = 0; m < kNumMeasures; ++m) {
    for (size_t f = 0; f <= fits.size(); ++f) {
      std::vector<double> sorted;
      if (f < fits.size()) {
        sorted = fits[f].sample[m];
        std::ranges::sort(sorted);
      }
      Json x = Json::array(), y = Json::array();
      for (int i = 0; i < kPoints; ++i) {
        const double share = 0.02 + 0.96 * i / (kPoints - 1);
        const double value =
            f < fits.size() ? SortedQuantile(sorted, share) : target[m].Quantile(share);
        if (std::isfinite(value)) {
          x.push_back(value);
          y.push_back(share);
        }
      }
      const std::string name = f < fits.size() ? fits[f].name : "field";
      record.series[fmt::format("{}: {}", kMeasureNames[m], name)] = {
          {"x", x}, {"y", y}, {"x_label", kMeasureNames[m]}, {"y_label", "share below"}};
    }
  }
}

void AddCounts(const CalibrationFit& fit, const std::vector<EdgeCount>& counts, Record& record) {
  constexpr double kGoodGeh = 5;
  if (counts.empty()) {
    return;
  }
  double good = 0, worst = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double hours = (counts[i].end - counts[i].begin) / 3600;
    const double geh = Geh(fit.counted[i] / hours, counts[i].count / hours);
    good += geh < kGoodGeh ? 1 : 0;
    worst = std::max(worst, geh);
    record.rows.push_back({{"edge", counts[i].edge},
                           {"begin_s", counts[i].begin},
                           {"end_s", counts[i].end},
                           {"counted_per_hour", counts[i].count / hours},
                           {"modelled_per_hour", fit.counted[i] / hours},
                           {"geh", geh}});
  }
  record.metrics["geh_below_5_share"] = good / static_cast<double>(counts.size());
  record.metrics["geh_max"] = worst;
}

}  // namespace

void CalibrationOptions::Validate() const {
  if (rows.empty() == percentiles.empty()) {
    FailUsage("calibrate: give either --rows or --percentiles of what was measured");
  }
  CheckChoice("--mode", mode, {"row", "independent"});
  CheckChoice("--model", model, {"IDM", "Krauss"});
  if (edges.empty()) {
    FailUsage("calibrate: --edges names the edges where it was measured");
  }
  CheckRange("--draws", static_cast<double>(draws), 1, 1e5);
  CheckRange("--runs", static_cast<double>(runs), 1, 1000);
  CheckRange("--evaluations", static_cast<double>(evaluations), 1, 1e5);
  CheckRange("--warm-up", warm_up, 0, 1e6);
  CheckRange("--headway-limit", headway_limit, 1, 1000);
  if (!(end > warm_up)) {
    FailUsage("calibrate: --end, ", end, " s, must come after --warm-up, ", warm_up, " s");
  }
}

Record Calibrate(const CalibrationOptions& options) {
  options.Validate();
  const auto began = std::chrono::steady_clock::now();
  const Workshop workshop(options);
  for (const EdgeCount& count : workshop.counts()) {
    TERSOR_CHECK(count.end <= options.end, options.counts, ": edge ", count.edge,
                 " is counted until ", count.end, " s, the run ends at ", options.end,
                 " s; make --end later");
  }
  MakeFolders(options.output);
  Ledger ledger(options.output + "/evaluations.json", workshop.Fingerprint());
  DriverScales scales = Search(options, workshop, &ledger);
  const std::vector<CalibrationFit> fits = {
      workshop.OfScales(scales, true), workshop.OfScenario(),
      workshop.OfDefaults("SUMO's defaults, IDM", CarFollowing::kIdm),
      workshop.OfDefaults("SUMO's defaults, Krauss", CarFollowing::kKrauss)};
  WriteFileAtomically(
      options.output + "/drivers.add.xml",
      DriversXml(workshop.model(), workshop.drivers(), scales, workshop.limit(), "calibrated"));
  Record record;
  record.verb = "twin";
  record.seed = options.seed;
  record.config = {{"scenario", options.scenario},
                   {"rows", options.rows},
                   {"percentiles", options.percentiles},
                   {"mode", options.mode},
                   {"model", options.model},
                   {"edges", options.edges},
                   {"counts", options.counts},
                   {"draws", options.draws},
                   {"runs", options.runs},
                   {"evaluations", options.evaluations},
                   {"warm_up", options.warm_up},
                   {"end", options.end},
                   {"headway_limit", options.headway_limit}};
  AddTarget(workshop.target(), record);
  for (const CalibrationFit& fit : fits) {
    AddFit(fit, record);
  }
  AddCurves(workshop.target(), fits, record);
  AddCounts(fits.front(), workshop.counts(), record);
  record.metrics["ks_sum"] = fits[0].objective();
  record.metrics["ks_sum_scenario"] = fits[1].objective();
  record.metrics["ks_sum_sumo_idm"] = fits[2].objective();
  record.metrics["ks_sum_sumo_krauss"] = fits[3].objective();
  const auto fields = scales.fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    record.metrics[std::string("scale_") + DriverScales::kNames[i]] = *fields[i];
  }
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  WriteRecord(options.output + "/record.json", record);
  return record;
}

}  // namespace tersor::twin
