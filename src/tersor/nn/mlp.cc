#include "tersor/nn/mlp.h"

#include <ATen/ATen.h>

#include "tersor/op/activation.h"
#include "tersor/op/swiglu.h"

namespace tersor::nn {
namespace {

void Append(ParameterList& to, const ParameterList& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

RouterFactory SingleExpert() {
  return [](int64_t) { return std::make_unique<DenseRouter>(); };
}

GatedMlp::GatedMlp(const std::string& name, int64_t layer, int64_t dim, int64_t hidden, bool bias,
                   const PrecisionFactory& precision, const op::ContextFormat& context)
    : gate_up_({layer, "mlp.gate_up"}, dim,
               {{name + ".gate_proj", hidden, bias}, {name + ".up_proj", hidden, bias}}, precision),
      down_({layer, "mlp.down_proj"}, hidden, {{name + ".down_proj", dim, bias}}, precision),
      context_(context) {}

at::Tensor GatedMlp::Forward(const at::Tensor& x) const {
  const std::vector<at::Tensor> gate_up = gate_up_.Forward(x);
  return down_.Forward(op::SwiGlu(gate_up[0], gate_up[1], context_))[0];
}

ParameterList GatedMlp::Parameters() const {
  ParameterList list = gate_up_.Parameters();
  Append(list, down_.Parameters());
  return list;
}

PlainMlp::PlainMlp(const std::string& name, int64_t layer, int64_t dim, int64_t hidden, bool bias,
                   Activation activation, const PrecisionFactory& precision,
                   const op::ContextFormat& context)
    : fc1_({layer, "fc1"}, dim, {{name + ".fc1", hidden, bias}}, precision),
      fc2_({layer, "fc2"}, hidden, {{name + ".fc2", dim, bias}}, precision),
      activation_(activation),
      context_(context) {}

at::Tensor PlainMlp::Forward(const at::Tensor& x) const {
  const at::Tensor hidden = fc1_.Forward(x)[0];
  return fc2_.Forward(activation_ == Activation::kRelu ? op::Relu(hidden, context_)
                                                       : op::Gelu(hidden, context_))[0];
}

ParameterList PlainMlp::Parameters() const {
  ParameterList list = fc1_.Parameters();
  Append(list, fc2_.Parameters());
  return list;
}

RoutedMlp::RoutedMlp(std::unique_ptr<Router> router,
                     const std::function<std::unique_ptr<Mlp>(int64_t)>& make_expert)
    : router_(std::move(router)) {
  for (int64_t i = 0; i < router_->num_experts(); ++i) {
    experts_.push_back(make_expert(i));
  }
}

RoutedMlp::Result RoutedMlp::Forward(const at::Tensor& x) const {
  const Routing routing = router_->Route(x);
  at::Tensor output;
  for (size_t i = 0; i < experts_.size(); ++i) {
    const ExpertLoad& load = routing.experts[i];
    const at::Tensor in = load.tokens.defined() ? x.index_select(0, load.tokens) : x;
    at::Tensor y = experts_[i]->Forward(in);
    if (load.weights.defined()) {
      y = y * load.weights.unsqueeze(1);
    }
    if (load.tokens.defined()) {
      output = (output.defined() ? output : at::zeros_like(x)).index_add(0, load.tokens, y);
    } else {
      output = output.defined() ? output + y : y;
    }
  }
  return {output, routing.loss};
}

ParameterList RoutedMlp::Parameters() const {
  ParameterList list = router_->Parameters();
  for (const std::unique_ptr<Mlp>& expert : experts_) {
    Append(list, expert->Parameters());
  }
  return list;
}

}  // namespace tersor::nn
