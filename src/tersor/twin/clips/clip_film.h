// Films traffic: runs it in a weather, chooses where to look, and renders clips.
#ifndef TERSOR_TWIN_CLIPS_CLIP_FILM_H_
#define TERSOR_TWIN_CLIPS_CLIP_FILM_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tersor/twin/clips/birds_eye.h"
#include "tersor/twin/clips/clip_world.h"
#include "tersor/twin/embedded_traffic.h"
#include "tersor/twin/weather/weather.h"
#include "tersor/util/rng.h"

namespace tersor::twin {

struct ClipFormat {
  int64_t frames = 16;
  int64_t size = 64;   // pixels a side
  double fps = 8;      // frames a second
  double metres = 48;  // that a side shows, on average

  double seconds() const { return static_cast<double>(frames) / fps; }
  int64_t bytes() const { return frames * size * size * 3; }
};

/// The longest that lies between two clips' beginnings beside the clip itself, in seconds.
inline constexpr double kMostPause = 12;

/// Vehicles as one sees them. Traffic changes lanes within a step; here they take some seconds.
class SeenTraffic {
 public:
  explicit SeenTraffic(uint64_t seed) : seed_(seed) {}

  /// To be called after every step of `step` seconds.
  void Look(const Traffic& traffic, double step);
  const std::vector<ViewedVehicle>& vehicles() const { return vehicles_; }
  /// The place of a vehicle (of Traffic::vehicles()) in vehicles(), -1 where it is not there.
  int64_t Find(int32_t vehicle) const;
  std::span<const int32_t> numbers() const { return numbers_; }

 private:
  struct Trace {
    bool seen = false;
    double x = 0, y = 0;
    double beside = 0, since = 0;  // m to the left of its true place at the time of the change, s
    uint64_t paint = 0;
  };
  uint64_t seed_;
  std::vector<Trace> traces_;
  std::vector<ViewedVehicle> vehicles_;
  std::vector<int32_t> numbers_;  // ascending
};

class ClipFilm {
 public:
  /// Everybody knows the weather and drives by it (weather/weathered_demand.h). `world` must
  /// outlive this.
  ClipFilm(const ClipWorld& world, const Weather& weather, const ClipFormat& format);
  ~ClipFilm();

  /// Waits a few seconds, looks for a place with traffic, films. `pixels`: [frames, size, size, 3].
  /// Clip `number` of the same world looks at the same places in every weather, as far as there is
  /// somebody to see. Throws Interrupted where the user asked to stop.
  void Shoot(uint64_t number, std::span<uint8_t> pixels);

  /// Everybody on the road now.
  const std::vector<ViewedVehicle>& vehicles() const { return seen_.vehicles(); }

 private:
  struct Shot;
  void Advance();
  void AdvanceTo(double time);
  Shot ChooseShot(uint64_t number) const;
  Shot DrawShot(const Rng& rng, uint64_t draw) const;
  double Interest(const Shot& shot) const;
  bool NearBorder(const Point& point, double reach) const;

  const ClipWorld& world_;
  const ClipFormat format_;
  Demand demand_;
  double step_;
  std::unique_ptr<EmbeddedTraffic> traffic_;
  int64_t steps_ = 0;
  SeenTraffic seen_;
  BirdsEye eye_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CLIPS_CLIP_FILM_H_
