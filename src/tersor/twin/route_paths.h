// The lanes that a vehicle will take: SUMO's choice of the best lanes for what lies ahead of its
// route, of which its SSM device predicts where paths meet.
#ifndef TERSOR_TWIN_ROUTE_PATHS_H_
#define TERSOR_TWIN_ROUTE_PATHS_H_

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "tersor/twin/network.h"

namespace tersor::twin {

/// One lane of a path and the connection to the next one (-1: the path ends here, or SUMO would
/// change lanes before it goes on).
struct PathStep {
  int32_t lane = -1, connection = -1;
};

class RoutePaths {
 public:
  /// Paths reach at least `reach` metres beyond their first lane, if the route does.
  RoutePaths(const Network& network, double reach) : network_(network), reach_(reach) {}

  /// A number for the route, the same for equal routes.
  int32_t Intern(std::span<const int32_t> edges);

  /// A number for the path from a (not internal) lane of the route's edge `index` on. A lane off
  /// the route has a path of its own only.
  int32_t PathFrom(int32_t route, int32_t index, int32_t lane);

  std::span<const PathStep> Steps(int32_t path) const {
    const Range& range = paths_[static_cast<size_t>(path)];
    return {steps_.data() + range.first, static_cast<size_t>(range.count)};
  }

 private:
  struct Range {
    int64_t first = 0;
    int32_t count = 0;
  };
  struct Choice;

  // Adds the paths of all lanes of an edge; gives the first one's number.
  int32_t AddPaths(std::span<const int32_t> route, size_t index);
  int32_t AddLonePath(int32_t lane);
  std::vector<Choice> LanesOf(int32_t edge, int32_t next) const;
  void ChooseLanes(std::vector<Choice>* lanes, const std::vector<Choice>& next) const;
  int Priority(const Choice& choice, const std::vector<Choice>& next) const;

  const Network& network_;
  double reach_;
  std::vector<std::vector<int32_t>> routes_;
  std::unordered_map<uint64_t, std::vector<int32_t>> route_of_hash_;
  std::unordered_map<uint64_t, int32_t> paths_of_;  // route and index -> first lane's path
  std::unordered_map<int32_t, int32_t> lone_;       // lane -> path
  std::vector<Range> paths_;
  std::vector<PathStep> steps_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_ROUTE_PATHS_H_
