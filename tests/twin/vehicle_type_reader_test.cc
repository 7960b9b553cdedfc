#include "tersor/twin/vehicle_type_reader.h"

#include <gtest/gtest.h>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

VehicleType Read(const std::string& element) {
  const XmlDocument document(element, "t.xml");
  InputWarnings warnings;
  return ReadVehicleType(document.Root(), warnings);
}

std::string MessageFor(const std::string& element) {
  return testing::MessageOf([&] { Read(element); });
}

TEST(VehicleTypeReader, ClassesHaveSumosDefaults) {
  // What SUMO 1.15 answers over TraCI.
  const VehicleType car = Read("<vType id='c'/>");
  EXPECT_EQ(car.vehicle_class, "passenger");
  EXPECT_EQ(car.length, 5);
  EXPECT_EQ(car.width, 1.8);
  EXPECT_EQ(car.min_gap, 2.5);
  EXPECT_NEAR(car.max_speed, 55.5556, 1e-4);
  EXPECT_EQ(car.accel, 2.6);
  EXPECT_EQ(car.decel, 4.5);
  EXPECT_EQ(car.emergency_decel, 9);
  EXPECT_EQ(car.speed_deviation, 0.1);
  const VehicleType truck = Read("<vType id='t' vClass='truck'/>");
  EXPECT_EQ(truck.length, 7.1);
  EXPECT_EQ(truck.width, 2.4);
  EXPECT_EQ(truck.accel, 1.3);
  EXPECT_EQ(truck.decel, 4);
  EXPECT_EQ(truck.emergency_decel, 7);
  EXPECT_EQ(truck.speed_deviation, 0.05);
  EXPECT_EQ(Read("<vType id='t' vClass='trailer'/>").length, 16.5);
  EXPECT_EQ(Read("<vType id='t' vClass='bus'/>").length, 12);
  EXPECT_EQ(Read("<vType id='t' vClass='motorcycle'/>").accel, 6);
  EXPECT_EQ(Read("<vType id='t' vClass='bicycle'/>").width, 0.65);
  EXPECT_EQ(Read("<vType id='t' decel='12'/>").emergency_decel, 12);
}

TEST(VehicleTypeReader, ReadsModelsAndTheirParameters) {
  const VehicleType idm = Read(
      "<vType id='i' carFollowModel='IDM' accel='1' decel='1.5' tau='1.5' delta='4' "
      "lcStrategic='2' "
      "jmIgnoreFoeProb='0.1' laneChangeModel='MOBIL'/>");
  EXPECT_EQ(idm.model, CarFollowing::kIdm);
  EXPECT_EQ(idm.accel, 1);
  EXPECT_EQ(idm.tau, 1.5);
  EXPECT_EQ(idm.lane_change, "MOBIL");
  EXPECT_EQ(idm.model_parameters, (std::map<std::string, double>{{"delta", 4}}))
      << "what nobody simulates is not kept, but warned of";
  const VehicleType w99 =
      Read("<vType id='w' sigma='0.2'><carFollowing-W99 cc1='0.9' cc8='3.5' accel='2'/></vType>");
  EXPECT_EQ(w99.model, CarFollowing::kWiedemann99);
  EXPECT_EQ(w99.accel, 2);
  EXPECT_EQ(w99.model_parameters.at("cc8"), 3.5);
}

TEST(VehicleTypeReader, ReadsSpeedFactors) {
  const auto expect = [](const char* attributes, double mean, double deviation, double lowest,
                         double highest) {
    const VehicleType type = Read(std::string("<vType id='t' ") + attributes + "/>");
    EXPECT_EQ(type.speed_factor, mean) << attributes;
    EXPECT_EQ(type.speed_deviation, deviation) << attributes;
    EXPECT_EQ(type.speed_lowest, lowest) << attributes;
    EXPECT_EQ(type.speed_highest, highest) << attributes;
  };
  expect("speedFactor='1.2'", 1.2, 0.1, 0.2, 2);
  expect("speedFactor='1.2' vClass='truck'", 1.2, 0.05, 0.2, 2);
  expect("speedDev='0'", 1, 0, 0.2, 2);
  expect("speedFactor='1.2' speedDev='0.3'", 1.2, 0.3, 0.2, 2);
  expect("speedFactor='normc(1.1, 0.2, 0.5, 1.5)'", 1.1, 0.2, 0.5, 1.5);
  expect("speedFactor='normc(1.1,0.2,0.5,1.5)' speedDev='0.05'", 1.1, 0.05, 0.5, 1.5);
  expect("speedFactor='norm(1.1,0.2)'", 1.1, 0.2, 0.2, 2);
  expect("speedFactor='3'", 3, 0.1, 0.2, 3);
}

TEST(VehicleTypeReader, SaysWhatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"<vType id='t' vClass='passanger'/>", "did you mean 'passenger'?"},
      {"<vType id='t' vClass='bus truck'/>", "is not one vehicle class"},
      {"<vType id='t' vClass=''/>", "is not one vehicle class"},
      {"<vType id='t' carFollowModel='Kraus'/>", "unknown model 'Kraus'; did you mean 'Krauss'?"},
      {"<vType id='t'><carFollowing-IDN/></vType>", "unknown model 'IDN'; did you mean 'IDM'?"},
      {"<vType id='t' laneChangeModel='LC2014'/>", "did you mean 'LC2013'?"},
      {"<vType id='t' length='-5'/>", "t.xml:1:15: vType 't', length: '-5' must be greater than 0"},
      {"<vType id='t' width='nan'/>", "width: 'nan' is not a finite number"},
      {"<vType id='t' sigma='1.5'/>", "sigma: '1.5' must be within 0 and 1"},
      {"<vType id='t' decel='0'/>", "decel: '0' must be greater than 0"},
      {"<vType id='t' tau='-1'/>", "tau: '-1' must not be negative"},
      {"<vType id='t' cc1='x'/>", "cc1: 'x' is not a finite number"},
      {"<vType id='t' speedFactor='normc(1)'/>", "is no distribution"},
      {"<vType id='t' speedFactor='normc(1,0.1,1.2,2)'/>", "the mean of"},
      {"<vType id='t' speedFactor='norm(1,0.1'/>", "is no distribution"},
      {"<vType/>", "attribute id is missing"},
  };
  for (const auto& [element, message] : cases) {
    EXPECT_NE(MessageFor(element).find(message), std::string::npos)
        << element << " says: " << MessageFor(element);
  }
}

}  // namespace
}  // namespace tersor::twin
