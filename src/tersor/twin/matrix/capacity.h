// What a road carries in a weather: a jam that dissolves, with and without a lane that ends, a
// queue at a signal, and the mean speed on the corridor; all with the embedded traffic and drivers
// who know the weather.
#ifndef TERSOR_TWIN_MATRIX_CAPACITY_H_
#define TERSOR_TWIN_MATRIX_CAPACITY_H_

#include <cstdint>

#include "tersor/twin/weather/weather.h"

namespace tersor::twin {

/// A freeway of two lanes, limit 65 mph, on which a jam of 294 vehicles dissolves; cars and 4 %
/// trucks.
struct FreewayMeasures {
  double free_speed = 0;  // m/s of those who pass alone, at 200 vehicles/h and lane
  double capacity = 0;    // vehicles/h and lane that leave the jam, counted 1 km after its head
  double narrowed = 0;    // the same where the jam stands on three lanes, of which one ends
};
FreewayMeasures MeasureFreeway(const Weather& weather, uint64_t seed);

/// One lane before a signal of 60 s green and 30 s red, always with a queue.
struct SignalMeasures {
  double saturation_flow = 0;  // vehicles/h of green, by the headways of the fifth to the tenth
  double start_up_loss = 0;    // s that the first four need more than at saturation
};
SignalMeasures MeasureSignal(const Weather& weather, uint64_t seed);

/// Vehicle-kilometres an hour of driving, in m/s, on the corridor at 0.6 of its busy hour.
double MeasureCorridorSpeed(const Weather& weather, uint64_t seed);

/// The time headway T' in s at which followers `min_gap` + `length` metres beside it let `flow`
/// vehicles/s pass at `speed` m/s: 1 / flow - (min_gap + length) / speed. A loss of capacity x asks
/// for flow = (1 - x) of the dry one's, at the weather's own speed.
double HeadwayForFlow(double flow, double speed, double min_gap, double length);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_CAPACITY_H_
