// A checkpoint folder written as one GGUF file that llama.cpp runs.
#ifndef TERSOR_IO_GGUF_EXPORT_H_
#define TERSOR_IO_GGUF_EXPORT_H_

#include <string>

#include "tersor/io/ggml_type.h"

namespace tersor::io {

/// Writes the model and the tokenizer of `folder` (llama, mistral or qwen2) to `path`, atomically.
/// Matrices are stored as `type` (F32, F16, BF16, Q8_0 or MXFP4; F16 where rows are no whole
/// blocks), norms and biases as F32. MXFP4 is for the matrices of the blocks only: embeddings and
/// head keep the float type that they have. Holds one tensor in memory at a time. Throws Error
/// naming the file and the cause.
void ExportGguf(const std::string& folder, const std::string& path, GgmlType type);

}  // namespace tersor::io

#endif  // TERSOR_IO_GGUF_EXPORT_H_
