// How far one sees through the air, by day, by night and to a car's lamps. Distances in m, light in
// SI units.
#ifndef TERSOR_TWIN_WEATHER_VISIBILITY_H_
#define TERSOR_TWIN_WEATHER_VISIBILITY_H_

#include "tersor/twin/weather/weather.h"

namespace tersor::twin {

/// The contrast that is just seen, of a meteorological visibility's definition.
inline constexpr double kContrastThreshold = 0.05;
/// A grey car before fog; chosen (a black one has 1).
inline constexpr double kCarContrast = 0.5;
/// cd; UN Regulation 7 allows rear position lamps 4 to 17 cd.
inline constexpr double kTailLamp = 8;
/// cd; the least of the stop lamps that it allows (60 to 260).
inline constexpr double kStopLamp = 60;
/// lx at the eye from which a light is noticed, by night and by day in fog; aviation's values for
/// runway lights (ICAO Doc 9328).
inline constexpr double kNightThreshold = 8e-7, kDayThreshold = 1e-4;
/// Visibility below which cars are lit by day; chosen.
inline constexpr double kLampsByDay = 1000;

/// 1/m: ln(1 / 0.05) / visibility, Koschmieder (1924).
double Extinction(double visibility);

/// What is left of a contrast `inherent` at `distance`: inherent exp(-extinction distance).
double Contrast(double inherent, double distance, double visibility);

/// To where something of this contrast is seen by day; 0 where it never is.
double ContrastRange(double inherent, double visibility);

/// To where a lamp of `intensity` cd is seen: E = I exp(-k d) / d^2 falls to the threshold E there
/// (Allard 1876).
double LampRange(double intensity, double threshold, double visibility);

/// To where headlamps show, through this air, what they show at `clear_range` in clear air: their
/// light falls with d^2 and passes the air out and back, exp(-2 k d) / d^2 = 1 / clear_range^2.
double HeadlampRange(double clear_range, double visibility);

/// To where a driver sees what has no lamps, a car that stands across the road, say: by day by its
/// contrast, by night as far as the headlamps reach.
double ObstacleRange(const Weather& weather);

/// To where he sees the car ahead: its body by day, its tail lamps by night and in bad visibility.
double LeaderRange(const Weather& weather);

/// The same of one who brakes, by his stop lamps.
double BrakeLampRange(const Weather& weather);

/// The highest speed, in m/s, from which one stops within `sight`, by braking at `friction` g after
/// `reaction_time`: v t + v^2 / (2 mu g) = S.
double SightLimitedSpeed(double sight, double friction, double reaction_time);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_WEATHER_VISIBILITY_H_
