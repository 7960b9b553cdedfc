#include "tersor/op/saved_context.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tersor/kernel/group_code.h"

namespace tersor::op {
namespace {

kernel::GroupCodeShape ShapeOf(const at::Tensor& x, const ContextFormat& format) {
  const int64_t cols = x.size(-1);
  return {x.numel() / cols, cols, format.group, format.bits};
}

}  // namespace

std::vector<at::Tensor> SaveContext(const at::Tensor& x, const ContextFormat& format) {
  if (format.bits == 32) {
    return {x, at::Tensor(), at::Tensor()};
  }
  const kernel::GroupCodeShape shape = ShapeOf(x, format);
  const at::Tensor high = at::empty(x.sizes(), at::kByte);
  const at::Tensor low = at::empty({shape.rows * shape.low_cols()}, at::kByte);
  const at::Tensor scales = at::empty({shape.rows * shape.groups()}, at::kFloat);
  kernel::EncodeGroups(x.data_ptr<float>(), shape, high.data_ptr<uint8_t>(),
                       low.data_ptr<uint8_t>(), scales.data_ptr<float>());
  return {high, low, scales};
}

at::Tensor RestoreContext(std::span<const at::Tensor> saved, const ContextFormat& format) {
  if (format.bits == 32) {
    return saved[0];
  }
  at::Tensor x = at::empty(saved[0].sizes(), at::kFloat);
  kernel::DecodeGroups(saved[0].data_ptr<uint8_t>(), saved[1].data_ptr<uint8_t>(),
                       saved[2].data_ptr<float>(), ShapeOf(x, format), x.data_ptr<float>());
  return x;
}

void KeepFormat(torch::autograd::AutogradContext* context, const ContextFormat& format) {
  context->saved_data["bits"] = format.bits;
  context->saved_data["group"] = format.group;
}

ContextFormat KeptFormat(torch::autograd::AutogradContext* context) {
  return {static_cast<int>(context->saved_data["bits"].toInt()),
          context->saved_data["group"].toInt()};
}

}  // namespace tersor::op
