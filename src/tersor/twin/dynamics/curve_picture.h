// Pictures of curves: panels side by side, with one legend for all.
#ifndef TERSOR_TWIN_DYNAMICS_CURVE_PICTURE_H_
#define TERSOR_TWIN_DYNAMICS_CURVE_PICTURE_H_

#include <string>
#include <vector>

#include "tersor/twin/picture.h"

namespace tersor::twin {

struct PlottedCurve {
  std::string name;
  std::vector<double> x, y;  // as many of either
};

/// One plot. Its n-th curve is drawn as the n-th of every panel; there may be six.
struct CurvePanel {
  std::string title, x_label, y_label;
  std::vector<PlottedCurve> curves;
};

/// `picture` with its drawing: `columns` panels a row, each `height` units high. The legend names
/// the first panel's curves. Throws Error on a panel without points or with more than six curves.
Picture DrawCurves(Picture picture, const std::vector<CurvePanel>& panels, int columns,
                   double height = 250);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_CURVE_PICTURE_H_
