// Safety of one traffic as several weathers weigh it: how far DRAC goes beyond the road's grip
// depends on the weather even where the traffic does not.
#ifndef TERSOR_TWIN_MATRIX_WEIGHED_MEASURES_H_
#define TERSOR_TWIN_MATRIX_WEIGHED_MEASURES_H_

#include <memory>
#include <string>
#include <vector>

#include "tersor/twin/matrix/cell_result.h"
#include "tersor/twin/matrix/matrix.h"
#include "tersor/twin/network.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

class WeighedMeasures {
 public:
  /// Measures in every weather and light of `matrix`. Both must outlive this.
  WeighedMeasures(const Matrix& matrix, const Network& network);
  ~WeighedMeasures();

  /// Takes in the traffic after a step.
  void Look(const Traffic& traffic);

  /// What each condition (ConditionName()) makes of it. `vehicle_km` is the distance driven.
  std::map<std::string, Measured> Finish(double vehicle_km);

 private:
  struct Device;
  std::vector<std::unique_ptr<Device>> devices_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_WEIGHED_MEASURES_H_
