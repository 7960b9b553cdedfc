// LLaMA and its relatives Mistral and Qwen2: pre-norm blocks with RMSNorm, rotary positions,
// grouped queries and a gated MLP. Touvron et al. 2023, arXiv:2302.13971; Jiang et al. 2023,
// arXiv:2310.06825; Yang et al. 2024, arXiv:2407.10671.
#ifndef TERSOR_MODEL_LLAMA_H_
#define TERSOR_MODEL_LLAMA_H_

#include <memory>
#include <vector>

#include "tersor/model/language_model.h"

namespace tersor::model {

class Llama : public LanguageModel {
 public:
  Llama(const io::ModelConfig& config, const Plugs& plugs);
  ~Llama() override;

  at::Tensor Embed(const at::Tensor& tokens) override;
  at::Tensor RunBlock(int64_t block, const at::Tensor& x, int64_t batch, at::Tensor* loss) override;
  at::Tensor Finish(const at::Tensor& x) override;
  const at::Tensor& HeadWeight() const override { return head_.value; }
  nn::ParameterList Parameters() const override;

 private:
  class Block;

  nn::Parameter embedding_, head_;  // head_ shares the embedding's tensor where tied
  std::vector<std::unique_ptr<Block>> blocks_;
  struct Shared;
  std::unique_ptr<Shared> shared_;  // what all blocks use: rotary tables, final norm
};

}  // namespace tersor::model

#endif  // TERSOR_MODEL_LLAMA_H_
