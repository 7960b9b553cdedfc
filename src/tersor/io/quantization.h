// `quantization_config` of config.json, as far as tersor writes and reads it.
#ifndef TERSOR_IO_QUANTIZATION_H_
#define TERSOR_IO_QUANTIZATION_H_

#include <optional>

#include "tersor/io/config_reader.h"
#include "tersor/util/json.h"

namespace tersor::io {

/// The matrices of the blocks hold MXFP4 values in groups of 32 along their rows, however they are
/// stored. Embeddings, norms and the head do not.
struct Quantization {
  bool round_activations = false;  // what they are multiplied with is rounded to MXFP4 too
};

/// nullopt where config.json has none. Throws Error for one that is not tersor's own: weights that
/// others packed are not read.
std::optional<Quantization> ReadQuantization(const ConfigReader& config);

Json ToJson(const Quantization& quantization);

}  // namespace tersor::io

#endif  // TERSOR_IO_QUANTIZATION_H_
