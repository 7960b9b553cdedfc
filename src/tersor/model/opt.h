// OPT: learned positions, LayerNorm, a plain MLP and optional projections around the blocks.
// Zhang et al. 2022, arXiv:2205.01068.
#ifndef TERSOR_MODEL_OPT_H_
#define TERSOR_MODEL_OPT_H_

#include <memory>
#include <optional>
#include <vector>

#include "tersor/model/language_model.h"
#include "tersor/nn/norm.h"

namespace tersor::model {

class Opt : public LanguageModel {
 public:
  Opt(const io::ModelConfig& config, const Plugs& plugs);
  ~Opt() override;

  at::Tensor Embed(const at::Tensor& tokens) override;
  at::Tensor RunBlock(int64_t block, const at::Tensor& x, int64_t batch, at::Tensor* loss) override;
  at::Tensor Finish(const at::Tensor& x) override;
  const at::Tensor& HeadWeight() const override { return embedding_.value; }
  nn::ParameterList Parameters() const override;

 private:
  class Block;

  nn::Parameter embedding_, positions_;
  std::unique_ptr<nn::LinearGroup> project_in_, project_out_;  // null where widths agree
  std::vector<std::unique_ptr<Block>> blocks_;
  std::optional<nn::LayerNorm> final_norm_;
};

}  // namespace tersor::model

#endif  // TERSOR_MODEL_OPT_H_
