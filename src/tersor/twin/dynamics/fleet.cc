#include "tersor/twin/dynamics/fleet.h"

#include "tersor/twin/dynamics/block_fleet.h"
#include "tersor/twin/dynamics/multi_body.h"
#include "tersor/twin/dynamics/point_mass.h"
#include "tersor/twin/dynamics/single_track.h"
#include "tersor/util/config_check.h"

namespace tersor::twin {

void RoadSurface::Validate() const {
  CheckRange("friction_peak", friction_peak, 0.01, 2);
  CheckRange("friction_slide", friction_slide, 0.01, friction_peak);
  CheckRange("grade", grade, -0.5, 0.5);
  CheckRange("water_film", water_film, 0, 50);
}

std::unique_ptr<Fleet> MakeFleet(DynamicsLevel level, double substep, int threads) {
  CheckRange("the dynamics' substep (s)", substep, 1e-4, 5e-3);
  switch (level) {
    case DynamicsLevel::kPointMass:
      return std::make_unique<BlockFleet<PointMassRows>>(substep, threads);
    case DynamicsLevel::kSingleTrack:
      return std::make_unique<BlockFleet<SingleTrackRows>>(substep, threads);
    case DynamicsLevel::kMultiBody:
      return std::make_unique<BlockFleet<MultiBodyRows>>(substep, threads);
  }
  Fail("no such level of dynamics: ", static_cast<int>(level));
}

}  // namespace tersor::twin
