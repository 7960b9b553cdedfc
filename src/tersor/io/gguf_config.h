// The shape of a model as GGUF metadata says it, and as ModelConfig does.
#ifndef TERSOR_IO_GGUF_CONFIG_H_
#define TERSOR_IO_GGUF_CONFIG_H_

#include <string>
#include <vector>

#include "tersor/io/gguf.h"
#include "tersor/io/model_config.h"

namespace tersor::io {

/// Reads architectures "llama" (llama and mistral models) and "qwen2". Throws Error naming the file
/// and the key: another architecture, a missing or impossible size, experts, rotary scaling other
/// than linear and llama3, a model split into several files.
ModelConfig ReadGgufConfig(const GgufFile& file);

/// Sets general.architecture and the keys that llama.cpp reads for it. Throws Error that begins
/// with `source` for what it cannot run: opt, llama3 scaling of qwen2. Sliding windows are warned
/// about: llama.cpp attends to everything in these architectures.
void SetGgufConfig(const ModelConfig& config, const std::string& source, GgufMetadata& metadata);

/// What llama3 scaling divides each rotary frequency by: [head_dim / 2]. Llama 3.1's definition.
std::vector<float> Llama3Factors(const ModelConfig& config);

}  // namespace tersor::io

#endif  // TERSOR_IO_GGUF_CONFIG_H_
