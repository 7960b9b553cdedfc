// How sparse one head's attention may be within a bound of its error: SpargeAttn's hyper-parameter
// search (arXiv:2502.18137, section 3.6).
#ifndef TERSOR_ATTENTION_TUNE_HEAD_H_
#define TERSOR_ATTENTION_TUNE_HEAD_H_

#include <ATen/core/Tensor.h>

#include <span>
#include <string>

#include "tersor/io/attention_settings.h"
#include "tersor/kernel/block_summary.h"

namespace tersor::attention {

/// What one head attends to on one input; float32 [tokens, dim].
struct HeadSample {
  at::Tensor query, key, value;
  double scale = 1;
  bool causal = true;
  int64_t window = 0;
};

struct HeadMeasure {
  double relative_l1 = 0;  // sum |sparse - dense| / sum |dense| over all outputs
  double sparsity = 0;     // SparsityCounts::Sparsity()
};

struct TuneOptions {
  double l1 = 0.05;  // bound of relative_l1 with the first stage alone
  double l2 = 0.06;  // with the second filter too; not below l1
  kernel::Similarity similarity = kernel::Similarity::kCosine;
  bool int8 = false;        // scores in INT8, whose error counts too
  bool int8_values = true;  // with int8: values too, where the processor has VNNI

  /// Throws UsageError naming the option.
  void Validate() const;
};

/// The mean of both over the samples, and the largest error of one; `options` but for the bounds.
HeadMeasure MeasureHead(std::span<const HeadSample> samples, const io::HeadSettings& settings,
                        const TuneOptions& options, double* worst_l1 = nullptr);

struct TunedHead {
  io::HeadSettings settings;
  HeadMeasure tuned;     // on the samples, as in MeasureHead()
  HeadMeasure held_out;  // on others
  bool dense = false;    // too little could be skipped, or the bound does not hold on the held-out
};

/// For each theta of {none, 1/16, ..., 15/16} the smallest tau whose error stays within the first
/// bound on every sample, then for the three sparsest of them the highest lambda within the second,
/// by bisection; the sparsest wins. What is returned was measured, since the error is not quite
/// monotone. A head below 2 % stays dense, and so does
/// one whose error on the held-out samples is above 1.25 · l2. Throws Interrupted.
TunedHead TuneHead(std::span<const HeadSample> samples, std::span<const HeadSample> held_out,
                   const TuneOptions& options);

}  // namespace tersor::attention

#endif  // TERSOR_ATTENTION_TUNE_HEAD_H_
