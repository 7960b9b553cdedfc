// SpargeAttn's settings for every head of a language model.
#ifndef TERSOR_ATTENTION_TUNE_MODEL_H_
#define TERSOR_ATTENTION_TUNE_MODEL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tersor/attention/tune_head.h"

namespace tersor::attention {

/// Called after each head, and with the first one's number where a run goes on.
using TuneProgress = std::function<void(int64_t heads_done, int64_t heads)>;

/// Tunes the heads of the model in `folder`, layer by layer on what dense attention gives: inputs
/// int64 [samples, length] to tune on, `held_out` to check on. After each layer what is done goes
/// to the file `partial`, from which a run with the same inputs and options goes on. Returns
/// [layers][query heads]. Throws Error and Interrupted.
std::vector<std::vector<TunedHead>> TuneModel(const std::string& folder, const at::Tensor& inputs,
                                              const at::Tensor& held_out,
                                              const TuneOptions& options,
                                              const std::string& partial,
                                              const TuneProgress& progress);

}  // namespace tersor::attention

#endif  // TERSOR_ATTENTION_TUNE_MODEL_H_
