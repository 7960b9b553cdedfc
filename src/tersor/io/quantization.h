// `quantization_config` of config.json, as far as tersor writes and reads it.
#ifndef TERSOR_IO_QUANTIZATION_H_
#define TERSOR_IO_QUANTIZATION_H_

#include <optional>
#include <string>

#include "tersor/io/config_reader.h"
#include "tersor/util/json.h"

namespace tersor::io {

/// What the matrices of the blocks are; embeddings, norms and the head are stored as ever.
struct Quantization {
  bool round_activations = false;  // mxfp4: what they are multiplied with is rounded to it too
  /// "mxfp4": values on its grid, in groups of 32 along their rows, however they are stored.
  /// "sparse-f32", "sparse-bf16", "sparse-int8": packed, as the runtime's format of this name has
  /// it, into one-dimensional U8 tensors; where that does not pay, stored as ever.
  std::string format = "mxfp4";

  bool packed() const { return format != "mxfp4"; }
};

/// nullopt where config.json has none. Throws Error for one that is not tersor's own: weights that
/// others packed are not read.
std::optional<Quantization> ReadQuantization(const ConfigReader& config);

Json ToJson(const Quantization& quantization);

}  // namespace tersor::io

#endif  // TERSOR_IO_QUANTIZATION_H_
