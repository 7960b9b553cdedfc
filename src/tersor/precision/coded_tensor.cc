#include "tersor/precision/coded_tensor.h"

#include <ATen/ATen.h>

namespace tersor::precision {

std::optional<CodedTensor> CodedTensor::Quantize(const at::Tensor& x, const Options& options) {
  CodedTensor coded;
  coded.grid_ = {x.size(0), x.size(1), options.block};
  coded.limit_ = options.limit;
  const kernel::BlockGrid& grid = coded.grid_;
  coded.codes_ = at::empty({grid.codes()}, at::kChar);
  coded.scales_ = at::empty({grid.blocks()}, at::kFloat);
  auto* codes = coded.codes_.data_ptr<int8_t>();
  auto* scales = coded.scales_.data_ptr<float>();
  const auto* values = x.data_ptr<float>();
  bool finite = false;
  if (options.one_scale) {
    finite = kernel::QuantizeTensor(values, grid, options.limit, options.rounding, codes, scales);
  } else {
    float* criteria = nullptr;
    if (options.criteria) {
      coded.criteria_ = at::empty({grid.blocks()}, at::kFloat);
      criteria = coded.criteria_.data_ptr<float>();
    }
    finite = kernel::QuantizeBlocks(values, grid, options.limit, options.rounding,
                                    options.criterion, codes, scales, criteria);
  }
  return finite ? std::optional(std::move(coded)) : std::nullopt;
}

int64_t CodedTensor::AddResiduals(const at::Tensor& x, const Options& options, double threshold) {
  slots_ = at::empty({grid_.blocks()}, at::kInt);
  auto* slots = slots_.data_ptr<int32_t>();
  int32_t count = 0;
  for (int64_t b = 0; b < grid_.blocks(); ++b) {
    slots[b] = static_cast<double>(criteria()[static_cast<size_t>(b)]) > threshold ? count++ : -1;
  }
  if (count == 0) {
    DropResiduals();
    return 0;
  }
  residuals_ = at::empty({count * grid_.block * grid_.block}, at::kChar);
  residual_scales_ = at::empty({count}, at::kFloat);
  kernel::QuantizeResiduals(x.data_ptr<float>(), grid_, limit_, options.residual_scale,
                            codes_.data_ptr<int8_t>(), scales_.data_ptr<float>(), slots,
                            residuals_.data_ptr<int8_t>(), residual_scales_.data_ptr<float>());
  return count;
}

std::vector<at::Tensor> CodedTensor::Save() const {
  return {codes_, scales_, slots_, residuals_, residual_scales_};
}

CodedTensor CodedTensor::Restore(std::span<const at::Tensor> saved, const kernel::BlockGrid& grid,
                                 int limit) {
  CodedTensor coded;
  coded.grid_ = grid;
  coded.limit_ = limit;
  coded.codes_ = saved[0];
  coded.scales_ = saved[1];
  coded.slots_ = saved[2];
  coded.residuals_ = saved[3];
  coded.residual_scales_ = saved[4];
  return coded;
}

std::span<const float> CodedTensor::criteria() const {
  return {criteria_.data_ptr<float>(), static_cast<size_t>(criteria_.numel())};
}

kernel::BlockCodes CodedTensor::View() const {
  kernel::BlockCodes view;
  view.grid = grid_;
  view.codes = codes_.data_ptr<int8_t>();
  view.scales = scales_.data_ptr<float>();
  view.limit = limit_;
  if (slots_.defined()) {
    view.slots = slots_.data_ptr<int32_t>();
    view.residuals = residuals_.data_ptr<int8_t>();
    view.residual_scales = residual_scales_.data_ptr<float>();
  }
  return view;
}

}  // namespace tersor::precision
