#include "tersor/twin/validation_page.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tersor/twin/dynamics/curve_picture.h"
#include "tersor/twin/dynamics/validate_dynamics.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::twin {
namespace {

TEST(ValidationRowTest, AgreesWithinItsRange) {
  EXPECT_TRUE(Near("q", "m", 101, 100, 0.02).Agrees());
  EXPECT_FALSE(Near("q", "m", 103, 100, 0.02).Agrees());
  EXPECT_TRUE(Near("q", "N", -99, -100, 0.02).Agrees());
  EXPECT_TRUE(InRange("q", "", 3, 2, 4).Agrees());
  EXPECT_EQ(InRange("q", "", 3, 2, 4).expected, 3);
  EXPECT_FALSE(InRange("q", "", NAN, 2, 4).Agrees());
}

TEST(ValidationPageTest, WritesSectionsPicturesAndCounts) {
  ValidationSection section;
  section.title = "Braking <fast>";
  section.text = "text";
  section.rows = {Near("way", "m", 10, 10, 0.1), Near("time", "s", 20, 10, 0.1)};
  Picture picture;
  picture.name = "curve";
  picture.title = "Curve";
  section.pictures = {DrawCurves(
      picture, {{"panel", "x", "y", {{"a", {0, 1}, {0, 2}}, {"b", {0, 1}, {1, 1}}}}}, 1)};
  const testing::TemporaryFolder folder;
  const Record record = WriteValidation({section}, "tersor twin validate", folder.path());
  EXPECT_EQ(record.metrics.at("quantities"), 2);
  EXPECT_EQ(record.metrics.at("quantities_agreeing"), 1);
  EXPECT_EQ(record.rows.at(1).at("agrees"), false);
  const std::string page = testing::Slurp(folder / "validation.html");
  EXPECT_NE(page.find("1 of 2 quantities"), std::string::npos);
  EXPECT_NE(page.find("Braking &lt;fast&gt;"), std::string::npos);
  EXPECT_NE(page.find("+100.0 %"), std::string::npos);
  for (const char* word : {"href=\"http", "https://", "src=", "@import", "url("}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;  // offline
  }
  EXPECT_NE(testing::Slurp(folder / "pictures/curve.svg").find("<path"), std::string::npos);
}

TEST(CurvePictureTest, RefusesWhatItCannotShow) {
  Picture picture;
  picture.name = "p";
  const PlottedCurve curve{"a", {0, 1}, {0, 1}};
  EXPECT_THROW(DrawCurves(picture, {}, 1), Error);
  EXPECT_THROW(DrawCurves(picture, {{"t", "x", "y", {}}}, 1), Error);
  EXPECT_THROW(DrawCurves(picture, {{"t", "x", "y", std::vector<PlottedCurve>(7, curve)}}, 1),
               Error);
  const std::string flat =
      DrawCurves(picture, {{"t", "x", "y", {{"a", {0, 1}, {3, 3}}}}}, 1).body.str();
  EXPECT_EQ(flat.find("nan"), std::string::npos);
}

TEST(ValidateDynamicsTest, AllQuantitiesAgreeAndPicturesHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  size_t rows = 0;
  for (const ValidationSection& section : ValidateDynamics(ShippedBodies())) {
    for (const ValidationRow& row : section.rows) {
      EXPECT_TRUE(row.Agrees()) << section.title << ": " << row.quantity << " " << row.ours
                                << " not in " << row.low << " .. " << row.high;
      ++rows;
    }
    for (const Picture& picture : section.pictures) {
      EXPECT_TRUE(names.insert(picture.name).second) << picture.name;
      EXPECT_EQ(picture.body.str().find("nan"), std::string::npos) << picture.name;
    }
  }
  EXPECT_GT(rows, 100u);
  EXPECT_EQ(names.size(), 5u);
}

}  // namespace
}  // namespace tersor::twin
