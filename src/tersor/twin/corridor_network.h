// A signalised arterial of 2.4 km, made up after the roads that traffic-safety studies look at: two
// through lanes a direction of 3.66 m, 50 mph, three signals in coordination, turn pockets.
#ifndef TERSOR_TWIN_CORRIDOR_NETWORK_H_
#define TERSOR_TWIN_CORRIDOR_NETWORK_H_

#include "tersor/twin/network.h"

namespace tersor::twin {

/// From west to east: J1 where roads come from north and south, J2 from the south alone, J3 as J1.
/// Edges eb1 ... eb4 lead east and wb4 ... wb1 west, with eb1p and the like where a pocket for left
/// turns lies beside them; n1_in, n1_out, s1_in and so on are the minor roads. Signals are
/// coordinated for who drives east: 100 s, left turns first with an arrow, then against oncoming
/// traffic.
Network CorridorNetwork();

/// How far the corridor climbs to the east, m/m.
inline constexpr double kCorridorGrade = 0.01;

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CORRIDOR_NETWORK_H_
