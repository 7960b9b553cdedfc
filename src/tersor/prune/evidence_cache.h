// What calibration says of the dense model, kept in a file: the same for every allocation.
#ifndef TERSOR_PRUNE_EVIDENCE_CACHE_H_
#define TERSOR_PRUNE_EVIDENCE_CACHE_H_

#include <optional>
#include <string>
#include <vector>

#include "tersor/nn/parameter.h"
#include "tersor/prune/saliency.h"

namespace tersor::prune {

class EvidenceCache {
 public:
  /// The file's name holds what the evidence follows from: the model's parameters, the calibration
  /// tokens and, for inverse diagonals, the damping.
  EvidenceCache(const std::string& folder, const nn::ParameterList& parameters,
                const at::Tensor& calibration, bool inverse_diagonal, double damping);

  /// Evidence of the inputs of `weights`; nullopt where there is no file, or a damaged one.
  std::optional<std::vector<InputEvidence>> Find(const nn::ParameterList& weights) const;
  void Store(const nn::ParameterList& weights, const std::vector<InputEvidence>& evidence) const;

 private:
  std::string path_;
};

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_EVIDENCE_CACHE_H_
