// Keys and values of one sequence at every layer.
#ifndef TERSOR_RUNTIME_KV_CACHE_H_
#define TERSOR_RUNTIME_KV_CACHE_H_

#include <cstddef>
#include <cstdint>

#include "tersor/io/model_config.h"
#include "tersor/kernel/attend.h"
#include "tersor/runtime/int8_cache.h"
#include "tersor/runtime/key_summaries.h"

namespace tersor::runtime {

/// Room for `capacity` positions is reserved at once, but the system gives memory only to what has
/// been written, so a long context costs nothing until it is used. Movable.
class KvCache {
 public:
  /// `type`: kF32 or kBF16. Throws Error where the address space cannot be had.
  KvCache(const io::ModelConfig& config, int64_t capacity, kernel::FloatType type);
  ~KvCache();
  KvCache(KvCache&& other) noexcept;
  KvCache& operator=(KvCache&& other) noexcept;
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  int64_t capacity() const { return capacity_; }
  int64_t length() const { return length_; }
  kernel::FloatType type() const { return type_; }

  /// Bytes that `positions` positions take.
  static int64_t Bytes(const io::ModelConfig& config, int64_t positions, kernel::FloatType type);

  /// Forgets all positions from `length` on.
  void Truncate(int64_t length) {
    length_ = length;
    summaries_.Truncate(length);
    codes_.Truncate(length);
  }

  /// Takes over the first `length` positions of another cache of the same model and type.
  void CopyPrefix(const KvCache& from, int64_t length);

  /// Writes keys and values [tokens, kv_heads · head_dim] of a layer at positions length(), ...
  void Store(int64_t layer, int64_t tokens, const float* keys, const float* values);
  /// Counts those positions in, once every layer has them.
  void Advance(int64_t tokens) { length_ += tokens; }

  const std::byte* keys(int64_t layer) const { return data_ + layer * LayerBytes(); }
  const std::byte* values(int64_t layer) const { return keys(layer) + kv_heads_ * key_stride(); }
  int64_t key_stride() const;  // bytes from one head's keys to the next one's
  int64_t value_stride() const;

  /// Of its keys, for attention that skips blocks; empty until that asks for them.
  KeySummaries& summaries() { return summaries_; }
  /// For attention in INT8, likewise.
  Int8Cache& codes() { return codes_; }

 private:
  int64_t LayerBytes() const { return kv_heads_ * (key_stride() + value_stride()); }

  int64_t layers_ = 0, kv_heads_ = 0, head_dim_ = 0, capacity_ = 0, length_ = 0;
  kernel::FloatType type_ = kernel::FloatType::kF32;
  std::byte* data_ = nullptr;
  KeySummaries summaries_;
  Int8Cache codes_;
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_KV_CACHE_H_
