// Where conflicts happen: their density on the road map.
#ifndef TERSOR_TWIN_HEAT_MAP_H_
#define TERSOR_TWIN_HEAT_MAP_H_

#include <span>
#include <string>

#include "tersor/twin/conflict_density.h"
#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/network.h"
#include "tersor/twin/picture.h"

namespace tersor::twin {

class RoadMap;  // road_map.h

struct HeatMapOptions {
  double bandwidth = 15;  // m; at least a few pixels on a large map
  std::string type = {};  // of the conflicts that count; "": all
};

/// Where the density reaches `level`, as a path of SVG on the map.
std::string AreaPath(const RoadMap& map, const DensityGrid& grid, double level);

/// A picture of the density of conflicts in conflicts per hectare. Throws Error on a network
/// without lanes.
Picture ConflictHeatMap(const Network& network, std::span<const ConflictMark> conflicts,
                        const HeatMapOptions& options = {});

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_HEAT_MAP_H_
