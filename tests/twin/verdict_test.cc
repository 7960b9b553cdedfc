#include "tersor/twin/matrix/verdict.h"

#include <gtest/gtest.h>

#include "twin/made_up_matrix.h"

namespace tersor::twin {
namespace {

using testing::DryAndRain;
using testing::kRate;
using testing::Luck;
using testing::Noise;
using testing::ResultsWith;

/// All lines of what is said, one after another.
std::string Said(const Matrix& matrix, const std::function<double(const MatrixCell&)>& rate) {
  const Comparison comparison(matrix, ResultsWith(matrix, rate));
  std::string text;
  for (const std::string& line : Verdict(comparison, {kRate, "Conflicts"})) {
    text += line + "\n";
  }
  return text;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Verdict, ATwinThatShowsTheRain) {
  const std::string text = Said(DryAndRain(), [](const MatrixCell& cell) {
    const bool rain = cell.weather == 1;
    return 20 + Luck(cell) + (cell.arm == Arm::kTwin ? Noise(cell) + (rain ? 8 : 0) : 0);
  });
  EXPECT_TRUE(Has(text, "Plain traffic (A) alone shows no weather effect: it knows no weather"))
      << text;
  EXPECT_TRUE(Has(text, "B), against clear_dry, shows no weather effect")) << text;
  EXPECT_TRUE(Has(text, "C minus A in heavy_rain: +8")) << text;
  EXPECT_TRUE(Has(text, "6 seeds): more with the twin")) << text;
  EXPECT_TRUE(Has(text, "C minus A in clear_dry: ")) << text;
  EXPECT_TRUE(Has(text, "no difference is shown")) << text;
  EXPECT_TRUE(Has(text, "shows more than plain traffic in heavy_rain, no difference in clear_dry"))
      << text;
  EXPECT_TRUE(Has(text, "against that in clear_dry, rises in heavy_rain +8")) << text;
}

TEST(Verdict, ATwinThatShowsNothingIsToldAsPlainly) {
  const std::string text = Said(DryAndRain(), [](const MatrixCell& cell) {
    return 20 + Luck(cell) + (cell.arm == Arm::kTwin ? Noise(cell) : 0);
  });
  EXPECT_TRUE(Has(text, "does not show more than plain traffic in any weather")) << text;
  EXPECT_TRUE(Has(text, "against that in clear_dry, shows no weather effect that these seeds"))
      << text;
  EXPECT_FALSE(Has(text, "more with the twin")) << text;
}

TEST(Verdict, FewerConflictsAreAgainstTheExpectation) {
  const std::string text = Said(DryAndRain(), [](const MatrixCell& cell) {
    return 20 + Luck(cell) + (cell.arm == Arm::kTwin ? Noise(cell) - 6 : 0);
  });
  EXPECT_TRUE(Has(text, "C minus A in heavy_rain: −6")) << text;
  EXPECT_TRUE(Has(text, "fewer with the twin, against the expectation")) << text;
  // As much in the dry: the twin differs, but not by the weather.
  EXPECT_TRUE(Has(text, "against that in clear_dry, shows no weather effect")) << text;
}

TEST(Verdict, ADifferenceInTheDryIsNotTheWeathers) {
  const std::string text = Said(DryAndRain(), [](const MatrixCell& cell) {
    return 20 + Luck(cell) + (cell.arm == Arm::kTwin ? Noise(cell) + 9 : 0);
  });
  EXPECT_TRUE(Has(text, "shows more than plain traffic in clear_dry and heavy_rain")) << text;
  EXPECT_TRUE(Has(text, "against that in clear_dry, shows no weather effect")) << text;
}

TEST(Verdict, TunedTrafficMayShowTheWeather) {
  const std::string text = Said(DryAndRain(), [](const MatrixCell& cell) {
    return 20 + Luck(cell) +
           (cell.arm == Arm::kTuned ? Noise(cell) - (cell.weather == 1 ? 5 : 0) : 0);
  });
  EXPECT_TRUE(Has(text, "(B), against clear_dry, falls in heavy_rain −")) << text;
}

TEST(Verdict, OneSeedTellsNothingOfChance) {
  const std::string text = Said(DryAndRain("seeds: 1\n"), [](const MatrixCell& cell) {
    return 20 + (cell.arm == Arm::kTwin ? 8 : 0);
  });
  EXPECT_TRUE(Has(text, "C minus A in heavy_rain: +8 (1 seed: no interval)")) << text;
  EXPECT_FALSE(Has(text, "more with the twin")) << text;
}

}  // namespace
}  // namespace tersor::twin
