#include "tersor/twin/dynamics/vehicle_body.h"

#include <gtest/gtest.h>

#include <string>

#include "tersor/twin/dynamics/steering.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::twin {
namespace {

TEST(VehicleBodyTest, ShippedOnesAreSane) {
  for (const std::string_view name : BodyNames()) {
    const VehicleBody& body = ShippedBody(name);
    EXPECT_EQ(body.name, name);
    EXPECT_NO_THROW(body.Validate()) << name;
    EXPECT_GT(UndersteerGradient(body), 0) << name;
    // The brakes lock every wheel on a dry road, so that the road decides.
    EXPECT_GT(body.max_brake_force, 0.85 * body.friction_factor * body.mass * kGravity) << name;
    EXPECT_NEAR(body.front_load() + body.rear_load(), body.mass * kGravity, 1e-6) << name;
    EXPECT_GT(body.sprung_height(), body.cg_height) << name;
  }
}

TEST(VehicleBodyTest, UnknownNameNamesTheNearest) {
  try {
    ShippedBody("sedna");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("sedan"), std::string::npos) << error.what();
  }
}

TEST(VehicleBodyTest, AFileReplacesWhatItSays) {
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "body.yaml",
                 "base: van\nname: loaded van\nmass: 1900\nfront: {spring: 40000}\n");
  const VehicleBody body = ReadBody(folder / "body.yaml");
  EXPECT_EQ(body.name, "loaded van");
  EXPECT_EQ(body.mass, 1900);
  EXPECT_EQ(body.front.spring, 40000);
  EXPECT_EQ(body.rear.spring, ShippedBody("van").rear.spring);
  EXPECT_EQ(FindBody(folder / "body.yaml").mass, 1900);
  EXPECT_EQ(FindBody("truck").mass, ShippedBody("truck").mass);
  EXPECT_THROW(FindBody("lorry"), UsageError);
  EXPECT_THROW(FindBody(folder / "none.yaml"), Error);
}

TEST(VehicleBodyTest, BadValuesAreNamedWithTheirRange) {
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "bad.yaml", "brake_lag: -0.1\n");
  try {
    ReadBody(folder / "bad.yaml");
    FAIL();
  } catch (const UsageError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("bad.yaml"), std::string::npos) << what;
    EXPECT_NE(what.find("brake_lag is -0.1; it must be in 0 .. 2"), std::string::npos) << what;
  }
}

TEST(SteeringTest, SingleTrackHasTheKnownAnswers) {
  VehicleBody body;
  body.mass = 1500;
  body.front.distance = 1.2;
  body.rear.distance = 1.5;
  body.front.cornering_stiffness = 80000;
  body.rear.cornering_stiffness = 90000;
  EXPECT_NEAR(UndersteerGradient(body), 0.00111454, 1e-8);
  EXPECT_NEAR(YawGain(body, 20), 5.1233, 1e-4);
  EXPECT_NEAR(CharacteristicSpeed(body), 29.954, 1e-3);
}

TEST(SteeringTest, PursuitDrawsTheCircleThroughThePoint) {
  // A quarter of a circle of 10 m ends 10 m ahead and 10 m to the left.
  EXPECT_NEAR(PursuitCurvature(10, 10), 0.1, 1e-12);
  EXPECT_NEAR(PursuitCurvature(10, -10), -0.1, 1e-12);
  EXPECT_EQ(PursuitCurvature(0, 0), 0);
}

}  // namespace
}  // namespace tersor::twin
