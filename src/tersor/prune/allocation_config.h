// Fields of every allocation, `allocation.*`.
#ifndef TERSOR_PRUNE_ALLOCATION_CONFIG_H_
#define TERSOR_PRUNE_ALLOCATION_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/util/config.h"

namespace tersor::prune {

inline constexpr std::string_view kAllocationNames =
    "uniform, global, er, er-plus, owl, alpha-pruning, dlp, atp, dsa, mrp";

struct AllocationConfig {
  std::string name = "mrp";
  std::string layer = "block";  // what has one sparsity: block, or matrix

  // MRP. The paper's values were not at hand; docs/mrp.md shows what depends on them.
  double outlier_factor = 5;       // M of mrp and owl
  double start = -1;               // sparsity of all layers to begin with; -1: the target minus 0.2
  double step = 0.01;              // of a layer's sparsity
  double cap = -1;                 // of a layer's sparsity; -1: the target plus 0.15, at most 0.95
  std::string redundancy = "all";  // all, or dense: RedundancyKind
  std::string statistics = "frozen";  // of the dense model, or propagated: measured again
  std::string saturation = "turn";    // which layers come last: turn, all-outliers, never

  double owl_range = 0.08;             // lambda: sparsities are 2 lambda apart
  double dlp_range = 0.15;             // the same for dlp
  std::string dlp_statistic = "mean";  // of a layer's scores: mean, or median
  double alpha_range = 0.3;            // epsilon of alpha-pruning
  std::string alpha_fit = "peak";      // where the spectrum's tail begins: peak, or mid
  std::vector<std::string> atp_slopes = {"0", "0.01", "0.02", "0.04", "0.06", "0.08"};
  bool global_normalize = false;  // each matrix's scores by their mean first

  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate() const;
};

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_ALLOCATION_CONFIG_H_
