#include "tersor/nn/tensor_io.h"

#include <ATen/ATen.h>

#include <cstring>
#include <vector>

#include "tersor/util/error.h"

namespace tersor::nn {
namespace {

std::string ShapeText(at::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

/// Bytes of one tensor in its stored type, with the view that describes them.
struct Staged {
  io::HostTensor view;
  at::Tensor kept;  // holds the bytes where no conversion was needed
  std::vector<std::byte> converted;
};

Staged Stage(const std::string& name, const at::Tensor& tensor, io::Dtype float_type) {
  Staged staged;
  staged.view.name = name;
  staged.view.shape = tensor.sizes().vec();
  staged.kept = tensor.detach().to(at::kCPU).contiguous();
  const auto as_bytes = [&] {
    return std::span(static_cast<const std::byte*>(staged.kept.data_ptr()), staged.kept.nbytes());
  };
  if (tensor.scalar_type() == at::kLong) {
    staged.view.dtype = io::Dtype::kI64;
    staged.view.bytes = as_bytes();
    return staged;
  }
  TERSOR_CHECK(tensor.scalar_type() == at::kFloat, name, ": only float32 and int64 are saved");
  staged.view.dtype = float_type;
  if (float_type == io::Dtype::kF32) {
    staged.view.bytes = as_bytes();
    return staged;
  }
  const auto count = static_cast<size_t>(staged.kept.numel());
  staged.converted.resize(count * static_cast<size_t>(io::BitsOf(float_type)) / 8);
  io::FromFloat(float_type, {staged.kept.data_ptr<float>(), count}, staged.converted);
  staged.view.bytes = staged.converted;
  return staged;
}

}  // namespace

void CopyFrom(const io::HostTensor& stored, const at::Tensor& to) {
  TERSOR_CHECK(at::IntArrayRef(stored.shape) == to.sizes(), "tensor ", stored.name, " has shape ",
               ShapeText(stored.shape), ", but ", ShapeText(to.sizes()), " is expected");
  const at::NoGradGuard no_grad;
  if (to.scalar_type() == at::kLong) {
    TERSOR_CHECK(stored.dtype == io::Dtype::kI64, "tensor ", stored.name, " must be I64");
    std::memcpy(to.data_ptr(), stored.bytes.data(), stored.bytes.size());
    return;
  }
  at::Tensor host = to.is_cpu() && to.is_contiguous() && to.scalar_type() == at::kFloat
                        ? to
                        : at::empty(to.sizes(), at::kFloat);
  io::ToFloat(stored.dtype, stored.bytes,
              {host.data_ptr<float>(), static_cast<size_t>(host.numel())});
  if (!host.is_same(to)) {
    to.copy_(host);
  }
}

void SaveTensors(const std::string& path, const NamedTensors& tensors, io::Dtype float_type,
                 const std::map<std::string, std::string>& metadata) {
  std::vector<Staged> staged;
  std::vector<io::HostTensor> views;
  for (const auto& [name, tensor] : tensors) {
    staged.push_back(Stage(name, tensor, float_type));
    views.push_back(staged.back().view);
  }
  io::WriteSafetensors(path, views, metadata);
}

void LoadTensors(const io::TensorStore& store, const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    CopyFrom(store.Get(name), tensor);
  }
}

NamedTensors Named(const ParameterList& parameters) {
  NamedTensors list;
  for (const Parameter& parameter : parameters) {
    list.emplace_back(parameter.name, parameter.value);
  }
  return list;
}

}  // namespace tersor::nn
