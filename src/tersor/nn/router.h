// Router: which experts a token visits, and the loss that shapes the choice.
#ifndef TERSOR_NN_ROUTER_H_
#define TERSOR_NN_ROUTER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "tersor/nn/parameter.h"

namespace tersor::nn {

/// The tokens that one expert receives.
struct ExpertLoad {
  at::Tensor tokens;   // int64 [n], rows of x; undefined: every token
  at::Tensor weights;  // [n], factor of the expert's output, differentiable; undefined: 1
};

struct Routing {
  std::vector<ExpertLoad> experts;
  at::Tensor loss;  // scalar added to the objective; undefined: none
};

/// One instance a routed block.
class Router {
 public:
  virtual ~Router() = default;
  virtual int64_t num_experts() const = 0;
  /// x [tokens, dim] -> for each expert, its tokens and their weights.
  virtual Routing Route(const at::Tensor& x) = 0;
  virtual ParameterList Parameters() const { return {}; }
};

/// Makes the router of transformer block `layer`.
using RouterFactory = std::function<std::unique_ptr<Router>(int64_t layer)>;

/// One expert that every token visits: the ordinary MLP.
class DenseRouter : public Router {
 public:
  int64_t num_experts() const override { return 1; }
  Routing Route(const at::Tensor&) override { return {{ExpertLoad{}}, {}}; }
};
RouterFactory SingleExpert();

}  // namespace tersor::nn

#endif  // TERSOR_NN_ROUTER_H_
