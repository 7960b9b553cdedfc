// Networks of other formats, through SUMO's netconvert where it is installed.
#ifndef TERSOR_TWIN_IMPORT_NETWORK_H_
#define TERSOR_TWIN_IMPORT_NETWORK_H_

#include <string>

#include "tersor/twin/network.h"

namespace tersor::twin {

/// Reads a network of SUMO, OpenStreetMap (.osm, .osm.xml) or OpenDRIVE (.xodr), each also as .gz.
/// The last two are converted first by netconvert: junctions that lie together are joined, signals
/// and ramps guessed. Throws Error with netconvert's own first error, or where it is missing.
Network ImportNetwork(const std::string& path);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_IMPORT_NETWORK_H_
