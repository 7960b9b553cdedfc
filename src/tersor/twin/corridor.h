// The synthetic corridor as files that SUMO and the twin read alike.
#ifndef TERSOR_TWIN_CORRIDOR_H_
#define TERSOR_TWIN_CORRIDOR_H_

#include <string>

namespace tersor::twin {

struct CorridorOptions {
  double demand = 1;  // of the volumes of a busy hour
  double end = 3600;  // s
  double step = 0.1;  // s
};

/// Throws Error naming an option that is out of range.
void Validate(const CorridorOptions& options);

/// Writes corridor.net.xml, corridor.rou.xml and corridor.sumocfg into a folder, which it creates.
/// The same options give the same bytes. Returns the path of the .sumocfg. Throws Error naming an
/// option or a path.
std::string WriteCorridor(const std::string& folder, const CorridorOptions& options = {});

/// Their contents. The volumes are of a busy hour on such a road: 1000 vehicles to the east and 800
/// to the west, of which 4 % are trucks, and 200 on each minor road.
std::string CorridorNetworkXml();
std::string CorridorRoutesXml(const CorridorOptions& options);
std::string CorridorConfigXml(const CorridorOptions& options);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CORRIDOR_H_
