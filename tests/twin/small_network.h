// A network that fits on a page: road `a` of two lanes reaches a signal `J`, from where `b` goes on
// and `c`, closed to trucks, turns right; `d` comes from the side and yields. One way has two
// internal lanes.
#ifndef TERSOR_TESTS_TWIN_SMALL_NETWORK_H_
#define TERSOR_TESTS_TWIN_SMALL_NETWORK_H_

#include <string>

#include "tersor/util/error.h"

namespace tersor::twin::testing {

inline constexpr char kSmallNetwork[] = R"(<net version="1.9">
<location netOffset="5.00,-6.00" convBoundary="0,0,300,100" origBoundary="0,0,0,0"
    projParameter="!"/>
<edge id=":J_0" function="internal">
  <lane id=":J_0_0" index="0" speed="6" length="9" shape="100,0 105,-1 106,-6"/>
</edge>
<edge id=":J_1" function="internal">
  <lane id=":J_1_0" index="0" speed="10" length="20" shape="100,0 120,0"/>
  <lane id=":J_1_1" index="1" speed="10" length="20" shape="100,3.2 120,3.2"/>
</edge>
<edge id=":J_3" function="internal">
  <lane id=":J_3_0" index="0" speed="8" length="5" shape="110,10 112,5"/>
</edge>
<edge id=":J_4" function="internal">
  <lane id=":J_4_0" index="0" speed="8" length="8" shape="112,5 120,3.2"/>
</edge>
<edge id="a" from="A" to="J" priority="2">
  <lane id="a_0" index="0" speed="10" length="100" width="3.5" friction="0.7"
      shape="0,0,1 100,0,2"/>
  <lane id="a_1" index="1" speed="10" length="100" shape="0,3.2 100,3.2"/>
</edge>
<edge id="b" from="J" to="B" priority="2">
  <lane id="b_0" index="0" speed="10" length="180" shape="120,0 300,0"/>
  <lane id="b_1" index="1" speed="20" length="180" shape="120,3.2 300,3.2"/>
</edge>
<edge id="c" from="J" to="C">
  <lane id="c_0" index="0" disallow="truck trailer" speed="10" length="94" shape="106,-6 106,-100"/>
</edge>
<edge id="d" from="D" to="J">
  <lane id="d_0" index="0" allow="bus passenger" speed="10" length="90" shape="110,100 110,10"/>
</edge>
<tlLogic id="S" type="static" programID="0" offset="10">
  <phase duration="30" state="GGGr"/>
  <phase duration="5" state="yyyr"/>
  <phase duration="25" state="rrrg"/>
</tlLogic>
<junction id="A" type="dead_end" x="0" y="0" incLanes="" intLanes="" shape="0,0 0,5"/>
<junction id="B" type="dead_end" x="300" y="0" incLanes="b_0 b_1" intLanes="" shape="300,0 300,5"/>
<junction id="C" type="dead_end" x="106" y="-100" incLanes="c_0" intLanes=""
    shape="106,-100 107,-100"/>
<junction id="D" type="dead_end" x="110" y="100" incLanes="" intLanes="" shape="110,100 111,100"/>
<junction id="J" type="traffic_light" x="110" y="0" incLanes="a_0 a_1 d_0"
    intLanes=":J_0_0 :J_1_0 :J_1_1 :J_4_0" shape="100,-6 120,-6 120,10 100,10">
  <request index="0" response="0000" foes="0000" cont="0"/>
  <request index="1" response="0000" foes="0000" cont="0"/>
  <request index="2" response="0000" foes="1000" cont="0"/>
  <request index="3" response="0100" foes="0110" cont="1"/>
</junction>
<junction id=":J_4_0" type="internal" x="112" y="5" incLanes=":J_3_0 a_1" intLanes=":J_1_0 :J_1_1"/>
<connection from="a" to="c" fromLane="0" toLane="0" via=":J_0_0" tl="S" linkIndex="0" dir="r"
    state="O"/>
<connection from="a" to="b" fromLane="0" toLane="0" via=":J_1_0" tl="S" linkIndex="1" dir="s"
    state="O"/>
<connection from="a" to="b" fromLane="1" toLane="1" via=":J_1_1" tl="S" linkIndex="2" dir="s"
    state="O"/>
<connection from="d" to="b" fromLane="0" toLane="1" via=":J_3_0" tl="S" linkIndex="3" dir="l"
    state="o"/>
<connection from=":J_0" to="c" fromLane="0" toLane="0" dir="r" state="M"/>
<connection from=":J_1" to="b" fromLane="0" toLane="0" dir="s" state="M"/>
<connection from=":J_1" to="b" fromLane="1" toLane="1" dir="s" state="M"/>
<connection from=":J_3" to="b" fromLane="0" toLane="1" via=":J_4_0" dir="l" state="m"/>
<connection from=":J_4" to="b" fromLane="0" toLane="1" dir="l" state="M"/>
</net>
)";

/// `text` with one `from` replaced; a test that names what is not there is wrong.
inline std::string With(std::string text, const std::string& from, const std::string& to) {
  const size_t place = text.find(from);
  TERSOR_CHECK(place != std::string::npos, "the test's text has no ", from);
  return text.replace(place, from.size(), to);
}

/// What a call throws; "" if nothing.
template <typename Call>
std::string MessageOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace tersor::twin::testing

#endif  // TERSOR_TESTS_TWIN_SMALL_NETWORK_H_
