// SpargeAttn while a model is served: which blocks of the cache new tokens attend to, and in what
// arithmetic.
#ifndef TERSOR_RUNTIME_SPARSE_ATTENTION_H_
#define TERSOR_RUNTIME_SPARSE_ATTENTION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "tersor/io/attention_settings.h"
#include "tersor/kernel/attend.h"
#include "tersor/kernel/attention_plan.h"
#include "tersor/kernel/flash_block.h"
#include "tersor/runtime/kv_cache.h"

namespace tersor::runtime {

/// What a planned AttendInput points to.
struct AttendPlan {
  kernel::BlockPlan blocks;
  kernel::BlockSelection selection;
  std::vector<kernel::Int8Keys> keys;      // [kv_heads]
  std::vector<kernel::Int8Values> values;  // likewise, or empty
};

class SparseAttention {
 public:
  /// `settings` fit the model (io::CheckSettingsFit).
  explicit SparseAttention(const io::AttentionSettings& settings);

  /// Sets what `input` attends to by a plan for its tokens, whose keys and values are in `cache`
  /// already (but not counted in); it then points into `plan` and `cache`. Of a layer whose heads
  /// are all dense, and where there is a window, all blocks are left in. INT8 is for many tokens
  /// (IsPrefill()). Sequences of a few blocks are left as they are.
  void Plan(int64_t layer, KvCache& cache, kernel::AttendInput& input, AttendPlan& plan) const;

 private:
  void Select(int64_t layer, KvCache& cache, kernel::AttendInput& input, AttendPlan& plan) const;

  struct Layer {
    std::vector<std::unique_ptr<kernel::BlockSelector>> selectors;  // of each query head
    std::vector<float> lambda;
    bool dense = true;
  };
  std::vector<Layer> layers_;
  kernel::Similarity similarity_;
  bool int8_, int8_values_;
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_SPARSE_ATTENTION_H_
