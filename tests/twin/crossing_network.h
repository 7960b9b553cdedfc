// Two one-lane roads that cross at right angles at (300, 300), with a right turn from the south to
// the east; for tests.
#ifndef TERSOR_TESTS_TWIN_CROSSING_NETWORK_H_
#define TERSOR_TESTS_TWIN_CROSSING_NETWORK_H_

#include <string>

#include "tersor/twin/network.h"

namespace tersor::twin {

/// `regulated`: a priority junction, where the south yields; else nobody yields to anybody.
inline std::string CrossingNetworkXml(bool regulated = true) {
  const std::string junction =
      regulated ? R"(<junction id="C" type="priority" x="300" y="300" incLanes="S_0 W_0"
                       intLanes=":C_0_0 :C_1_0 :C_2_0" shape="296,296 304,304">
    <request index="0" response="100" foes="100" cont="0"/>
    <request index="1" response="100" foes="100" cont="0"/>
    <request index="2" response="000" foes="011" cont="0"/>
  </junction>)"
                : R"(<junction id="C" type="unregulated" x="300" y="300" incLanes="S_0 W_0"
                       intLanes=":C_0_0 :C_1_0 :C_2_0" shape="296,296 304,304"/>)";
  return R"(<net version="1.9">
  <location netOffset="0.00,0.00" convBoundary="0,0,600,600" origBoundary="0,0,600,600"
            projParameter="!"/>
  <edge id=":C_0" function="internal">
    <lane id=":C_0_0" index="0" speed="10" length="5.00" shape="300,296.8 301,299 303.2,300"/>
  </edge>
  <edge id=":C_1" function="internal">
    <lane id=":C_1_0" index="0" speed="14" length="6.40" shape="300,296.8 300,303.2"/>
  </edge>
  <edge id=":C_2" function="internal">
    <lane id=":C_2_0" index="0" speed="14" length="6.40" shape="296.8,300 303.2,300"/>
  </edge>
  <edge id="W" from="w" to="C" priority="2">
    <lane id="W_0" index="0" speed="14" length="296.80" shape="0,300 296.8,300"/>
  </edge>
  <edge id="E" from="C" to="e" priority="2">
    <lane id="E_0" index="0" speed="14" length="296.80" shape="303.2,300 600,300"/>
  </edge>
  <edge id="S" from="s" to="C" priority="1">
    <lane id="S_0" index="0" speed="14" length="296.80" shape="300,0 300,296.8"/>
  </edge>
  <edge id="N" from="C" to="n" priority="1">
    <lane id="N_0" index="0" speed="14" length="296.80" shape="300,303.2 300,600"/>
  </edge>
  )" + junction +
         R"(
  <junction id="w" type="dead_end" x="0" y="300" incLanes="" intLanes="" shape="0,300"/>
  <junction id="s" type="dead_end" x="300" y="0" incLanes="" intLanes="" shape="300,0"/>
  <junction id="e" type="dead_end" x="600" y="300" incLanes="E_0" intLanes="" shape="600,300"/>
  <junction id="n" type="dead_end" x="300" y="600" incLanes="N_0" intLanes="" shape="300,600"/>
  <connection from="S" to="E" fromLane="0" toLane="0" via=":C_0_0" dir="r" state="m"/>
  <connection from="S" to="N" fromLane="0" toLane="0" via=":C_1_0" dir="s" state="m"/>
  <connection from="W" to="E" fromLane="0" toLane="0" via=":C_2_0" dir="s" state="M"/>
  <connection from=":C_0" to="E" fromLane="0" toLane="0" dir="r" state="M"/>
  <connection from=":C_1" to="N" fromLane="0" toLane="0" dir="s" state="M"/>
  <connection from=":C_2" to="E" fromLane="0" toLane="0" dir="s" state="M"/>
</net>
)";
}

inline Network CrossingNetwork(bool regulated = true) {
  return ParseNetwork(CrossingNetworkXml(regulated), "crossing.net.xml");
}

}  // namespace tersor::twin

#endif  // TERSOR_TESTS_TWIN_CROSSING_NETWORK_H_
