// Outliers where gated MLPs have them, in models that are too small to grow their own.
#ifndef TERSOR_PRECISION_PLANT_OUTLIERS_H_
#define TERSOR_PRECISION_PLANT_OUTLIERS_H_

#include <cstdint>

#include "tersor/nn/parameter.h"

namespace tersor::precision {

/// Multiplies `count` rows of every up projection by `factor` and divides the same columns of the
/// down projection by it: the model's function stays, exactly so for powers of two, while that many
/// channels of the gated product become `factor` times larger. The rows differ from layer to layer.
/// Throws UsageError where the parameters have no gated MLP or fewer rows.
void PlantGluOutliers(nn::ParameterList& parameters, int64_t count, double factor, uint64_t seed);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_PLANT_OUTLIERS_H_
