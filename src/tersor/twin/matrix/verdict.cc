#include "tersor/twin/matrix/verdict.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "tersor/report/number_format.h"

namespace tersor::twin {
namespace {

constexpr double kLevel = 0.05;

std::string Signed(double value) {
  return fmt::format("{}{}", value > 0 ? "+" : "", report::FormatNumber(value));
}

std::string Seeds(int64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "seed" : "seeds");
}

/// "+4.1 (95 % CI +1.2 to +7, adjusted p = 0.012, 10 seeds)".
std::string Told(const PairedDifference& difference, double p_value) {
  const Interval& interval = difference.interval;
  if (interval.count < 2) {
    return fmt::format("{} ({}: no interval)", Signed(interval.mean), Seeds(interval.count));
  }
  const std::string p =
      p_value < 0.001 ? "adjusted p < 0.001" : fmt::format("adjusted p = {:.3f}", p_value);
  return fmt::format("{} (95 % CI {} to {}, {}, {})", Signed(interval.mean), Signed(interval.low),
                     Signed(interval.high), p, Seeds(interval.count));
}

enum class Sign { kFewer, kNone, kMore };

Sign SignOf(const PairedDifference& difference, double p_value) {
  if (difference.interval.count < 2 || !(p_value < kLevel)) {
    return Sign::kNone;
  }
  return difference.interval.mean > 0 ? Sign::kMore : Sign::kFewer;
}

/// One comparison a weather, with p-values adjusted over them.
struct ByWeather {
  std::vector<int32_t> weather;
  std::vector<PairedDifference> difference;
  std::vector<double> p_value;

  void Add(int32_t which, const PairedDifference& what) {
    if (what.interval.count > 0) {
      weather.push_back(which);
      difference.push_back(what);
    }
  }
  void Adjust() {
    for (const PairedDifference& one : difference) {
      p_value.push_back(one.p_value);
    }
    p_value = HolmAdjusted(p_value);
  }
};

std::string Listed(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  }
  return out;
}

class Speaker {
 public:
  Speaker(const Comparison& comparison, const NamedMetric& metric)
      : comparison_(comparison), metric_(metric.name), title_(metric.title) {}

  std::vector<std::string> Speak() {
    const Matrix& matrix = comparison_.matrix();
    if (matrix.Has(Arm::kPlain)) {
      SayOfPlain();
    }
    if (matrix.Has(Arm::kTuned)) {
      SayOfWeather(Arm::kTuned, "Traffic tuned to the weather (B)");
    }
    if (matrix.Has(Arm::kTwin)) {
      if (matrix.Has(Arm::kPlain)) {
        SayOfTwin();
      }
      SayOfWeather(Arm::kTwin, "The full twin (C)");
    }
    return std::move(lines_);
  }

 private:
  std::string Weather(int32_t weather) const {
    return comparison_.matrix().weathers[static_cast<size_t>(weather)].name;
  }
  int32_t weathers() const { return static_cast<int32_t>(comparison_.matrix().weathers.size()); }

  /// Arm A is one run for all weathers; what differs is what the weather's grip makes of it.
  void SayOfPlain() {
    double low = INFINITY, high = -INFINITY;
    for (int32_t weather = 0; weather < weathers(); ++weather) {
      const double mean =
          comparison_.Mean(metric_, comparison_.OfWeather(weather), Arm::kPlain).mean;
      if (std::isfinite(mean)) {
        low = std::min(low, mean);
        high = std::max(high, mean);
      }
    }
    if (low > high) {
      return;
    }
    if (low == high) {
      lines_.push_back(fmt::format(
          "Plain traffic (A) alone shows no weather effect: it knows no weather, one run stands "
          "for all of them, and each has {}.",
          report::FormatNumber(low)));
    } else {
      lines_.push_back(fmt::format(
          "Plain traffic (A) drives the same in every weather; only the grip that the weather "
          "leaves is weighed, which alone moves its figure between {} and {}.",
          report::FormatNumber(low), report::FormatNumber(high)));
    }
  }

  void SayOfTwin() {
    ByWeather found;
    for (int32_t weather = 0; weather < weathers(); ++weather) {
      found.Add(weather, comparison_.Difference(metric_, comparison_.OfWeather(weather),
                                                Arm::kPlain, Arm::kTwin));
    }
    found.Adjust();
    std::vector<std::string> more, none, fewer;
    for (size_t i = 0; i < found.weather.size(); ++i) {
      const std::string name = Weather(found.weather[i]);
      const Sign sign = SignOf(found.difference[i], found.p_value[i]);
      (sign == Sign::kMore ? more : sign == Sign::kFewer ? fewer : none).push_back(name);
      lines_.push_back(
          fmt::format("C minus A in {}: {}: {}.", name, Told(found.difference[i], found.p_value[i]),
                      sign == Sign::kMore    ? "more with the twin"
                      : sign == Sign::kFewer ? "fewer with the twin, against the expectation"
                                             : "no difference is shown"));
    }
    if (found.weather.empty()) {
      return;
    }
    if (more.empty()) {
      lines_.push_back("So the full twin does not show more than plain traffic in any weather.");
    } else {
      lines_.push_back(fmt::format("So the full twin shows more than plain traffic in {}{}{}.",
                                   Listed(more),
                                   none.empty() ? "" : ", no difference in " + Listed(none),
                                   fewer.empty() ? "" : ", and fewer in " + Listed(fewer)));
    }
  }

  /// What a weather changes within an arm, against the matrix's first one.
  void SayOfWeather(Arm arm, const std::string& who) {
    ByWeather found;
    const std::vector<Condition> reference = comparison_.OfWeather(0);
    const bool twin = arm == Arm::kTwin && comparison_.matrix().Has(Arm::kPlain);
    for (int32_t weather = 1; weather < weathers(); ++weather) {
      const std::vector<Condition> conditions = comparison_.OfWeather(weather);
      found.Add(weather,
                twin ? comparison_.Interaction(metric_, conditions, reference, Arm::kPlain, arm)
                     : ComparePairs(comparison_.Values(metric_, reference, arm),
                                    comparison_.Values(metric_, conditions, arm)));
    }
    found.Adjust();
    std::vector<std::string> more, fewer;
    for (size_t i = 0; i < found.weather.size(); ++i) {
      const Sign sign = SignOf(found.difference[i], found.p_value[i]);
      const std::string text = fmt::format("{} {}", Weather(found.weather[i]),
                                           Told(found.difference[i], found.p_value[i]));
      if (sign != Sign::kNone) {
        (sign == Sign::kMore ? more : fewer).push_back(text);
      }
    }
    if (found.weather.empty()) {
      return;
    }
    const std::string what =
        twin ? fmt::format("{}'s distance to A, against that in {},", who, Weather(0))
             : fmt::format("{}, against {},", who, Weather(0));
    if (more.empty() && fewer.empty()) {
      lines_.push_back(fmt::format("{} shows no weather effect that these seeds can tell.", what));
      return;
    }
    lines_.push_back(fmt::format("{} {}{}{}.", what, more.empty() ? "" : "rises in " + Listed(more),
                                 more.empty() || fewer.empty() ? "" : "; it ",
                                 fewer.empty() ? "" : "falls in " + Listed(fewer)));
  }

  const Comparison& comparison_;
  const std::string metric_, title_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> Verdict(const Comparison& comparison, const NamedMetric& metric) {
  return Speaker(comparison, metric).Speak();
}

}  // namespace tersor::twin
