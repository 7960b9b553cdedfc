#include "tersor/twin/coupling/pilot.h"

#include "tersor/util/error.h"

namespace tersor::twin {

void DriveAndCheck(Pilot& pilot, const Traffic& traffic, std::span<const Wish> wishes,
                   std::vector<Motion>* motions) {
  const Snapshot& now = traffic.snapshot();
  motions->clear();
  pilot.Drive(now, wishes, motions);
  TERSOR_CHECK(motions->size() == wishes.size(), "the pilot of ", wishes.size(), " vehicles moved ",
               motions->size());
  for (size_t i = 0; i < wishes.size(); ++i) {
    const Motion& motion = (*motions)[i];
    const auto row = static_cast<size_t>(wishes[i].row);
    const std::string& id = traffic.vehicles()[static_cast<size_t>(now.vehicle[row])].id;
    TERSOR_CHECK(motion.row == wishes[i].row, "vehicle '", id, "' was not moved by its pilot at ",
                 now.time, " s");
    const bool posed =
        std::isfinite(motion.x) && std::isfinite(motion.y) && std::isfinite(motion.angle);
    const bool unposed = std::isnan(motion.x) && std::isnan(motion.y) && std::isnan(motion.angle);
    TERSOR_CHECK(std::isfinite(motion.advance) && std::isfinite(motion.speed) &&
                     std::isfinite(motion.accel) && (posed || unposed) && motion.advance >= 0,
                 "vehicle '", id, "' left the finite numbers at ", now.time, " s: advance ",
                 motion.advance, " m, speed ", motion.speed, " m/s, acceleration ", motion.accel,
                 " m/s^2, x ", motion.x, ", y ", motion.y, ", angle ", motion.angle);
  }
}

}  // namespace tersor::twin
