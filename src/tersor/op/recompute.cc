#include "tersor/op/recompute.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>

namespace tersor::op {
namespace {

using Block = std::function<at::Tensor(const at::Tensor&)>;

/// Carries the block through the autograd graph.
struct BlockHolder : torch::CustomClassHolder {
  explicit BlockHolder(Block b) : block(std::move(b)) {}
  Block block;
};

class RecomputeFunction : public torch::autograd::Function<RecomputeFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input,
                            std::shared_ptr<Block> block) {
    context->save_for_backward({input});
    context->saved_data["block"] =
        c10::IValue::make_capsule(c10::make_intrusive<BlockHolder>(*block));
    return (*block)(input);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const auto holder =
        c10::static_intrusive_pointer_cast<BlockHolder>(context->saved_data["block"].toCapsule());
    const at::AutoGradMode with_graph(true);
    at::Tensor input = context->get_saved_variables()[0].detach().set_requires_grad(true);
    // A nested backward pass: it adds to the gradients of the parameters inside the block.
    holder->block(input).backward(grads[0]);
    return {input.grad(), at::Tensor()};
  }
};

}  // namespace

at::Tensor Recompute(const Block& block, const at::Tensor& input) {
  if (!at::GradMode::is_enabled()) {
    return block(input);
  }
  if (!input.requires_grad()) {
    // Without a gradient of the input the function would not be part of the graph at all.
    at::Tensor leaf = input.detach().set_requires_grad(true);
    return RecomputeFunction::apply(leaf, std::make_shared<Block>(block));
  }
  return RecomputeFunction::apply(input, std::make_shared<Block>(block));
}

}  // namespace tersor::op
