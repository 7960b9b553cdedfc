// The weights of a model as the runtime serves them: matrices in a WeightFormat, mapped from the
// checkpoint where it stores them so, and small vectors as floats.
#ifndef TERSOR_RUNTIME_WEIGHTS_H_
#define TERSOR_RUNTIME_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tersor/io/model_config.h"
#include "tersor/kernel/rope.h"
#include "tersor/runtime/linear.h"
#include "tersor/runtime/model_source.h"
#include "tersor/runtime/norm.h"

namespace tersor::runtime {

/// One transformer block. `gate` is empty in a plain MLP.
struct Layer {
  Norm attention_norm, mlp_norm;
  Linear query, key, value, out;
  Linear gate, up, down;
  int64_t window = 0;  // positions a token sees; 0: all
};

struct Weights {
  io::ModelConfig config;
  Linear embedding;                // [vocab, width]; rows are looked up
  Linear head;                     // [vocab, width]; the embedding where they are tied
  Linear positions;                // opt: [positions, hidden], the unused first rows left out
  Linear project_in, project_out;  // opt with a narrower embedding
  Norm final_norm;                 // empty where there is none
  bool has_final_norm = true;
  std::vector<Layer> layers;
  kernel::RopePairs rope_pairs = kernel::RopePairs::kHalves;
  std::vector<double> rope_frequencies;              // empty: learned positions
  std::vector<std::shared_ptr<const void>> storage;  // what the matrices point into

  /// Bytes of the matrices and vectors that one token reads: all but the input embedding (which
  /// counts where it is the head too).
  int64_t BytesPerToken() const;
};

/// Loads all weights of a model. `format`: name of a WeightFormat that matrices are packed into, or
/// "" to serve them as they are stored, without a copy where a format fits the stored type. Throws
/// Error for an unknown format.
Weights LoadWeights(const std::shared_ptr<const ModelSource>& source, const std::string& format);

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_WEIGHTS_H_
