// What the blocks of a sequence's keys look like from far away, kept up as the sequence grows.
#ifndef TERSOR_RUNTIME_KEY_SUMMARIES_H_
#define TERSOR_RUNTIME_KEY_SUMMARIES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tersor/kernel/block_summary.h"

namespace tersor::runtime {

/// Of each layer and key-value head the summaries of its whole key blocks. Keys are smoothed by the
/// mean of those that were there when the first whole block was: softmax does not see which vector
/// is taken off, and so a block need not be looked at again.
class KeySummaries {
 public:
  /// Summaries of a head's key blocks, as many as `length` positions take; the last one, where it
  /// is not whole, is alike to nothing, so that no rule skips it. `keys`: of the head in a cache of
  /// `length` positions and more.
  const kernel::BlockSummaries& Update(int64_t layer, int64_t head, int64_t dim,
                                       kernel::FloatType type, const std::byte* keys,
                                       int64_t length, kernel::Similarity similarity);

  /// Makes room, so that Update() of different heads may run at the same time.
  void Reserve(int64_t layers, int64_t heads);

  /// Forgets all positions from `length` on.
  void Truncate(int64_t length);

 private:
  struct Head {
    kernel::BlockSummaries summaries;
    std::vector<float> shift;
    int64_t whole = 0;  // blocks of `summaries` that are
  };
  std::vector<std::vector<Head>> layers_;
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_KEY_SUMMARIES_H_
