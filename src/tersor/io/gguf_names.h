// How GGUF names and lays out the weights of the LLaMA family, beside Hugging Face's checkpoints.
#ifndef TERSOR_IO_GGUF_NAMES_H_
#define TERSOR_IO_GGUF_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tersor/io/model_config.h"

namespace tersor::io {

/// "blk.3.attn_q.weight" for "model.layers.3.self_attn.q_proj.weight", and back; nullopt for names
/// of no weight that `ExpectedTensors` of llama, mistral or qwen2 can list.
std::optional<std::string> GgufName(std::string_view hugging_face_name);
std::optional<std::string> HuggingFaceName(std::string_view gguf_name);

/// Factors by which llama3-scaled rotary frequencies are divided: [head_dim / 2].
inline constexpr const char* kGgufRopeFactors = "rope_freqs.weight";

/// True for the weights and biases of q and k where the architecture is "llama" (mistral included):
/// rotary positions turn pairs of neighbouring rows there, while Hugging Face pairs row i of a head
/// with row i + head_dim / 2. qwen2 keeps Hugging Face's order.
bool HasInterleavedRows(Architecture architecture, std::string_view hugging_face_name);

/// Reorders the rows of every head, from Hugging Face's [2, head_dim / 2] to GGUF's
/// [head_dim / 2, 2] and back. `row_bytes` is the size of a row (one element for a bias); whole
/// heads only.
void InterleaveRows(std::span<const std::byte> from, int64_t head_dim, size_t row_bytes,
                    std::span<std::byte> to);
void SeparateRows(std::span<const std::byte> from, int64_t head_dim, size_t row_bytes,
                  std::span<std::byte> to);

}  // namespace tersor::io

#endif  // TERSOR_IO_GGUF_NAMES_H_
