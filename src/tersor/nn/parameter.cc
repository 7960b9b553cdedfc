#include "tersor/nn/parameter.h"

#include <ATen/ATen.h>

#include <set>
#include <string_view>

#include "tersor/util/parallel_for.h"
#include "tersor/util/rng.h"

namespace tersor::nn {
namespace {

/// FNV-1a: gives each parameter its own stream of random numbers.
uint64_t HashName(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace

Parameter MakeParameter(std::string name, at::IntArrayRef shape, bool decay, float fill) {
  at::Tensor value = at::full(shape, fill, at::kFloat);
  value.set_requires_grad(true);
  return {std::move(name), std::move(value), decay};
}

void InitNormal(Parameter& parameter, double stddev, uint64_t seed) {
  const Rng rng(seed, HashName(parameter.name));
  at::Tensor host = at::empty(parameter.value.sizes(), at::kFloat);
  float* out = host.data_ptr<float>();
  ParallelFor(0, host.numel(), 1 << 14, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      out[i] = static_cast<float>(stddev * rng.Normal(static_cast<uint64_t>(i)));
    }
  });
  const at::NoGradGuard no_grad;
  parameter.value.copy_(host);
}

int64_t CountElements(const ParameterList& parameters) {
  std::set<const void*> seen;
  int64_t count = 0;
  for (const Parameter& parameter : parameters) {
    if (seen.insert(parameter.value.unsafeGetTensorImpl()).second) {
      count += parameter.value.numel();
    }
  }
  return count;
}

}  // namespace tersor::nn
