// SpargeAttn while a model is served: which blocks of the cache new tokens attend to.
#ifndef TERSOR_RUNTIME_SPARSE_ATTENTION_H_
#define TERSOR_RUNTIME_SPARSE_ATTENTION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "tersor/io/attention_settings.h"
#include "tersor/kernel/attend.h"
#include "tersor/kernel/attention_plan.h"
#include "tersor/runtime/kv_cache.h"

namespace tersor::runtime {

class SparseAttention {
 public:
  /// `settings` fit the model (io::CheckSettingsFit). Scores stay in the cache's type: `int8` is
  /// not looked at.
  explicit SparseAttention(const io::AttentionSettings& settings);

  /// Sets `input`'s selection and lambda by a plan for its tokens, whose keys are in `cache`
  /// already (but not counted in). The plan is kept in `plan`. A layer whose heads are all dense, a
  /// window, and sequences of a few blocks are left as they are.
  void Plan(int64_t layer, KvCache& cache, kernel::AttendInput& input, kernel::BlockPlan& plan,
            kernel::BlockSelection& selection) const;

 private:
  struct Layer {
    std::vector<std::unique_ptr<kernel::BlockSelector>> selectors;  // of each query head
    std::vector<float> lambda;
    bool dense = true;
  };
  std::vector<Layer> layers_;
  kernel::Similarity similarity_;
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_SPARSE_ATTENTION_H_
