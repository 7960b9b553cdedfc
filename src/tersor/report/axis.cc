#include "tersor/report/axis.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "tersor/report/number_format.h"

namespace tersor::report {
namespace {

// Ratios that people think in.
constexpr double kFineRatios[] = {0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.5};
constexpr double kCoarseRatios[] = {0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7,
                                    1,    1.5,  2,   3,    5,   7,   10,  15};

/// The step among 1, 2, 5 x 10^k that cuts `range` into about `target` parts.
double NiceStep(double range, int target) {
  const double rough = range / target;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double fraction = rough / power;
  return power * (fraction < 1.5 ? 1 : fraction < 3.5 ? 2 : fraction < 7.5 ? 5 : 10);
}

std::string LinearLabel(double value, double step, double largest) {
  if (value == 0) {
    return "0";
  }
  if (largest >= 1e6 || largest < 1e-3) {
    // The mantissa shows as many digits as two neighbouring ticks differ by.
    const double digits =
        std::floor(std::log10(std::max(std::abs(value), step))) - std::floor(std::log10(step));
    return FormatScientific(value, std::clamp(static_cast<int>(digits), 0, 9));
  }
  return FormatFixed(value, std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9))));
}

void AddLinearTicks(Axis* axis, int target, bool round_ends) {
  const double step = NiceStep(axis->high - axis->low, target);
  if (round_ends) {
    axis->low = std::floor(axis->low / step) * step;
    axis->high = std::ceil(axis->high / step) * step;
  }
  // A millionth of a step forgives the rounding of the divisions.
  const double first = std::ceil(axis->low / step - 1e-6);
  const double count = std::floor(axis->high / step + 1e-6) - first;
  const double largest = std::max(std::abs(axis->low), std::abs(axis->high));
  for (int i = 0; i <= std::min(count, 4.0 * target); ++i) {
    const double value = (first + i) * step;
    axis->ticks.push_back({value, LinearLabel(value, step, largest)});
  }
}

std::string LogLabel(double value) {
  return value >= 0.999e-3 && value < 1e6 ? FormatNumber(value) : FormatScientific(value, 0);
}

void AddLogTicks(Axis* axis, int target) {
  const double decades = std::log10(axis->high) - std::log10(axis->low);
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / target)));
  const bool between = decades * 2 <= target;  // room for 2 and 5 as well
  const int first = static_cast<int>(std::floor(std::log10(axis->low)));
  const int last = static_cast<int>(std::ceil(std::log10(axis->high)));
  for (int exponent = first; exponent <= last; exponent += stride) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double value = digit * std::pow(10, exponent);
      if ((digit == 1 || between) && value >= axis->low * (1 - 1e-9) &&
          value <= axis->high * (1 + 1e-9)) {
        axis->ticks.push_back({value, LogLabel(value)});
      }
    }
  }
}

/// Two decades or more, with the median in the lowest fifth of a linear axis.
bool SuitsLog(std::vector<double>* values) {
  const auto [low, high] = std::minmax_element(values->begin(), values->end());
  const double lowest = *low, highest = *high;
  if (lowest < 1 / kLargestPlotted || highest / lowest < 100) {
    return false;
  }
  const auto middle = values->begin() + static_cast<std::ptrdiff_t>(values->size() / 2);
  std::nth_element(values->begin(), middle, values->end());
  return *middle < highest / 5;
}

}  // namespace

double Axis::Position(double value) const {
  // Differences of logarithms, as the quotient of two extreme values overflows.
  return log ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low))
             : (value - low) / (high - low);
}

bool IsPlottable(double value) { return std::abs(value) <= kLargestPlotted; }

Axis MakeAxis(std::span<const double> values, int target_ticks, bool round_ends) {
  std::vector<double> kept;
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept), IsPlottable);
  Axis axis;
  if (!kept.empty()) {
    const auto [low, high] = std::minmax_element(kept.begin(), kept.end());
    axis.low = *low;
    axis.high = *high;
    axis.log = SuitsLog(&kept);
  }
  const double largest = std::max(std::abs(axis.low), std::abs(axis.high));
  if (axis.high - axis.low <= largest * 1e-9 || axis.high - axis.low < 1e-290) {
    // One value: it stands in the middle.
    const double margin = largest < 1e-280 ? 1 : largest / 10;
    axis.low -= margin;
    axis.high += margin;
  }
  if (axis.log) {
    AddLogTicks(&axis, target_ticks);
  } else {
    AddLinearTicks(&axis, target_ticks, round_ends);
  }
  return axis;
}

Axis MakeRatioAxis(std::span<const double> values) {
  Axis axis{.low = 0.8, .high = 1.25, .log = true, .ticks = {}};
  for (const double value : values) {
    if (value > 0 && std::isfinite(value)) {
      // Beyond a factor of 10^6 a bar says no more.
      axis.low = std::min(axis.low, std::max(value, 1e-6));
      axis.high = std::max(axis.high, std::min(value, 1e6));
    }
  }
  const double margin = std::pow(axis.high / axis.low, 0.04);
  axis.low /= margin;
  axis.high *= margin;
  const double span = axis.high / axis.low;
  if (span < 20) {
    const std::span<const double> candidates =
        span < 3 ? std::span<const double>(kFineRatios) : kCoarseRatios;
    for (const double value : candidates) {
      if (value >= axis.low && value <= axis.high) {
        axis.ticks.push_back({value, FormatNumber(value)});
      }
    }
  } else {
    AddLogTicks(&axis, 8);
  }
  for (Tick& tick : axis.ticks) {
    tick.label += "×";
  }
  return axis;
}

}  // namespace tersor::report
