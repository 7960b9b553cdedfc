// Pictures of a matrix: conflict rates by weather and arm, severity by weather, where the twin's
// conflicts are more than plain traffic's, how fast and how close all drive.
#ifndef TERSOR_TWIN_MATRIX_MATRIX_CHARTS_H_
#define TERSOR_TWIN_MATRIX_MATRIX_CHARTS_H_

#include <vector>

#include "tersor/twin/matrix/comparison.h"
#include "tersor/twin/network.h"
#include "tersor/twin/picture.h"

namespace tersor::twin {

/// A metric's mean by weather (groups) and arm (bars) with its 95 % intervals; over all demands
/// and lights. `name` is the file's.
Picture RateBars(const Comparison& comparison, const NamedMetric& metric, const std::string& name);

/// Conflicts per 1000 vehicle-km by TTC (or by DRAC), a curve a weather, and their share at or
/// below (above) a value; of one arm, over all seeds, demands and lights.
Picture TtcByWeather(const Comparison& comparison, Arm arm);
Picture DracByWeather(const Comparison& comparison, Arm arm);

/// TTC against DRAC of the first seed's conflicts in one weather, with the line DRAC = mu g.
Picture ScatterOfWeather(const Comparison& comparison, Arm arm, int32_t weather);

/// How fast vehicles pass the middles of long lanes, and at what headways: cumulative curves, one a
/// weather of `arm`, with those of plain traffic. On the corridor with the percentiles that radars
/// measured on the road of its kind.
Picture SpeedsAndHeadways(const Comparison& comparison, Arm arm);

/// All of them, and the difference maps (difference_map.h), as far as there are results.
std::vector<Picture> MatrixPictures(const Comparison& comparison, const Network& network);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_MATRIX_CHARTS_H_
