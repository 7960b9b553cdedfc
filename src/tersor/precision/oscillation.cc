#include "tersor/precision/oscillation.h"

#include <ATen/ATen.h>

#include <cmath>

namespace tersor::precision {
namespace {

std::vector<at::Tensor> Copies(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> copies;
  for (const at::Tensor& tensor : tensors) {
    copies.push_back(tensor.detach().clone());
  }
  return copies;
}

/// Adds |now - before| to the paths and returns |now - before|_F / |before|_F over all tensors.
double Advance(const std::vector<at::Tensor>& now, std::vector<at::Tensor>& before,
               std::vector<at::Tensor>& paths) {
  double moved = 0, size = 0;
  for (size_t i = 0; i < now.size(); ++i) {
    const at::Tensor difference = (now[i].detach() - before[i]).abs_();
    moved += difference.square().sum(at::kDouble).item<double>();
    size += before[i].square().sum(at::kDouble).item<double>();
    paths[i].add_(difference);
    before[i].copy_(now[i]);
  }
  return size > 0 ? std::sqrt(moved / size) : 0;
}

}  // namespace

void OscillationMeter::Begin(const std::vector<at::Tensor>& weights,
                             const std::vector<at::Tensor>& quantized, const at::Tensor& output) {
  const at::NoGradGuard no_grad;
  *this = OscillationMeter();
  weights_ = Copies(weights);
  quantized_ = Copies(quantized);
  for (const at::Tensor& weight : weights_) {
    weight_path_.push_back(at::zeros_like(weight));
    quantized_path_.push_back(at::zeros_like(weight));
  }
  output_ = output.defined() ? output.detach().clone() : output;
}

void OscillationMeter::Observe(const std::vector<at::Tensor>& weights,
                               const std::vector<at::Tensor>& quantized, const at::Tensor& output) {
  const at::NoGradGuard no_grad;
  weight_rate_ += Advance(weights, weights_, weight_path_);
  quantized_rate_ += Advance(quantized, quantized_, quantized_path_);
  if (output_.defined()) {
    output_rate_ += ((output - output_).norm() / output_.norm()).item<double>();
    output_ = output.detach().clone();
  }
  ++steps_;
}

at::Tensor OscillationMeter::Ratio(size_t index) const {
  return quantized_path_[index] / (weight_path_[index] + 1e-8);
}

double OscillationMeter::OscillatingShare() const {
  double oscillating = 0, all = 0;
  for (size_t i = 0; i < weights_.size(); ++i) {
    oscillating += static_cast<double>(Ratio(i).gt(kOscillating).sum().item<int64_t>());
    all += static_cast<double>(weights_[i].numel());
  }
  return all > 0 ? oscillating / all : 0;
}

}  // namespace tersor::precision
