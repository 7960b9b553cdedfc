// The blocks that an attention which knew all probabilities would choose.
#ifndef TERSOR_ATTENTION_ORACLE_H_
#define TERSOR_ATTENTION_ORACLE_H_

#include <memory>

#include "tersor/attention/sparse_attention.h"

namespace tersor::attention {

/// For each query block the fewest key blocks that hold `mass` of its rows' probability, as dense
/// attention gives it. Costs more than dense attention: for comparison.
std::unique_ptr<BlockPlanner> PlanByOracle(double mass);

}  // namespace tersor::attention

#endif  // TERSOR_ATTENTION_ORACLE_H_
