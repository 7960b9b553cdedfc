#include "tersor/twin/vehicle_class.h"

#include <gtest/gtest.h>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

TEST(VehicleClass, NamesHaveBitsOfTheirOwn) {
  VehicleClasses all = 0;
  for (const char* const name : {"passenger", "truck", "bus", "trailer", "motorcycle", "bicycle"}) {
    EXPECT_NE(ClassBit(name), 0U) << name;
    EXPECT_EQ(all & ClassBit(name), 0U) << name;
    all |= ClassBit(name);
  }
  EXPECT_EQ(ClassBit("spaceship"), 0U);
  EXPECT_EQ(ClassBit("ignoring"), kAllClasses);
}

TEST(VehicleClass, AllowAndDisallow) {
  EXPECT_EQ(ParseClasses("", ""), kAllClasses);
  EXPECT_EQ(ParseClasses("all", ""), kAllClasses);
  EXPECT_EQ(ParseClasses("", "all"), 0U);
  EXPECT_EQ(ParseClasses("bus taxi", ""), ClassBit("bus") | ClassBit("taxi"));
  EXPECT_EQ(ParseClasses("", "bus"), kAllClasses & ~ClassBit("bus"));
  EXPECT_NE(testing::MessageOf([] { ParseClasses("bycicle", ""); }).find("'bicycle'"),
            std::string::npos);
}

TEST(VehicleClass, NamesComeBack) {
  EXPECT_EQ(ClassNames(kAllClasses), "all");
  EXPECT_EQ(ParseClasses(ClassNames(ParseClasses("bus truck", "")), ""),
            ParseClasses("truck bus", ""));
}

}  // namespace
}  // namespace tersor::twin
