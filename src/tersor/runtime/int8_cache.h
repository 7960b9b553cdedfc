// Keys and values of a cache once more in INT8, for prompts that attend in bytes.
#ifndef TERSOR_RUNTIME_INT8_CACHE_H_
#define TERSOR_RUNTIME_INT8_CACHE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/io/model_config.h"
#include "tersor/kernel/attend.h"
#include "tersor/kernel/flash_block.h"

namespace tersor::runtime {

/// Codes of whole key blocks stay as they are while a sequence grows; the last block's are made
/// anew. Keys are coded without the mean of those that were there first, which softmax does not
/// see. Takes a byte for each number of a key or value.
class Int8Cache {
 public:
  /// For a cache of so many layers and heads; comes first.
  void Reserve(int64_t layers, int64_t kv_heads);

  /// Codes all positions that `input` attends to, [0, first + tokens) of its cache: `keys` and,
  /// unless empty, `values` [kv_heads] then view them, until the next call for this layer.
  void Update(int64_t layer, const kernel::AttendInput& input, std::span<kernel::Int8Keys> keys,
              std::span<kernel::Int8Values> values);

  /// Forgets all positions from `length` on.
  void Truncate(int64_t length);

  /// Bytes that `positions` positions take.
  static int64_t Bytes(const io::ModelConfig& config, int64_t positions);

 private:
  struct Head {
    std::vector<float> mean;  // [head_dim]
    std::vector<uint8_t> key_codes;
    std::vector<float> key_scales;  // [blocks]
    std::vector<int8_t> value_codes;
    std::vector<float> value_scales;  // [blocks, PaddedDim]
    int64_t whole = 0;                // blocks that need not be coded again
  };
  std::vector<std::vector<Head>> layers_;
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_INT8_CACHE_H_
