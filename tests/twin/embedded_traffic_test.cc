#include "tersor/twin/embedded_traffic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::twin {
namespace {

/// Two lanes of 500 m to the east.
const char kRoad[] = R"(<net>
  <edge id="e" from="a" to="b"><lane id="e_0" index="0" speed="20" length="500" shape="0,0 500,0"/>
  <lane id="e_1" index="1" speed="20" length="500" shape="0,3.2 500,3.2"/></edge>
  <junction id="a" type="dead_end" x="0" y="0" incLanes="" intLanes="" shape=""/>
  <junction id="b" type="dead_end" x="500" y="0" incLanes="e_0 e_1" intLanes="" shape=""/>
</net>)";

/// A road of one lane, a junction in its middle under a signal of 10 s green, 3 s yellow, 17 s red;
/// or without a signal a minor road, from the south, that crosses it.
std::string Cross(bool signalised) {
  const std::string light = signalised ? R"( tl="c" linkIndex="0")" : "";
  const std::string side_light = signalised ? R"( tl="c" linkIndex="1")" : "";
  return std::string("<net>") +
         R"(<edge id=":c_0" function="internal"><lane id=":c_0_0" index="0" speed="14" length="10" shape="200,0 210,0"/></edge>
  <edge id=":c_1" function="internal"><lane id=":c_1_0" index="0" speed="14" length="10" shape="205,-5 205,5"/></edge>
  <edge id="w" from="W" to="c"><lane id="w_0" index="0" speed="14" length="200" shape="0,0 200,0"/></edge>
  <edge id="e" from="c" to="E"><lane id="e_0" index="0" speed="14" length="200" shape="210,0 410,0"/></edge>
  <edge id="s" from="S" to="c"><lane id="s_0" index="0" speed="14" length="200" shape="205,-205 205,-5"/></edge>
  <edge id="n" from="c" to="N"><lane id="n_0" index="0" speed="14" length="200" shape="205,5 205,205"/></edge>)" +
         (signalised
              ? R"(<tlLogic id="c" type="static" programID="0" offset="0"><phase duration="10" state="Gr"/>
  <phase duration="3" state="yr"/><phase duration="17" state="rG"/></tlLogic>)"
              : "") +
         R"(<junction id="W" type="dead_end" x="0" y="0" incLanes="" intLanes="" shape=""/>
  <junction id="S" type="dead_end" x="205" y="-205" incLanes="" intLanes="" shape=""/>
  <junction id="E" type="dead_end" x="410" y="0" incLanes="e_0" intLanes="" shape=""/>
  <junction id="N" type="dead_end" x="205" y="205" incLanes="n_0" intLanes="" shape=""/>
  <junction id="c" type=")" +
         (signalised ? "traffic_light" : "priority") +
         R"(" x="205" y="0" incLanes="w_0 s_0" intLanes=":c_0_0 :c_1_0" shape="200,-5 210,5">
  <request index="0" response="00" foes="10" cont="0"/><request index="1" response="01" foes="01" cont="0"/></junction>
  <connection from="w" to="e" fromLane="0" toLane="0" via=":c_0_0")" +
         light + R"( dir="s" state="M"/>
  <connection from="s" to="n" fromLane="0" toLane="0" via=":c_1_0")" +
         side_light + R"( dir="s" state="m"/>
  <connection from=":c_0" to="e" fromLane="0" toLane="0" dir="s" state="M"/>
  <connection from=":c_1" to="n" fromLane="0" toLane="0" dir="s" state="M"/></net>)";
}

Demand DemandOf(const Network& network, const std::string& body) {
  const std::string xml = "<routes>" + body + "</routes>";
  return ParseDemand({{xml, "test.rou.xml"}}, network, 1);
}

std::string Vehicles(const std::string& prefix, int count, double period, const std::string& edges,
                     const std::string& more) {
  std::string xml;
  for (int i = 0; i < count; ++i) {
    xml += "<vehicle id=\"" + prefix + std::to_string(i) + "\" depart=\"" +
           std::to_string(i * period) + "\" " + more + "><route edges=\"" + edges +
           "\"/></vehicle>";
  }
  return xml;
}

/// No two bodies of the same lane overlap.
void ExpectNoOverlaps(const EmbeddedTraffic& traffic) {
  const Snapshot& now = traffic.snapshot();
  std::map<int32_t, std::map<double, size_t>> fronts;
  for (size_t i = 0; i < now.vehicle.size(); ++i) {
    ASSERT_TRUE(fronts[now.lane[i]].emplace(now.position[i], i).second);
  }
  for (const auto& [lane, ordered] : fronts) {
    double back_bound = -1e9;
    for (const auto& [position, i] : ordered) {
      const double length = traffic.vehicles()[static_cast<size_t>(now.vehicle[i])].length;
      EXPECT_GE(position - length, back_bound - 1e-6) << "lane " << lane << ", t " << now.time;
      back_bound = position;
    }
  }
}

/// Of the cross: nobody from the west touches anybody from the south, bodies 5 m x 1.8 m.
void ExpectNoCrash(const Snapshot& now) {
  constexpr double kLength = 5, kHalfWidth = 0.9;
  for (size_t i = 0; i < now.vehicle.size(); ++i) {
    for (size_t j = 0; j < now.vehicle.size(); ++j) {
      if (now.angle[i] == 90 && now.angle[j] == 0) {
        const bool in_x =
            now.x[i] > now.x[j] - kHalfWidth && now.x[i] - kLength < now.x[j] + kHalfWidth;
        const bool in_y =
            now.y[j] > now.y[i] - kHalfWidth && now.y[j] - kLength < now.y[i] + kHalfWidth;
        EXPECT_FALSE(in_x && in_y) << "t " << now.time;
      }
    }
  }
}

TEST(EmbeddedTrafficTest, StartsAndSpeedsUpAsSumoDoes) {
  const Network network = ParseNetwork(kRoad, "road");
  const Demand demand = DemandOf(
      network,
      R"(<vType id="t" sigma="0" speedDev="0"/><vehicle id="v" type="t" depart="0"><route edges="e"/></vehicle>)");
  EmbeddedTraffic traffic(network, demand, {.step_length = 1});
  traffic.Step();
  // departPos "base": the back bumper 0.1 m behind the lane's begin.
  ASSERT_EQ(traffic.snapshot().size(), 1);
  EXPECT_EQ(traffic.snapshot().time, 0);
  EXPECT_DOUBLE_EQ(traffic.snapshot().position[0], 5.1);
  traffic.Step();
  EXPECT_DOUBLE_EQ(traffic.snapshot().speed[0], 2.6);
  EXPECT_DOUBLE_EQ(traffic.snapshot().x[0], 7.7);
  EXPECT_DOUBLE_EQ(traffic.snapshot().angle[0], 90);
}

TEST(EmbeddedTrafficTest, StopsAtRedBeforeTheLineWithoutEmergencyBraking) {
  const Network network = ParseNetwork(Cross(true), "cross");
  const Demand demand =
      DemandOf(network, R"(<vType id="t" sigma="0" speedDev="0"/>)" +
                            Vehicles("v", 6, 3, "w e", R"(type="t" departSpeed="max")"));
  EmbeddedTraffic traffic(network, demand, {.step_length = 0.1});
  const int32_t entry = network.FindLane("w_0");
  bool somebody_stood = false;
  std::map<int32_t, int32_t> lane_before;
  while (!traffic.finished()) {
    traffic.Step();
    const Snapshot& now = traffic.snapshot();
    ASSERT_LT(now.time, 120);
    ExpectNoOverlaps(traffic);
    for (size_t i = 0; i < now.vehicle.size(); ++i) {
      EXPECT_GE(now.accel[i], -4.5 - 1e-6) << "t " << now.time;
      const int32_t before =
          lane_before.contains(now.vehicle[i]) ? lane_before[now.vehicle[i]] : -1;
      if (before == entry && now.lane[i] != entry) {
        EXPECT_NE(traffic.signal_state(0)[0], 'r') << "t " << now.time;
      }
      lane_before[now.vehicle[i]] = now.lane[i];
      somebody_stood = somebody_stood || now.speed[i] < 0.1;
    }
  }
  EXPECT_TRUE(somebody_stood);
  EXPECT_EQ(traffic.statistics().arrived, 6);
}

TEST(EmbeddedTrafficTest, TheMinorRoadWaitsForTheMajorOne) {
  const Network network = ParseNetwork(Cross(false), "cross");
  const std::string type = R"(<vType id="t" sigma="0" speedDev="0"/>)";
  const std::string depart = R"(type="t" departSpeed="max")";
  const Demand alone = DemandOf(network, type + Vehicles("m", 1, 1, "s n", depart));
  std::string both;
  for (int i = 0; i < 12; ++i) {
    both += Vehicles("a" + std::to_string(i), 1, 1, "w e", depart);
  }
  const Demand mixed = DemandOf(network, type + both + Vehicles("m", 1, 1, "s n", depart));
  const auto duration = [&](const Demand& demand) {
    EmbeddedTraffic traffic(network, demand, {.step_length = 0.1});
    while (!traffic.finished()) {
      traffic.Step();
      const Snapshot& now = traffic.snapshot();
      EXPECT_LT(now.time, 200);
      if (now.time > 200) {
        break;
      }
      ExpectNoCrash(now);
    }
    return traffic.snapshot().time;
  };
  EXPECT_GT(duration(mixed), duration(alone) + 3);
}

TEST(EmbeddedTrafficTest, TheImpatientTakeSmallerGaps) {
  const Network network = ParseNetwork(Cross(false), "cross");
  const auto crossed_at = [&](const std::string& impatience) {
    const Demand demand = DemandOf(
        network, R"(<vType id="t" sigma="0" speedDev="0"/><vType id="i" sigma="0" speedDev="0")"
                 " impatience=\"" +
                     impatience + "\"/>" +
                     Vehicles("m", 1, 1, "s n", R"(type="i" departSpeed="max")") +
                     Vehicles("a", 60, 2.6, "w e", R"(type="t" departSpeed="max")"));
    EmbeddedTraffic traffic(network, demand, {.step_length = 0.1});
    double last = 0;
    while (!traffic.finished() && traffic.snapshot().time < 400) {
      traffic.Step();
      const Snapshot& now = traffic.snapshot();
      for (const int32_t vehicle : now.vehicle) {
        last = traffic.vehicles()[static_cast<size_t>(vehicle)].id == "m0" ? now.time : last;
      }
    }
    return last;
  };
  EXPECT_LT(crossed_at("1"), crossed_at("0") - 3);
}

TEST(EmbeddedTrafficTest, OvertakesOnTheLeftAndComesBack) {
  const Network network = ParseNetwork(kRoad, "road");
  const Demand demand = DemandOf(
      network,
      R"(<vType id="slow" sigma="0" speedDev="0" maxSpeed="5"/><vType id="fast" sigma="0" speedDev="0"/>
      <vehicle id="s" type="slow" depart="0" departSpeed="max"><route edges="e"/></vehicle>
      <vehicle id="f" type="fast" depart="8" departSpeed="5"><route edges="e"/></vehicle>)");
  for (const bool lane_changes : {true, false}) {
    EmbeddedTraffic traffic(network, demand, {.step_length = 0.1, .lane_changes = lane_changes});
    bool overtook = false;
    while (!traffic.finished()) {
      traffic.Step();
      ExpectNoOverlaps(traffic);
      const Snapshot& now = traffic.snapshot();
      overtook = overtook || (now.size() == 2 && now.position[1] > now.position[0]);
    }
    EXPECT_EQ(overtook, lane_changes);
  }
}

TEST(EmbeddedTrafficTest, WhoDoesNotFitWaits) {
  const Network network = ParseNetwork(kRoad, "road");
  const Demand demand = DemandOf(network, Vehicles("v", 20, 0, "e", ""));
  EmbeddedTraffic traffic(network, demand, {.step_length = 0.1});
  traffic.Step();
  EXPECT_EQ(traffic.statistics().inserted, 1);
  EXPECT_EQ(traffic.statistics().waiting, 19);
  while (!traffic.finished()) {
    traffic.Step();
    ExpectNoOverlaps(traffic);
    ASSERT_LT(traffic.snapshot().time, 300);
  }
  EXPECT_EQ(traffic.statistics().arrived, 20);
  EXPECT_GT(traffic.statistics().mean_depart_delay, 1);
}

/// 40 roads beside each other, so that two threads do share the lanes.
TEST(EmbeddedTrafficTest, SameSeedSameBytesForAnyNumberOfThreads) {
  std::string xml = "<net>", demand_xml;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i), y = std::to_string(20 * i),
                      y1 = std::to_string(20 * i + 3);
    xml += "<edge id=\"e" + n + "\" from=\"a" + n + "\" to=\"b" + n + "\"><lane id=\"e" + n +
           "_0\" index=\"0\" speed=\"20\" length=\"500\" shape=\"0," + y + " 500," + y +
           "\"/><lane id=\"e" + n + "_1\" index=\"1\" speed=\"20\" length=\"500\" shape=\"0," + y1 +
           " 500," + y1 + "\"/></edge><junction id=\"a" + n +
           "\" type=\"dead_end\" x=\"0\" y=\"0\" incLanes=\"\" intLanes=\"\" shape=\"\"/><junction "
           "id=\"b" +
           n + "\" type=\"dead_end\" x=\"500\" y=\"0\" incLanes=\"e" + n + "_0 e" + n +
           "_1\" intLanes=\"\" shape=\"\"/>";
  }
  xml += "</net>";
  for (int k = 0; k < 8; ++k) {
    for (int i = 0; i < 40; ++i) {
      demand_xml += "<vehicle id=\"" + std::to_string(40 * k + i) + "\" depart=\"" +
                    std::to_string(2 * k) +
                    "\" departSpeed=\"max\" departLane=\"random\"><route edges=\"e" +
                    std::to_string(i) + "\"/></vehicle>";
    }
  }
  const Network network = ParseNetwork(xml, "roads");
  const Demand demand = DemandOf(network, demand_xml);
  const int threads_before = NumThreads();
  const auto run = [&](int threads, uint64_t seed) {
    SetNumThreads(threads);
    EmbeddedTraffic traffic(
        network, demand,
        {.step_length = 0.5, .seed = seed, .threads = threads, .parallel_vehicles = 0});
    std::vector<double> all;
    for (int i = 0; i < 60; ++i) {
      traffic.Step();
      const Snapshot& now = traffic.snapshot();
      all.insert(all.end(), now.x.begin(), now.x.end());
      all.insert(all.end(), now.y.begin(), now.y.end());
      all.insert(all.end(), now.speed.begin(), now.speed.end());
    }
    return all;
  };
  const std::vector<double> one = run(1, 5);
  EXPECT_EQ(one, run(2, 5));
  EXPECT_NE(one, run(1, 6));
  SetNumThreads(threads_before);
}

TEST(EmbeddedTrafficTest, NamesTheOptionThatCannotBe) {
  const Network network = ParseNetwork(kRoad, "road");
  const Demand demand = DemandOf(network, "");
  try {
    EmbeddedTraffic traffic(network, demand, {.step_length = 0});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "step_length is 0 s; it must be above 0 and at most 10");
  }
}

}  // namespace
}  // namespace tersor::twin
