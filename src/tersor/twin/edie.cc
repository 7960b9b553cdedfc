#include "tersor/twin/edie.h"

#include <algorithm>
#include <cmath>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

/// The sums d and t of every edge and interval.
class Sums {
 public:
  Sums(const Network& network, const Recording& recording, double interval)
      : network_(network),
        recording_(recording),
        interval_(interval),
        intervals_(static_cast<size_t>(
            std::floor((recording.time.back() - recording.time.front()) / interval + 1e-6))),
        driven_(network.edges.size() * intervals_),
        spent_(driven_.size()) {}

  size_t intervals() const { return intervals_; }

  /// Counts the way of one vehicle from entry `a` of a frame to entry `b` of the next.
  void AddStep(size_t frame, size_t a, size_t b) {
    const double from = recording_.time[frame], step = recording_.time[frame + 1] - from;
    const double middle = from + step / 2 - recording_.time.front();
    const size_t interval = static_cast<size_t>(middle / interval_);
    const int32_t lane = recording_.lane[a], next = recording_.lane[b];
    if (interval >= intervals_ || lane < 0 || next < 0) {
      return;
    }
    const int32_t edge = EdgeOf(lane), next_edge = EdgeOf(next);
    if (edge == next_edge) {
      const double driven = recording_.position[b] - recording_.position[a];
      Add(edge, interval, std::max(driven, 0.0), step);
      return;
    }
    const double rest =
        std::max(network_.lanes[static_cast<size_t>(lane)].length - recording_.position[a], 0.0);
    const double first = std::max(static_cast<double>(recording_.position[b]), 0.0);
    const double way =
        std::max((recording_.speed[a] + recording_.speed[b]) / 2.0 * step, rest + first);
    if (way > 0) {
      Add(edge, interval, rest, step * rest / way);
      Add(next_edge, interval, first, step * first / way);
    }
  }

  EdgeState State(int32_t edge, size_t interval) const {
    const Edge& road = network_.edges[static_cast<size_t>(edge)];
    double lane_metres = 0;
    for (const int32_t lane : road.lanes) {
      lane_metres += network_.lanes[static_cast<size_t>(lane)].length;
    }
    const size_t at = static_cast<size_t>(edge) * intervals_ + interval;
    EdgeState state;
    state.edge = edge;
    state.begin = recording_.time.front() + static_cast<double>(interval) * interval_;
    state.end = state.begin + interval_;
    const double area = lane_metres * interval_;
    if (area > 0) {
      state.flow = 3600 * driven_[at] / area;
      state.density = 1000 * spent_[at] / area;
    }
    state.speed = spent_[at] > 0 ? driven_[at] / spent_[at] : 0;
    return state;
  }

 private:
  int32_t EdgeOf(int32_t lane) const { return network_.lanes[static_cast<size_t>(lane)].edge; }

  void Add(int32_t edge, size_t interval, double metres, double seconds) {
    const size_t at = static_cast<size_t>(edge) * intervals_ + interval;
    driven_[at] += metres;
    spent_[at] += seconds;
  }

  const Network& network_;
  const Recording& recording_;
  double interval_;
  size_t intervals_;
  std::vector<double> driven_, spent_;  // [edges, intervals]
};

}  // namespace

std::vector<EdgeState> EdieStates(const Network& network, const Recording& recording,
                                  double interval) {
  TERSOR_CHECK(interval > 0, "traffic states: the interval is ", interval,
               " s; it must be positive");
  std::vector<EdgeState> out;
  if (recording.frames() < 2) {
    return out;
  }
  Sums sums(network, recording, interval);
  // Both frames list their vehicles in ascending order.
  for (size_t frame = 0; frame + 1 < recording.frames(); ++frame) {
    size_t b = recording.begin[frame + 1];
    for (size_t a = recording.begin[frame]; a < recording.begin[frame + 1]; ++a) {
      while (b < recording.begin[frame + 2] && recording.vehicle[b] < recording.vehicle[a]) {
        ++b;
      }
      if (b < recording.begin[frame + 2] && recording.vehicle[b] == recording.vehicle[a]) {
        sums.AddStep(frame, a, b);
      }
    }
  }
  for (size_t edge = 0; edge < network.edges.size(); ++edge) {
    for (size_t i = 0; !network.edges[edge].internal && i < sums.intervals(); ++i) {
      out.push_back(sums.State(static_cast<int32_t>(edge), i));
    }
  }
  return out;
}

}  // namespace tersor::twin
