// What the numbers of a matrix say, in plain words.
#ifndef TERSOR_TWIN_MATRIX_VERDICT_H_
#define TERSOR_TWIN_MATRIX_VERDICT_H_

#include <string>
#include <vector>

#include "tersor/twin/matrix/comparison.h"

namespace tersor::twin {

/// One or two sentences each, about `metric`, of which more is worse: what plain traffic (A)
/// shows of the weather, what the tuned one (B) shows, how far the full twin (C) differs from A in
/// each weather, and whether the weather, not only the twin, makes the difference. Differences
/// count where their paired t-test, adjusted over the weathers (Holm), is below 5 %; means are over
/// all demands and lights. Says so where the twin shows no effect, or the wrong one.
std::vector<std::string> Verdict(const Comparison& comparison, const NamedMetric& metric);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_VERDICT_H_
