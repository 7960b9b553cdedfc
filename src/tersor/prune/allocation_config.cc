#include "tersor/prune/allocation_config.h"

#include <cstdlib>

#include "tersor/util/config_check.h"
#include "tersor/util/error.h"

namespace tersor::prune {

void AllocationConfig::AddFields(Schema& schema) {
  const auto add = [&](const char* name, const char* help, ConfigField::Target target) {
    schema.Add(std::string("allocation.") + name, help, target);
  };
  add("layer", "what has one sparsity: block, or matrix", &layer);
  add("outlier_factor", "mrp, owl: scores above this many means are outliers (M)", &outlier_factor);
  add("start", "mrp: sparsity to begin with (-1: the target - 0.2)", &start);
  add("step", "mrp: what the most redundant layer loses at a time", &step);
  add("cap", "mrp: highest sparsity of a layer (-1: the target + 0.15, at most 0.95)", &cap);
  add("redundancy", "mrp: all (pruned scores count as 0), or dense (the dense layer's mean)",
      &redundancy);
  add("statistics", "mrp: frozen (the dense model's), or propagated (measured after each step)",
      &statistics);
  add("saturation",
      "mrp: layers come last where pruning makes them more redundant (turn), where all remaining "
      "weights are outliers (all-outliers), or never",
      &saturation);
  add("owl_range", "owl, dsa: half of how far sparsities lie apart (lambda)", &owl_range);
  add("dlp_range", "dlp: the same (alpha)", &dlp_range);
  add("dlp_statistic", "dlp: of a layer's scores, mean or median", &dlp_statistic);
  add("alpha_range", "alpha-pruning: how far sparsities lie apart (epsilon)", &alpha_range);
  add("alpha_fit", "alpha-pruning: where the spectrum's tail begins: peak, or mid", &alpha_fit);
  add("atp_slopes", "atp: steps from block to block that are tried", &atp_slopes);
  add("global_normalize", "global: each matrix's scores by their mean first", &global_normalize);
}

void AllocationConfig::Validate() const {
  CheckChoice("allocation.layer", layer, {"block", "matrix"});
  CheckRange("allocation.outlier_factor", outlier_factor, 1, 1e6);
  CheckRange("allocation.start", start, -1, 1);
  CheckRange("allocation.step", step, 1e-4, 1);
  CheckRange("allocation.cap", cap, -1, 1);
  CheckChoice("allocation.redundancy", redundancy, {"all", "dense"});
  CheckChoice("allocation.statistics", statistics, {"frozen", "propagated"});
  CheckChoice("allocation.saturation", saturation, {"turn", "all-outliers", "never"});
  CheckRange("allocation.owl_range", owl_range, 0, 1);
  CheckRange("allocation.dlp_range", dlp_range, 0, 1);
  CheckChoice("allocation.dlp_statistic", dlp_statistic, {"mean", "median"});
  CheckRange("allocation.alpha_range", alpha_range, 0, 1);
  CheckChoice("allocation.alpha_fit", alpha_fit, {"peak", "mid"});
  if (atp_slopes.empty()) {
    FailUsage("allocation.atp_slopes is empty");
  }
  for (const std::string& slope : atp_slopes) {
    char* end = nullptr;
    const double value = std::strtod(slope.c_str(), &end);
    if (slope.empty() || *end != '\0') {
      FailUsage("allocation.atp_slopes: ", slope, " is not a number");
    }
    CheckRange("allocation.atp_slopes", value, -1, 1);
  }
}

}  // namespace tersor::prune
