// Training state on disk: a model folder (weights in float32) with two files beside it, replaced as
// a whole, so that a kill at any moment leaves a checkpoint from which training resumes bit for
// bit.
#ifndef TERSOR_TRAIN_CHECKPOINT_H_
#define TERSOR_TRAIN_CHECKPOINT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tersor/io/dtype.h"
#include "tersor/nn/parameter.h"
#include "tersor/util/json.h"

namespace tersor::train {

/// Where a run stands, apart from its tensors.
struct RunState {
  int64_t step = 0;         // optimizer steps done
  int64_t total_steps = 0;  // fixed early when a time budget ends the run
  double seconds = 0;       // training time so far, over all sessions
  double targets = 0;       // targets trained on so far
  double best_loss = 0;     // lowest validation loss; meaningful when best_step >= 0
  int64_t best_step = -1;
  Json config;  // of the run, to be compared on resume

  Json ToJson() const;
  static RunState FromJson(const Json& json, const std::string& source);
};

/// Writes the files other than weights of a model folder (config.json, tokenizer) for weights
/// stored as `dtype`.
using FolderWriter = std::function<void(const std::string& folder, io::Dtype dtype)>;

/// Replaces `folder` by a model folder with these weights in `dtype`.
void SaveModelFolder(const std::string& folder, const nn::ParameterList& parameters,
                     io::Dtype dtype, const FolderWriter& write_files);

/// SaveModelFolder in float32 plus training_state.json and training_state.safetensors.
void SaveRun(const std::string& folder, const nn::ParameterList& parameters,
             const nn::NamedTensors& state, const RunState& run, const FolderWriter& write_files);

/// The state of a saved run; nullopt where `folder` holds none. Throws Error for a damaged one.
std::optional<RunState> ReadRunState(const std::string& folder);

/// Fills parameters and state tensors from the folder.
void LoadRun(const std::string& folder, const nn::ParameterList& parameters,
             const nn::NamedTensors& state);

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_CHECKPOINT_H_
