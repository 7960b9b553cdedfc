#include "tersor/twin/coupling/lane_path.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace tersor::twin {

void LanePath::AddShape(const Lane& lane) {
  for (const Point& point : lane.shape) {
    constexpr double kSame = 1e-6;  // m
    if (!points_.empty()) {
      const double way = Distance(points_.back(), point);
      if (way < kSame) {
        continue;
      }
      headings_.push_back(std::atan2(point.y - points_.back().y, point.x - points_.back().x));
      places_.push_back(places_.back() + way);
    } else {
      places_.push_back(0);
    }
    points_.push_back(point);
  }
}

void LanePath::Follow(const RoadGraph& graph, const RouteLanes& route, int32_t lane,
                      int32_t route_place, double ahead) {
  pieces_.clear();
  points_.clear();
  places_.clear();
  headings_.clear();
  double metres = 0, first_end = 0;
  while (lane >= 0) {
    const Lane& source = graph.network().lanes[static_cast<size_t>(lane)];
    const RoadGraph::LaneFacts& facts = graph.lane(lane);
    const double begin = places_.empty() ? 0 : places_.back();
    AddShape(source);
    const double length = places_.back() - begin;
    pieces_.push_back({lane, begin, metres, length > 0 ? source.length / length : 1});
    metres += source.length;
    if (pieces_.size() == 1) {
      first_end = places_.back();
    }
    if (places_.back() - first_end >= ahead) {
      break;
    }
    const bool last = route_place + 1 >= route.num_edges() && !facts.internal;
    const int32_t link = last             ? -1
                         : facts.internal ? facts.only_link
                                          : route.At(route_place, facts.index).link;
    lane = link < 0 ? -1 : graph.link(link).next;
    route_place += lane >= 0 && !graph.lane(lane).internal ? 1 : 0;
  }
  headings_.push_back(headings_.empty() ? 0 : headings_.back());  // straight on behind the end
  FindBends();
}

void LanePath::FindBends() {
  // Corners of the line are driven as bends of this length; wider ones than the widest slow nobody.
  constexpr double kHalf = 4, kWidest = 400;  // m
  bends_.clear();
  for (size_t i = 1; i + 1 < points_.size(); ++i) {
    const double turn = std::remainder(
        At(places_[i] + kHalf).heading - At(places_[i] - kHalf).heading, 2 * std::numbers::pi);
    const double curvature = std::abs(turn) / (2 * kHalf);
    if (curvature > 1 / kWidest) {
      bends_.push_back({places_[i], curvature});
    }
  }
}

double LanePath::BendSpeed(double place, double lateral_accel, double decel) const {
  double speed = std::numeric_limits<double>::infinity();
  for (const Bend& bend : bends_) {
    if (bend.place >= place) {
      const double square = lateral_accel / bend.curvature + 2 * decel * (bend.place - place);
      speed = std::min(speed, std::sqrt(square));
    }
  }
  return speed;
}

const LanePath::Piece& LanePath::PieceAt(double place) const {
  auto piece = std::upper_bound(pieces_.begin(), pieces_.end(), place,
                                [](double p, const Piece& one) { return p < one.begin; });
  return piece == pieces_.begin() ? *piece : *(piece - 1);
}

double LanePath::PlaceOf(double position) const { return position / pieces_.front().scale; }

double LanePath::AlongLanes(double place) const {
  const Piece& piece = PieceAt(place);
  return piece.metres + (place - piece.begin) * piece.scale;
}

int32_t LanePath::LaneAt(double place) const { return PieceAt(place).lane; }

Pose LanePath::At(double place, double offset) const {
  const auto next = std::upper_bound(places_.begin(), places_.end(), place);
  const size_t i = next == places_.begin() ? 0 : static_cast<size_t>(next - places_.begin()) - 1;
  const double along = place - places_[i], heading = headings_[i];
  const double cos = std::cos(heading), sin = std::sin(heading);
  return {{points_[i].x + along * cos - offset * sin, points_[i].y + along * sin + offset * cos},
          heading};
}

LanePath::Foot LanePath::FootOf(const Point& point, double near, double reach) const {
  Foot best;
  double nearest = std::numeric_limits<double>::infinity();
  const auto from = std::upper_bound(places_.begin(), places_.end(), near - reach);
  const size_t begin =
      from == places_.begin() ? 0 : static_cast<size_t>(from - places_.begin()) - 1;
  for (size_t i = begin; i < points_.size() && (i == 0 || places_[i] <= near + reach); ++i) {
    const bool first = i == 0, last = i + 1 == points_.size();
    // The first and the last direction go on without end.
    const double low = first ? near - reach : std::max(places_[i], near - reach);
    const double high = last ? near + reach : std::min(places_[i + 1], near + reach);
    if (low > high) {
      continue;
    }
    const double cos = std::cos(headings_[i]), sin = std::sin(headings_[i]);
    const double dx = point.x - points_[i].x, dy = point.y - points_[i].y;
    const double place = std::clamp(places_[i] + dx * cos + dy * sin, low, high);
    const double px = dx - (place - places_[i]) * cos, py = dy - (place - places_[i]) * sin;
    const double distance = px * px + py * py;
    if (distance < nearest) {
      nearest = distance;
      best = {place, -px * sin + py * cos, headings_[i]};
      best.offset = std::copysign(std::sqrt(distance), best.offset);  // also beside a corner
    }
  }
  return best;
}

void LateralShift::Start(double offset, double begin, double length) {
  offset_ = offset;
  begin_ = begin;
  length_ = length;
}

double LateralShift::At(double place) const {
  const double t = std::clamp((place - begin_) / length_, 0.0, 1.0);
  return offset_ * (1 - t * t * t * (10 - 15 * t + 6 * t * t));
}

}  // namespace tersor::twin
