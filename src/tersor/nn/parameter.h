// Parameters: the tensors that training changes, named as in the checkpoint.
#ifndef TERSOR_NN_PARAMETER_H_
#define TERSOR_NN_PARAMETER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tersor::nn {

/// Copies share the tensor, as tensors do.
struct Parameter {
  std::string name;  // as in the checkpoint, such as "model.layers.0.mlp.up_proj.weight"
  at::Tensor value;
  bool decay = true;  // weight decay applies (matrices; not norms, biases)
};
using ParameterList = std::vector<Parameter>;

/// Named tensors that are not parameters: optimizer moments, averages, thresholds.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// A float32 parameter of zeros, or of ones, that requires gradients.
Parameter MakeParameter(std::string name, at::IntArrayRef shape, bool decay, float fill = 0);

/// Fills with N(0, stddev^2). Element i is a function of (seed, name, i) only, so that a model's
/// start does not depend on threads, ranks or the order of its layers.
void InitNormal(Parameter& parameter, double stddev, uint64_t seed);

/// Number of elements over all parameters; a shared tensor counts once.
int64_t CountElements(const ParameterList& parameters);

}  // namespace tersor::nn

#endif  // TERSOR_NN_PARAMETER_H_
