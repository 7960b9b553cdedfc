#include "tersor/twin/corridor_network.h"

#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tersor/twin/junction_builder.h"
#include "tersor/twin/network_builder.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

constexpr double kLaneWidth = 3.66;                   // m, 12 ft
constexpr double kMainSpeed = 22.35;                  // m/s, 50 mph
constexpr double kMinorSpeed = 13.41;                 // m/s, 30 mph
constexpr double kLength = 2400, kMinorLength = 300;  // m
constexpr double kMainHalf = 15, kMinorHalf = 18;  // m from a junction's middle to its stop lines
constexpr double kPocket = 100, kOpening = 10;     // m of a pocket, and of the widening before it
constexpr int32_t kMainPriority = 3, kMinorPriority = 1;

struct Crossing {
  double x;       // m
  bool north;     // of the two minor roads, the one from the north
  double offset;  // s, what a car at 50 mph needs from the first signal
};
constexpr std::array<Crossing, 3> kCrossings = {
    {{600, true, 0}, {1200, false, 27}, {1800, true, 54}}};

size_t Index(int32_t index) { return static_cast<size_t>(index); }

/// What leads into a crossing and out of it, by where it lies; -1: nothing.
struct Arms {
  int32_t north_in = -1, north_out = -1, south_in = -1, south_out = -1;
  int32_t west_in = -1, west_out = -1, east_in = -1, east_out = -1;
};

class CorridorBuilder {
 public:
  Network Build() {
    const int32_t west = AddJunction(network_, "W", "dead_end", {0, 0});
    std::vector<int32_t> crossings;
    for (size_t i = 0; i < kCrossings.size(); ++i) {
      crossings.push_back(
          AddJunction(network_, Name("J", i), "traffic_light", {kCrossings[i].x, 0}));
    }
    const int32_t east = AddJunction(network_, "E", "dead_end", {kLength, 0});
    std::array<Arms, kCrossings.size()> arms;
    for (size_t i = 0; i <= kCrossings.size(); ++i) {
      const bool first = i == 0, last = i == kCrossings.size();
      const int32_t from = first ? west : crossings[i - 1], to = last ? east : crossings[i];
      const double begin = first ? 0 : kCrossings[i - 1].x + kMainHalf;
      const double end = last ? kLength : kCrossings[i].x - kMainHalf;
      // A pocket serves a road on the left: to the north of those who drive east.
      const auto [out, in] =
          AddMain(Name("eb", i), from, to, {begin, 0}, {end, 0}, !last && kCrossings[i].north);
      const auto [back_out, back_in] =
          AddMain(Name("wb", i), to, from, {end, 0}, {begin, 0}, !first);
      if (!first) {
        arms[i - 1].east_out = out;
        arms[i - 1].east_in = back_in;
      }
      if (!last) {
        arms[i].west_in = in;
        arms[i].west_out = back_out;
      }
    }
    for (size_t i = 0; i < kCrossings.size(); ++i) {
      FinishCrossing(i, crossings[i], arms[i]);
    }
    network_.projection = "!";
    network_.Measure();
    return std::move(network_);
  }

 private:
  static std::string Name(const char* prefix, size_t index) {
    return internal::Concat(prefix, index + 1);
  }

  /// Lanes to the right of the line from begin to end, the leftmost one's border `left` metres from
  /// it.
  int32_t AddEdge(const std::string& id, int32_t from, int32_t to, const Point& begin,
                  const Point& end, int lanes, double left, double speed) {
    return AddRoad(network_, {id, from, to, begin, end, lanes, left, kLaneWidth, speed,
                              speed == kMainSpeed ? kMainPriority : kMinorPriority});
  }

  /// One direction between two junctions, beside a median as wide as a pocket; with a pocket, two
  /// edges and the widening between them. Returns the first and the last.
  std::pair<int32_t, int32_t> AddMain(const std::string& id, int32_t from, int32_t to,
                                      const Point& begin, const Point& end, bool pocket) {
    constexpr double kMedian = kLaneWidth / 2;
    if (!pocket) {
      const int32_t edge = AddEdge(id, from, to, begin, end, 2, kMedian, kMainSpeed);
      return {edge, edge};
    }
    const double sign = end.x > begin.x ? 1 : -1;
    const Point opening = {end.x - sign * (kPocket + kOpening), 0};
    const Point wide = {end.x - sign * kPocket, 0};
    const int32_t middle = AddJunction(network_, internal::Concat("P_", id), "priority",
                                       {(opening.x + wide.x) / 2, 0});
    const int32_t first = AddEdge(id, from, middle, begin, opening, 2, kMedian, kMainSpeed);
    const int32_t last = AddEdge(id + "p", middle, to, wide, end, 3, -kMedian, kMainSpeed);
    const double top = sign * kMedian, bottom = -sign * (kMedian + 2 * kLaneWidth);
    network_.junctions[Index(middle)].shape = {
        {opening.x, -top}, {wide.x, top}, {wide.x, bottom}, {opening.x, bottom}};
    BuildJunction(network_, middle,
                  {{LaneOf(first, 0), LaneOf(last, 0)},
                   {LaneOf(first, 1), LaneOf(last, 1)},
                   {LaneOf(first, 1), LaneOf(last, 2)}},
                  -1);
    return {first, last};
  }

  /// A minor road to and from a crossing: right and straight on lane 0, left on lane 1.
  std::pair<int32_t, int32_t> AddMinor(const std::string& id, int32_t crossing, double side) {
    const double x = network_.junctions[Index(crossing)].position.x;
    const Point near = {x, side * kMinorHalf}, far = {x, side * (kMinorHalf + kMinorLength)};
    const int32_t end = AddJunction(network_, id, "dead_end", far);
    return {AddEdge(id + "_in", end, crossing, far, near, 2, 0, kMinorSpeed),
            AddEdge(id + "_out", crossing, end, near, far, 1, 0, kMinorSpeed)};
  }

  int32_t LaneOf(int32_t edge, size_t lane) const {
    return network_.edges[Index(edge)].lanes[lane];
  }

  void FinishCrossing(size_t number, int32_t crossing, Arms arms) {
    if (kCrossings[number].north) {
      std::tie(arms.north_in, arms.north_out) = AddMinor(Name("n", number), crossing, 1);
    }
    std::tie(arms.south_in, arms.south_out) = AddMinor(Name("s", number), crossing, -1);
    const double x = kCrossings[number].x, border = kLaneWidth / 2 + 2 * kLaneWidth,
                 minor = 2 * kLaneWidth;
    network_.junctions[Index(crossing)].shape = {
        {x - kMainHalf, border},  {x - minor, kMinorHalf},  {x + minor, kMinorHalf},
        {x + kMainHalf, border},  {x + kMainHalf, -border}, {x + minor, -kMinorHalf},
        {x - minor, -kMinorHalf}, {x - kMainHalf, -border}};
    std::vector<Way> ways;
    AddMinorWays(arms.north_in, arms.west_out, arms.south_out, arms.east_out, ways);
    AddMainWays(arms.east_in, arms.north_out, arms.west_out, arms.south_out, ways);
    AddMinorWays(arms.south_in, arms.east_out, arms.north_out, arms.west_out, ways);
    AddMainWays(arms.west_in, arms.south_out, arms.east_out, arms.north_out, ways);
    const std::string& id = network_.junctions[Index(crossing)].id;
    const int32_t signal = static_cast<int32_t>(network_.signals.size());
    network_.signal_of.emplace(id, signal);
    network_.signals.push_back({id, "0", "static", kCrossings[number].offset,
                                PhasesOf(StagesOf(ways, kCrossings[number].north))});
    BuildJunction(network_, crossing, ways, signal);
  }

  void AddMinorWays(int32_t in, int32_t right, int32_t straight, int32_t left,
                    std::vector<Way>& ways) const {
    if (in >= 0) {
      ways.push_back({LaneOf(in, 0), LaneOf(right, 0), 'r'});
      if (straight >= 0) {
        ways.push_back({LaneOf(in, 0), LaneOf(straight, 0), 's'});
      }
      ways.push_back({LaneOf(in, 1), LaneOf(left, 1), 'l'});
    }
  }

  void AddMainWays(int32_t in, int32_t right, int32_t straight, int32_t left,
                   std::vector<Way>& ways) const {
    if (right >= 0) {
      ways.push_back({LaneOf(in, 0), LaneOf(right, 0), 'r'});
    }
    ways.push_back({LaneOf(in, 0), LaneOf(straight, 0), 's'});
    ways.push_back({LaneOf(in, 1), LaneOf(straight, 1), 's'});
    if (left >= 0) {
      ways.push_back({LaneOf(in, 2), LaneOf(left, 0), 'l'});
    }
  }

  /// A cycle of 100 s.
  std::vector<SignalStage> StagesOf(const std::vector<Way>& ways, bool four_arms) const {
    const auto letters = [&](auto letter) {
      std::string text;
      for (const Way& way : ways) {
        const Edge& from = network_.EdgeOfLane(way.from);
        text += letter(from.priority == kMainPriority, from.lanes.size() == 3, way.direction);
      }
      return text;
    };
    const auto arrows = [&](bool main, bool pocket, char direction) {
      // Where nobody turns left against them, who drives beside the pocket goes, too.
      return main && pocket && (direction == 'l' || !four_arms) ? 'G' : 'r';
    };
    const auto main_road = [](bool main, bool, char direction) {
      return !main ? 'r' : direction == 'l' ? 'g' : 'G';
    };
    const auto minor_left = [](bool main, bool, char direction) {
      return !main && direction == 'l' ? 'G' : 'r';
    };
    const auto minor_rest = [](bool main, bool, char direction) {
      return !main && direction != 'l' ? 'G' : 'r';
    };
    const auto minor = [](bool main, bool, char) { return main ? 'r' : 'G'; };
    if (!four_arms) {
      return {
          {letters(arrows), 12, 4, 1}, {letters(main_road), 50, 5, 2}, {letters(minor), 20, 4, 2}};
    }
    return {{letters(arrows), 12, 4, 1},
            {letters(main_road), 39, 5, 2},
            {letters(minor_left), 10, 4, 1},
            {letters(minor_rest), 16, 4, 2}};
  }

  Network network_;
};

}  // namespace

Network CorridorNetwork() { return CorridorBuilder().Build(); }

}  // namespace tersor::twin
