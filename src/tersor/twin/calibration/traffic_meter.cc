#include "tersor/twin/calibration/traffic_meter.h"

#include <algorithm>
#include <cmath>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

constexpr double kZoneBegin = 0.25, kZoneEnd = 0.75;  // of an edge
constexpr double kNoticeable = 0.3;                   // m/s^2
constexpr double kOver = 1;                           // s

}  // namespace

TrafficMeter::TrafficMeter(const Network& network, const MeterOptions& options)
    : network_(network),
      options_(options),
      measured_(network.edges.size()),
      passed_(network.lanes.size(), NAN),
      counted_(options.counts.size()) {
  for (const int32_t edge : options.edges) {
    measured_[static_cast<size_t>(edge)] = 1;
  }
  for (const EdgeCount& count : options.counts) {
    count_edges_.push_back(network.FindEdge(count.edge));
    TERSOR_CHECK(count_edges_.back() >= 0, "counts: the network has no edge ", count.edge);
  }
}

void TrafficMeter::Add(const Snapshot& snapshot) {
  step_ = begun_ ? snapshot.time - time_ : 0;
  begun_ = true;
  time_ = snapshot.time;
  for (size_t i = 0; i < snapshot.vehicle.size(); ++i) {
    const auto vehicle = static_cast<size_t>(snapshot.vehicle[i]);
    if (vehicle >= passages_.size()) {
      passages_.resize(vehicle + 1);
    }
    Passage& passage = passages_[vehicle];
    const int32_t lane = snapshot.lane[i];
    if (lane < 0) {
      passage = {};
      continue;
    }
    const Lane& on = network_.lanes[static_cast<size_t>(lane)];
    const double position = snapshot.position[i];
    if (on.edge != passage.last_edge) {
      Count(on.edge, snapshot.time);
    }
    const bool inside = measured_[static_cast<size_t>(on.edge)] != 0 &&
                        position >= kZoneBegin * on.length && position < kZoneEnd * on.length;
    if (passage.edge >= 0 && (!inside || passage.edge != on.edge)) {
      End(&passage);
    }
    if (inside) {
      if (passage.edge < 0) {
        passage.edge = on.edge;
        passage.entered = snapshot.time;
        passage.from = position;
        passage.speeds.clear();
      }
      passage.left = snapshot.time;
      passage.to = position;
      passage.speeds.push_back(snapshot.speed[i]);
      PassMiddle(passage, lane, position, snapshot.time);
    }
    passage.last_edge = on.edge;
    passage.last_lane = lane;
    passage.last_position = position;
    passage.last_time = snapshot.time;
  }
}

void TrafficMeter::End(Passage* passage) {
  const bool whole = passage->left > passage->entered && passage->entered >= options_.begin;
  passage->edge = -1;
  if (!whole) {
    return;
  }
  sample_[kSpeedMeasure].push_back((passage->to - passage->from) /
                                   (passage->left - passage->entered));
  const auto back = static_cast<size_t>(std::max(std::lround(kOver / step_), 1L));
  const double over = static_cast<double>(back) * step_;
  double most = 0, least = 0;
  for (size_t i = back; i < passage->speeds.size(); ++i) {
    const double accel = (passage->speeds[i] - passage->speeds[i - back]) / over;
    most = std::max(most, accel);
    least = std::min(least, accel);
  }
  if (most >= kNoticeable) {
    sample_[kAccelMeasure].push_back(most);
  }
  if (-least >= kNoticeable) {
    sample_[kDecelMeasure].push_back(-least);
  }
}

void TrafficMeter::PassMiddle(const Passage& passage, int32_t lane, double position, double time) {
  const double middle = network_.lanes[static_cast<size_t>(lane)].length / 2;
  if (passage.last_edge != passage.edge || passage.last_position >= middle || position < middle) {
    return;
  }
  const double share = (middle - passage.last_position) / (position - passage.last_position);
  const double passed = passage.last_time + share * (time - passage.last_time);
  double& before = passed_[static_cast<size_t>(lane)];
  // Nobody passed before: NaN, which is within no limit.
  if (passed >= options_.begin && passed - before <= options_.headway_limit) {
    sample_[kHeadwayMeasure].push_back(passed - before);
  }
  before = passed;
}

void TrafficMeter::Count(int32_t edge, double time) {
  for (size_t i = 0; i < count_edges_.size(); ++i) {
    if (count_edges_[i] == edge && time >= options_.counts[i].begin &&
        time < options_.counts[i].end) {
      ++counted_[i];
    }
  }
}

}  // namespace tersor::twin
