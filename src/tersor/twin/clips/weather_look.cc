#include "tersor/twin/clips/weather_look.h"

#include <algorithm>
#include <cmath>

namespace tersor::twin {
namespace {

constexpr double kContrast = 2.996;  // ln(1 / 0.05): Koschmieder's threshold of 5 %

/// From the 0 .. 255 of pictures.
Rgb Srgb(int r, int g, int b) {
  const auto linear = [](int value) {
    const double v = value / 255.0;
    return static_cast<float>(v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4));
  };
  return {linear(r), linear(g), linear(b)};
}

size_t At(Material material) { return static_cast<size_t>(material); }

bool OnGround(Material material) { return material <= Material::kYellowLine; }

void SetDryColors(WeatherLook& look) {
  const auto set = [&](Material material, const Rgb& color) { look.color[At(material)] = color; };
  set(Material::kGround, Srgb(104, 134, 74));
  set(Material::kPavement, Srgb(168, 163, 152));
  set(Material::kRoad, Srgb(98, 99, 102));
  set(Material::kTrack, Srgb(88, 89, 92));
  set(Material::kWhiteLine, Srgb(238, 238, 232));
  set(Material::kYellowLine, Srgb(232, 186, 60));
  set(Material::kTree, Srgb(46, 84, 40));
  set(Material::kTreeTop, Srgb(74, 118, 54));
  set(Material::kRoofRed, Srgb(132, 66, 52));
  set(Material::kRoofRedLit, Srgb(160, 84, 64));
  set(Material::kRoofGrey, Srgb(118, 122, 130));
  set(Material::kRoofGreyLit, Srgb(142, 146, 152));
  set(Material::kRoofBrown, Srgb(110, 88, 70));
  set(Material::kRoofBrownLit, Srgb(136, 112, 90));
  set(Material::kGlass, Srgb(28, 34, 42));
  set(Material::kCargo, Srgb(214, 212, 204));
  constexpr std::array<std::array<int, 3>, kCarColors> kCars = {{{238, 240, 242},
                                                                 {196, 200, 206},
                                                                 {52, 54, 60},
                                                                 {210, 40, 38},
                                                                 {36, 84, 190},
                                                                 {30, 132, 88},
                                                                 {240, 190, 40},
                                                                 {232, 112, 30},
                                                                 {120, 20, 40},
                                                                 {80, 170, 214},
                                                                 {134, 138, 146},
                                                                 {112, 74, 160}}};
  for (size_t i = 0; i < kCars.size(); ++i) {
    look.color[At(Material::kBody) + i] = Srgb(kCars[i][0], kCars[i][1], kCars[i][2]);
  }
}

void SetLamps(WeatherLook& look) {
  const auto set = [&](Material material, const Rgb& color, float strength) {
    look.color[At(material)] = 0.3F * color;
    look.emission[At(material)] = strength * color;
  };
  set(Material::kSignalRed, Srgb(255, 30, 24), 1);
  set(Material::kSignalYellow, Srgb(255, 196, 20), 1);
  set(Material::kSignalGreen, Srgb(30, 240, 90), 1);
  set(Material::kHeadlamp, Srgb(255, 250, 225), look.lamps ? 1.0F : 0.55F);
  set(Material::kTailLamp, Srgb(255, 20, 16), look.lamps ? 0.6F : 0.25F);
  set(Material::kBrakeLamp, Srgb(255, 36, 24), 1.3F);
}

/// Water makes everything on the ground darker, roads most.
void Wet(WeatherLook& look) {
  for (const Material material : {Material::kRoad, Material::kTrack, Material::kPavement}) {
    look.color[At(material)] = (1 - 0.6F * look.wet) * look.color[At(material)];
  }
  for (const Material material : {Material::kGround, Material::kWhiteLine, Material::kYellowLine,
                                  Material::kTree, Material::kTreeTop}) {
    look.color[At(material)] = (1 - 0.32F * look.wet) * look.color[At(material)];
  }
}

void SnowedIn(WeatherLook& look) {
  const Rgb snow = Srgb(236, 240, 246), slush = Srgb(196, 202, 212), wheels = Srgb(122, 126, 134);
  const auto cover = [&](Material material, const Rgb& with, float share) {
    Rgb& color = look.color[At(material)];
    color = Mix(color, with, share * look.snow_cover);
  };
  cover(Material::kGround, snow, 0.97F);
  cover(Material::kPavement, snow, 0.9F);
  cover(Material::kRoad, slush, 0.95F);
  cover(Material::kTrack, wheels, 0.95F);
  cover(Material::kWhiteLine, slush, 0.9F);
  cover(Material::kYellowLine, slush, 0.88F);
  cover(Material::kTree, Srgb(150, 166, 164), 0.6F);
  cover(Material::kTreeTop, snow, 0.8F);
  for (Material roof = Material::kRoofRed; roof <= Material::kRoofBrownLit;
       roof = static_cast<Material>(static_cast<int>(roof) + 1)) {
    cover(roof, snow, 0.72F);
  }
  cover(Material::kCargo, snow, 0.6F);
}

void Iced(WeatherLook& look) {
  const Rgb glaze = Srgb(150, 172, 196);
  for (int i = 0; i < kMaterials; ++i) {
    const auto material = static_cast<Material>(i);
    if (OnGround(material)) {
      look.color[At(material)] = Mix(look.color[At(material)], glaze, 0.45F);
    }
  }
}

}  // namespace

WeatherLook LookOf(const Weather& weather) {
  WeatherLook look;
  const auto share = [](double value, double whole) {
    return static_cast<float>(std::clamp(value / whole, 0.0, 1.0));
  };
  const bool snows = weather.snow > 0;
  look.wet = snows ? 0 : std::sqrt(share(std::max(weather.rain, 10 * weather.water_film), 15));
  look.snow_cover = snows ? 0.6F + 0.4F * share(weather.snow, 2.5) : 0;
  look.extinction = static_cast<float>(kContrast / weather.visibility);
  const bool clear = weather.visibility > 4000 && weather.rain <= 0 && !snows;
  look.lamps = weather.night() || !clear;
  look.drops = snows ? 0 : 2.2F * static_cast<float>(std::pow(std::max(weather.rain, 0.0), 0.62));
  look.flakes = snows ? 9 * std::sqrt(share(weather.snow, 2.5)) : 0;
  if (weather.night()) {
    look.light = {0.050F, 0.058F, 0.085F};
    look.air = {0.022F, 0.025F, 0.032F};
  } else if (clear) {
    look.light = {1.02F, 1.0F, 0.94F};
    look.shadow = 0.42F;
    look.air = Srgb(200, 208, 216);
  } else {
    const float dim = 0.86F - 0.3F * look.wet;
    look.light = dim * Rgb{0.96F, 1.0F, 1.06F};
    look.air = snows ? Srgb(224, 229, 236) : dim * Srgb(226, 231, 236);
  }
  SetDryColors(look);
  Wet(look);
  if (snows) {
    SnowedIn(look);
  } else if (weather.friction_peak < 0.25) {
    Iced(look);
  }
  SetLamps(look);
  return look;
}

}  // namespace tersor::twin
