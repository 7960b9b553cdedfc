// Outliers where gated MLPs have them, in models that are too small to grow their own.
#ifndef TERSOR_PRECISION_PLANT_OUTLIERS_H_
#define TERSOR_PRECISION_PLANT_OUTLIERS_H_

#include <cstdint>

#include "tersor/nn/parameter.h"

namespace tersor::precision {

/// Multiplies `count` rows of every gate and up projection by sqrt(factor) and divides the same
/// columns of the down projection by `factor`: silu(a g) a u / a² for silu(g) u. So these channels
/// of the gated product become up to `factor` times larger where their gate is open, and what they
/// contribute changes only as far as silu(a g) / a comes nearer to relu(g). Shared between two
/// matrices, the factor leaves their other rows more of the INT8 range than it would in one. The
/// rows differ from layer to layer.
/// Throws UsageError where the parameters have no gated MLP or fewer rows.
void PlantGluOutliers(nn::ParameterList& parameters, int64_t count, double factor, uint64_t seed);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_PLANT_OUTLIERS_H_
