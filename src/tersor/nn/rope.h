// Rotary position embedding (Su et al. 2021, arXiv:2104.09864) in the rotate-half layout of the
// Hugging Face checkpoints, with linear and llama3 frequency scaling.
#ifndef TERSOR_NN_ROPE_H_
#define TERSOR_NN_ROPE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "tersor/io/model_config.h"

namespace tersor::nn {

/// Tables of the cosines and sines, grown as longer inputs come.
class Rope {
 public:
  Rope(int64_t head_dim, double theta, const io::RopeScaling& scaling);

  /// x [batch, tokens, heads, head_dim], rotated by its position along `tokens`.
  at::Tensor Forward(const at::Tensor& x);

 private:
  std::vector<double> frequencies_;
  at::Tensor cos_, sin_;  // [positions, head_dim / 2]
};

}  // namespace tersor::nn

#endif  // TERSOR_NN_ROPE_H_
