// Renders what a camera above the road sees: roads, vehicles, signals, in any weather. A software
// renderer: polygons into samples, samples into pixels, then light, air and what falls.
#ifndef TERSOR_TWIN_CLIPS_BIRDS_EYE_H_
#define TERSOR_TWIN_CLIPS_BIRDS_EYE_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tersor/twin/clips/canvas.h"
#include "tersor/twin/clips/scenery.h"
#include "tersor/twin/clips/weather_look.h"

namespace tersor::twin {

struct Camera {
  Point center;
  double heading = 0;  // radians counter-clockwise from east: what is up in the picture
  double metres = 48;  // that the picture's height shows
};

struct ViewedVehicle {
  uint64_t paint = 0;  // chooses its colour
  Pose front;          // middle of the front bumper
  double length = 5, width = 1.8;
  double speed = 0;  // m/s
  bool brakes = false;
};

/// The road at one time.
struct Moment {
  double time = 0;  // s; rain and snow fall by it
  std::vector<ViewedVehicle> vehicles;
  std::vector<std::string_view> signals;  // the letters of each of the network's signals
};

class BirdsEye {
 public:
  /// `scenery` must outlive this. `seed` decides where rain, snow and grass have their grain.
  BirdsEye(const Scenery& scenery, const Weather& weather, int height, int width, uint64_t seed);

  /// One picture into `pixels` [height, width, 3], rows from the top.
  void Render(const Camera& camera, const Moment& moment, std::span<uint8_t> pixels);

 private:
  /// What the samples of a pixel average to.
  struct Surface {
    Rgb color, emission;
    float road = 0, ground = 0;  // share of it that is one
  };
  struct Glow {
    Point at;       // m
    double radius;  // m
    Rgb color;
  };

  Point Project(const Point& point) const;
  Point ToWorld(double x, double y) const;
  bool Sees(const Point& point, double radius) const;
  void Draw(std::span<const Point> polygon, Material material);
  void DrawShadow(std::span<const Point> polygon, double height);
  void DrawRoads(const Moment& moment);
  void DrawShadows(const Moment& moment);
  void DrawVehicle(const ViewedVehicle& vehicle);
  void Resolve();

  // What light and air do; in birds_eye_air.cc.
  void LightLamps(const Moment& moment);
  void LightUp();
  void Veil(double time);
  void Spray(const Moment& moment);
  void AddGlows();
  void DropRain(double time);
  void DropSnow(double time);
  void Blend(const Point& at, double radius, const Rgb& color, float share);
  Rgb& PixelAt(int x, int y) {
    return image_[static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x)];
  }

  const Scenery& scenery_;
  const WeatherLook look_;
  const int height_, width_;
  const uint64_t seed_;
  const Point sun_;                 // m of a shadow for each metre of height
  const double wind_;               // radians: where rain and snow drift in the picture
  std::vector<Surface> materials_;  // by sample, lit and in shadow
  Canvas canvas_;
  Camera camera_;
  double scale_ = 1;  // pixels a metre
  double cos_ = 1, sin_ = 0;
  Polyline projected_;
  std::vector<Surface> surface_;  // of each pixel
  std::vector<Rgb> lamps_;        // light of headlamps on each pixel
  std::vector<Rgb> image_;
  std::vector<Glow> glows_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CLIPS_BIRDS_EYE_H_
