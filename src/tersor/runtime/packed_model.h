// Model folders whose matrices are stored as the runtime serves them.
#ifndef TERSOR_RUNTIME_PACKED_MODEL_H_
#define TERSOR_RUNTIME_PACKED_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/io/safetensors.h"
#include "tersor/runtime/matrix_source.h"

namespace tersor::runtime {

struct PackedModelSummary {
  int64_t packed = 0, dense = 0;     // matrices of the blocks, and those of them left as they were
  int64_t bytes = 0, bytes_was = 0;  // of all tensors
};

/// Writes `model_folder` to `out_folder`, whole or not at all: the matrices of the blocks in
/// `format`, one of the sparse formats, where they have zeros enough for it
/// (WeightFormat::BestFor); everything else as it was, tokenizer files too. config.json says so in
/// `quantization_config`, and OpenModel() serves such a folder from the mapped file. Throws Error
/// for another format, for weights that are packed or trained in MXFP4, and where `out_folder`
/// exists with anything in it.
PackedModelSummary WritePackedModel(const std::string& model_folder, const std::string& out_folder,
                                    const std::string& format);

/// A block's matrix [rows, cols] of such a folder: in `format` where it is packed, otherwise to be
/// served in what the format falls back to. Throws Error that begins with `what` for bytes that are
/// not a matrix of that shape.
StoredMatrix PackedMatrixOf(const WeightFormat& format, const io::HostTensor& tensor,
                            const std::vector<int64_t>& shape, const std::string& what);

/// The floats of what PackedMatrixOf() returned for `tensor`.
std::vector<float> Unpack(const StoredMatrix& matrix, const io::HostTensor& tensor);

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_PACKED_MODEL_H_
