#include "tersor/twin/demand.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using testing::MessageOf;

const Network& Small() {
  static const Network* const network =
      new Network(ParseNetwork(testing::kSmallNetwork, "small.net.xml"));
  return *network;
}

Demand Parse(const std::string& elements, uint64_t seed = 1, const TimeWindow& window = {}) {
  return ParseDemand({{"<routes>\n" + elements + "</routes>", "x.rou.xml"}}, Small(), seed, window);
}

std::string MessageFor(const std::string& elements) {
  return MessageOf([&] { Parse(elements); });
}

std::vector<double> Times(const Demand& demand) {
  std::vector<double> times;
  for (const Departure& departure : demand.departures) {
    times.push_back(departure.time);
  }
  return times;
}

TEST(Demand, ReadsVehiclesRoutesAndTrips) {
  const Demand demand = Parse(
      "<vehicle id='late' route='r' depart='20' departLane='best' departPos='-10' "
      "departSpeed='max' arrivalPos='-30'/>"
      "<vehicle id='own' depart='00:00:05' departLane='1' departPos='12.5' departSpeed='3'>"
      "<route edges='a c'/></vehicle>"
      "<trip id='trip' from='a' to='b' depart='10' departLane='free' departPos='random' "
      "departSpeed='desired'/>"
      "<route id='r' edges='a b'/>");
  ASSERT_EQ(Times(demand), (std::vector<double>{5, 10, 20}));
  const Departure &own = demand.departures[0], &trip = demand.departures[1],
                  &late = demand.departures[2];
  EXPECT_EQ(own.id, "own");
  EXPECT_EQ(own.lane_choice, Departure::LaneChoice::kIndex);
  EXPECT_EQ(own.lane, 1);
  EXPECT_EQ(own.position_choice, Departure::PositionChoice::kMetres);
  EXPECT_EQ(own.position, 12.5);
  EXPECT_EQ(own.speed_choice, Departure::SpeedChoice::kSpeed);
  EXPECT_EQ(own.speed, 3);
  EXPECT_TRUE(std::isinf(own.arrival_position));
  EXPECT_EQ(trip.lane_choice, Departure::LaneChoice::kFree);
  EXPECT_EQ(trip.position_choice, Departure::PositionChoice::kRandom);
  EXPECT_EQ(trip.speed_choice, Departure::SpeedChoice::kDesired);
  EXPECT_EQ(late.position, -10);
  EXPECT_EQ(late.speed_choice, Departure::SpeedChoice::kMax);
  EXPECT_EQ(late.arrival_position, 150);
  const auto edges = [&](const Departure& departure) {
    return demand.routes[static_cast<size_t>(departure.route)].edges;
  };
  const int32_t a = Small().FindEdge("a"), b = Small().FindEdge("b"), c = Small().FindEdge("c");
  EXPECT_EQ(edges(own), (std::vector<int32_t>{a, c}));
  EXPECT_EQ(edges(trip), (std::vector<int32_t>{a, b}));
  EXPECT_EQ(edges(late), (std::vector<int32_t>{a, b}));
}

TEST(Demand, FlowsDepartAsInSumo) {
  const char route[] = "<route id='r' edges='a b'/>";
  const auto times = [&](const std::string& flow) {
    return Times(Parse(route + ("<flow id='f' route='r' " + flow + "/>")));
  };
  // The times at which SUMO 1.15 lets them go.
  EXPECT_EQ(times("begin='10' end='50' number='4'"), (std::vector<double>{10, 20, 30, 40}));
  EXPECT_EQ(times("begin='10' end='50' vehsPerHour='600'"),
            (std::vector<double>{10, 16, 22, 28, 34, 40, 46}));
  EXPECT_EQ(times("begin='10' number='3' period='7'"), (std::vector<double>{10, 17, 24}));
  EXPECT_EQ(times("begin='10' end='20' probability='1'").size(), 10U);
  EXPECT_TRUE(times("begin='10' end='20' probability='0'").empty());
  EXPECT_TRUE(times("end='20' vehsPerHour='0'").empty());
  const Demand demand = Parse(route + std::string("<flow id='f' route='r' end='9' period='3'/>"));
  EXPECT_EQ(demand.departures[2].id, "f.2");
}

TEST(Demand, RandomFlowsHaveTheirRate) {
  const char route[] = "<route id='r' edges='a b'/>";
  for (const char* const rhythm : {"probability='0.25'", "period='exp(0.25)'"}) {
    const std::string text =
        route + (std::string("<flow id='f' route='r' end='40000' ") + rhythm + "/>");
    const std::vector<double> times = Times(Parse(text));
    // 10000 within 4 standard deviations of a Poisson count.
    EXPECT_NEAR(static_cast<double>(times.size()), 10000, 400) << rhythm;
    EXPECT_EQ(times, Times(Parse(text)));
    EXPECT_NE(times, Times(Parse(text, 2)));
  }
}

TEST(Demand, OthersDoNotChangeWhatAVehicleDraws) {
  const std::string types =
      "<vTypeDistribution id='mix'><vType id='car' probability='3'/>"
      "<vType id='van' vClass='delivery' probability='1'/></vTypeDistribution>"
      "<routeDistribution id='r'><route edges='a b' probability='0.5'/><route edges='a c' "
      "probability='0.5'/></routeDistribution>";
  const std::string flow = "<flow id='f' type='mix' route='r' end='4000' period='1'/>";
  const Demand alone = Parse(types + flow);
  const Demand more =
      Parse(types + "<flow id='g' type='mix' route='r' end='4000' period='2'/>" + flow);
  std::map<std::string, const Departure*> by_id;
  for (const Departure& departure : more.departures) {
    by_id[departure.id] = &departure;
  }
  int vans = 0, turns = 0;
  for (const Departure& departure : alone.departures) {
    EXPECT_EQ(by_id.at(departure.id)->type, departure.type);
    EXPECT_EQ(by_id.at(departure.id)->route, departure.route);
    vans += alone.types[static_cast<size_t>(departure.type)].id == "van" ? 1 : 0;
    turns += departure.route == alone.departures[0].route ? 1 : 0;
  }
  // Binomial: 4 standard deviations are 110 and 126.
  EXPECT_NEAR(vans, 1000, 110);
  EXPECT_NEAR(turns, 2000, 126);
}

TEST(Demand, DistributionsByName) {
  const Demand demand = Parse(
      "<vType id='x'/><vType id='y'/>"
      "<vTypeDistribution id='m' vTypes='x y' probabilities='0 1'/>"
      "<route id='p' edges='a b'/><route id='q' edges='a c'/>"
      "<routeDistribution id='n' routes='p q' probabilities='1 0'/>"
      "<flow id='f' type='m' route='n' end='50' period='1'/>");
  for (const Departure& departure : demand.departures) {
    EXPECT_EQ(demand.types[static_cast<size_t>(departure.type)].id, "y");
    EXPECT_EQ(demand.routes[static_cast<size_t>(departure.route)].id, "p");
  }
  EXPECT_EQ(demand.departures.size(), 50U);
}

TEST(Demand, TheDefaultTypeMayBeReplaced) {
  EXPECT_EQ(Parse("").types.front().id, "DEFAULT_VEHTYPE");
  EXPECT_EQ(Parse("<vType id='DEFAULT_VEHTYPE' length='7'/>").types.front().length, 7);
  const Demand demand = Parse(
      "<vTypeDistribution id='DEFAULT_VEHTYPE'><vType id='t' length='9'/></vTypeDistribution>"
      "<trip id='v' from='a' to='b' depart='0'/>"
      "<trip id='w' type='DEFAULT_TAXITYPE' from='a' to='b' depart='0'/>");
  EXPECT_EQ(demand.types[static_cast<size_t>(demand.departures[0].type)].length, 9);
  EXPECT_EQ(demand.types[static_cast<size_t>(demand.departures[1].type)].vehicle_class, "taxi");
}

TEST(Demand, AVehiclesOwnSpeedFactor) {
  const Demand demand = Parse("<trip id='v' from='a' to='b' depart='0' speedFactor='1.25'/>");
  const VehicleType& type = demand.types[static_cast<size_t>(demand.departures[0].type)];
  EXPECT_EQ(type.speed_factor, 1.25);
  EXPECT_EQ(type.speed_deviation, 0);
  EXPECT_EQ(type.id, "DEFAULT_VEHTYPE");
}

TEST(Demand, LeavesOutWhoDepartsOutsideOfTheWindow) {
  const Demand demand = Parse(
      "<trip id='v' from='a' to='b' depart='4'/><trip id='w' from='a' to='b' depart='5'/>"
      "<flow id='f' from='a' to='b' period='4'/>",
      1, {5, 15});
  EXPECT_EQ(Times(demand), (std::vector<double>{5, 5, 9, 13}));
}

TEST(Demand, ReadsSeveralTextsAsOne) {
  const Demand demand =
      ParseDemand({{"<a><trip id='v' type='t' from='a' to='b' depart='0'/></a>", "1"},
                   {"<additional><vType id='t' length='3'/></additional>", "2"}},
                  Small(), 1);
  EXPECT_EQ(demand.types[static_cast<size_t>(demand.departures[0].type)].length, 3);
}

struct BadDemand {
  const char *elements, *message;
};

TEST(Demand, SaysWhereAndWhatIsWrong) {
  const std::vector<BadDemand> cases = {
      {"<vehicle id='v' depart='0'><route edges='a x b'/></vehicle>",
       "x.rou.xml:2:35: route, edges: vehicle 'v' drives over edge 'x', which the network does "
       "not"},
      {"<route id='r' edges='a :J_1'/>", "route 'r' drives over edge ':J_1', which is internal"},
      {"<route id='r' edges=''/>", "the route of route 'r' has no edges"},
      {"<vehicle id='v' depart='0'><route edges='b a'/></vehicle>",
       "vehicle 'v' drives from edge 'b' to edge 'a', which are not connected"},
      {"<vType id='t' vClass='truck'/><vehicle id='v' type='t' depart='0'><route edges='a c'/>"
       "</vehicle>",
       "not connected for the class 'truck'"},
      {"<vType id='t' vClass='truck'/><vehicle id='v' type='t' depart='0'><route edges='d b'/>"
       "</vehicle>",
       "of the class 'truck' may not drive on edge 'd'"},
      {"<trip id='v' from='b' to='a' depart='0'/>", "no way from edge 'b' to edge 'a'"},
      {"<trip id='v' from='a' depart='0'/>", "trip 'v': neither a route nor the edges from and to"},
      {"<trip id='v' from='a b' to='b' depart='0'/>", "from: 'a b' is not one edge"},
      {"<vehicle id='v' route='rr' depart='0'/><route id='r1' edges='a b'/>",
       "route: there is no route 'rr'"},
      {"<trip id='v' type='truck2' from='a' to='b' depart='0'/><vType id='truck1'/>",
       "there is no vehicle type 'truck2'; did you mean 'truck1'?"},
      {"<trip id='v' from='a' to='b' depart='soon'/>", "depart: 'soon' is not a finite number"},
      {"<trip id='v' from='a' to='b' depart='-1'/>", "depart: '-1' must not be negative"},
      {"<trip id='v' from='a' to='b'/>", "attribute depart is missing"},
      {"<trip id='v' from='a' to='b' depart='0' departLane='5'/>",
       "departLane: 5 but edge 'a' has 2"},
      {"<trip id='v' from='a' to='b' depart='0' departLane='bst'/>",
       "neither a number nor a known word; did you mean 'best'?"},
      {"<trip id='v' from='a' to='b' depart='0' departPos='101'/>",
       "101 m is beyond edge 'a' of 100"},
      {"<trip id='v' from='a' to='b' depart='0' departSpeed='-1'/>", "departSpeed: '-1'"},
      {"<trip id='v' from='a' to='b' depart='0' speedFactor='0'/>",
       "speedFactor: '0' must be greater"},
      {"<trip id='v' from='a' to='b' depart='0'/><trip id='v' from='a' to='b' depart='1'/>",
       "a second vehicle 'v'"},
      {"<route id='r' edges='a'/><route id='r' edges='b'/>", "route 'r': a second one of this id"},
      {"<vType id='t'/><vType id='t'/>", "vType 't': a second one of this id"},
      {"<routeDistribution id='r'/>", "without a route of positive probability"},
      {"<vTypeDistribution id='r' vTypes='q'/>", "vTypes: there is no vehicle type 'q'"},
      {"<vType id='q'/><vTypeDistribution id='r' vTypes='q' probabilities='1 2'/>",
       "2 numbers for 1 names"},
      {"<flow id='f' from='a' to='b'/>", "a flow needs vehsPerHour, period, probability or number"},
      {"<flow id='f' from='a' to='b' end='9' period='1' vehsPerHour='9'/>", "keep one of them"},
      {"<flow id='f' from='a' to='b' vehsPerHour='9'/>", "a flow without an end"},
      {"<flow id='f' from='a' to='b' number='9'/>", "needs an end, or a period"},
      {"<flow id='f' from='a' to='b' end='9' period='exp(0)'/>", "needs a rate greater than 0"},
      {"<flow id='f' from='a' to='b' end='9' period='0'/>", "period: '0' must be greater than 0"},
      {"<flow id='f' from='a' to='b' end='9' probability='2'/>",
       "probability: '2' must be within 0"},
      {"<flow id='f' from='a' to='b' begin='9' end='8' period='1'/>", "ends before it begins"},
      {"<flow id='f' from='a' to='b' end='1e9' period='1e-3'/>", "more than 10000000 vehicles"},
      {"<flow id='f' from='a' to='b' end='1e12' probability='1e-9'/>",
       "more than 10000000 vehicles"},
      {"<vehicle>", "broken XML"},
  };
  for (const BadDemand& bad : cases) {
    const std::string message = MessageFor(bad.elements);
    EXPECT_NE(message.find(bad.message), std::string::npos) << bad.elements << " says: " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace tersor::twin
