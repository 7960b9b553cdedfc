#include "tersor/twin/flow.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// How a flow spreads its vehicles; one of the three is positive, or none where nobody comes.
struct Rhythm {
  double period = 0;       // s
  double rate = 0;         // 1/s, of a Poisson process
  double probability = 0;  // a second
};

/// The rate of exp(rate).
std::optional<double> ExponentialRate(std::string_view text) {
  if (!text.starts_with("exp(") || !text.ends_with(')')) {
    return std::nullopt;
  }
  return ParseNumber(text.substr(4, text.size() - 5)).value_or(-1);
}

Rhythm ReadRhythm(const XmlElement& flow, double duration) {
  const char* given = nullptr;
  for (const char* const attribute : {"vehsPerHour", "perHour", "period", "probability"}) {
    if (flow.Has(attribute)) {
      if (given != nullptr) {
        flow.FailAt(attribute, ": the flow has ", given, " already; keep one of them");
      }
      given = attribute;
    }
  }
  if (given == nullptr) {
    if (!flow.Has("number")) {
      flow.Fail(": a flow needs vehsPerHour, period, probability or number");
    }
    const int32_t number = flow.Index("number");
    if (number > 0 && duration == kInfinity) {
      flow.Fail(": a flow of a number of vehicles needs an end, or a period");
    }
    return {number > 0 ? duration / number : 0};
  }
  const std::string_view name = given;
  if (name == "probability") {
    return {0, 0, flow.InRange(given, 0, 1, 0)};
  }
  if (name == "period") {
    if (const auto rate = ExponentialRate(flow.Text(given))) {
      if (*rate <= 0) {
        flow.FailAt(given, ": ", Quoted(flow.Text(given)), " needs a rate greater than 0");
      }
      return {0, *rate, 0};
    }
    return {flow.Positive(given)};
  }
  const double per_hour = flow.NonNegative(given, 0);
  return {per_hour > 0 ? 3600 / per_hour : 0};
}

}  // namespace

std::vector<double> FlowTimes(const XmlElement& flow, const TimeWindow& window, const Rng& rng) {
  const double begin = flow.Time("begin", window.begin);
  const double end = flow.Time("end", window.end);
  if (begin < 0 || end < begin) {
    flow.Fail(": it ends before it begins, or begins before 0");
  }
  const Rhythm rhythm = ReadRhythm(flow, end - begin);
  const double number = flow.Has("number") ? flow.Index("number") : kInfinity;
  const double last = std::min(end, window.end);
  const bool nobody = rhythm.period == 0 && rhythm.rate == 0 && rhythm.probability == 0;
  if (nobody || number == 0) {
    return {};
  }
  if (last == kInfinity && number == kInfinity) {
    flow.Fail(": a flow without an end; give it one, or a number of vehicles");
  }
  const double per_second = rhythm.rate > 0     ? rhythm.rate
                            : rhythm.period > 0 ? 1 / rhythm.period
                                                : 1 / window.step;
  // Drawn in every step, as SUMO does.
  const double share = rhythm.probability > 0 ? std::min(1.0, rhythm.probability * window.step) : 1;
  if (std::min(number / share, (last - begin) * per_second) > kMostVehicles) {
    flow.Fail(": a flow of more than ", kMostVehicles, " vehicles, or steps to draw one in");
  }
  std::vector<double> times;
  double time = begin;
  for (int i = 0; static_cast<double>(times.size()) < number; ++i) {
    const auto draw = [&] { return rng.Uniform(static_cast<uint64_t>(i)); };
    time = rhythm.rate > 0 ? time - std::log(1 - draw()) / rhythm.rate : begin + i / per_second;
    if (time >= last) {
      break;
    }
    if (rhythm.probability == 0 || draw() < share) {
      times.push_back(time);
    }
  }
  return times;
}

}  // namespace tersor::twin
