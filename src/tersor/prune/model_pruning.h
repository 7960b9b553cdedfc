// Prunes a language model: calibration, allocation, and the pruner block by block.
#ifndef TERSOR_PRUNE_MODEL_PRUNING_H_
#define TERSOR_PRUNE_MODEL_PRUNING_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tersor/prune/allocation.h"
#include "tersor/prune/calibration.h"
#include "tersor/prune/prunable_model.h"

namespace tersor::prune {

struct PruneOptions {
  double sparsity = 0.5;  // of the blocks' matrices together
  Pattern pattern;        // structured: sparsity is the pattern's, and an allocation other than
                          // uniform gives blocks patterns of their own with the same M
  Metric metric = Metric::kWanda;
  AllocationConfig allocation;
  double damping = 0.01;  // SparseGPT's
  std::string cache;      // folder where the dense model's evidence is kept; "": nowhere
};

/// One matrix after pruning.
struct PrunedMatrix {
  std::string name;
  int64_t block = 0;
  int64_t weights = 0, zeros = 0;
  double asked = 0;  // sparsity by the allocation
};

/// One layer (block or matrix) before and after, by the dense model's evidence.
struct PrunedLayer {
  double sparsity = 0;
  double dense_redundancy = 0, redundancy = 0;  // RedundancyKind::kAll
};

struct PruneResult {
  std::vector<PrunedMatrix> matrices;
  std::vector<PrunedLayer> layers;
  double zeros_before = 0;  // share of the dense model's weights that were zero
};

/// A random allocation and what came of it.
struct RandomAllocation {
  double redundancy_spread = 0;  // of the pruned layers, by RedundancyKind::kAll
  double perplexity = 0;
};

/// What happens, for progress: "measuring", "pruning", with the blocks done of all.
using PruneProgress = std::function<void(const char* phase, int64_t done, int64_t total)>;

class ModelPruning {
 public:
  /// `model` is dense; `calibration` int64 [samples, length]; `held_out`: tokens on which an
  /// allocation may measure perplexity. All must outlive this.
  ModelPruning(PrunableModel& model, const at::Tensor& calibration,
               std::span<const int32_t> held_out, const PruneOptions& options,
               PruneProgress progress);
  ~ModelPruning();

  /// Prunes the model in place. Throws Error where weights or activations are not finite, or the
  /// model has more zeros than were asked for.
  PruneResult Run();

  /// For each block the perplexity on the held-out tokens with that block alone pruned: layerwise
  /// pruning sensitivity. The model is dense before and after.
  std::vector<double> Sensitivity(double sparsity);

  /// `count` allocations with layers drawn up to `range` from the sparsity: does even redundancy go
  /// with low perplexity? The model is dense before and after.
  std::vector<RandomAllocation> TryRandomly(int64_t count, double range, uint64_t seed);

 private:
  void FillTask(AllocationTask& task);
  /// With what the pruner's metric needs, for allocations and for redundancies.
  void AddEvidence(AllocationTask& task);
  void AddEvidence(std::vector<Matrix>& matrices, bool norms, bool inverse_diagonal);
  std::vector<InputEvidence> Measure(bool inverse_diagonal, int64_t first_block);
  std::vector<InputEvidence> Remeasure(const std::vector<Matrix>& matrices,
                                       const std::vector<double>& by_matrix, int64_t block);
  void Prune(const std::vector<double>& by_matrix, bool keep_dense);
  void PruneBlock(int64_t block, const BlockStatistics& statistics, const double* sparsities);
  double HeldOutPerplexity();
  void KeepDense();
  void Restore();

  PrunableModel& model_;
  const at::Tensor& calibration_;
  std::span<const int32_t> held_out_;
  PruneOptions options_;
  std::unique_ptr<Pruner> pruner_;
  std::unique_ptr<Allocation> allocation_;
  PruneProgress progress_;
  nn::ParameterList weights_;      // of all blocks, in model order
  std::vector<int64_t> blocks_;    // that they are in
  std::vector<at::Tensor> dense_;  // copies of them
  BlockStatistics first_block_;    // by the evidence; without Gram matrices
};

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_MODEL_PRUNING_H_
