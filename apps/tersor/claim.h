// A claim recipe, recipes/<method>/<claim>.yaml: the commands whose records show one claim.
//
//   claim: What is shown, in one sentence.
//   side_by_side: true  # no cell uses another's files: they run together, of one thread each
//   cells:
//     - name: train      # places: {out} {recipes} {models} {cell}
//       run: [train, --recipe, "{recipes}/models/llama-3m.yaml", --output, "{out}/model"]
//     - name: large
//       full: true        # only with --full
//       seeds: 3          # large-seed0, large-seed1, ... with their mean and spread; without
//                         # --full the first of them only
//       run: [...]
//     - name: prune-{metric}-{sparsity}
//       for: {metric: [magnitude, wanda], sparsity: [0.5, 0.7]}   # a cell for each combination
//       run: [prune, --metric, "{metric}", --sparsity, "{sparsity}", ...]
#ifndef TERSOR_APPS_TERSOR_CLAIM_H_
#define TERSOR_APPS_TERSOR_CLAIM_H_

#include <string>
#include <vector>

namespace tersor::cli {

struct ClaimCell {
  std::string name;              // file name of its record
  std::vector<std::string> run;  // a verb and its arguments
  bool full = false;             // left out of the quick grid
  int64_t seeds = 1;             // runs that differ in their seed only
};

struct Claim {
  std::string name;  // file name without .yaml
  std::string text;
  bool side_by_side = false;
  std::vector<ClaimCell> cells;
};

/// Throws UsageError naming the file, line and key that is wrong.
Claim ReadClaim(const std::string& path);

/// The folder that holds recipes/ and models/: the working directory, the build tree's source, or
/// the installation's share folder. Throws Error where none does.
std::string ResourceFolder();

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_CLAIM_H_
