#include "tersor/precision/mxfp4_tensor.h"

#include <ATen/ATen.h>

#include <utility>

namespace tersor::precision {
namespace {

kernel::FloatRows RowsOf(const at::Tensor& x) {
  return {x.data_ptr<float>(), x.size(0), x.size(1), x.size(1)};
}

std::optional<Mxfp4Tensor> IfFinite(bool finite, Mxfp4Tensor coded) {
  return finite ? std::optional(std::move(coded)) : std::nullopt;
}

}  // namespace

Mxfp4Tensor::Mxfp4Tensor(int64_t rows, int64_t cols)
    : rows_(rows),
      cols_(cols),
      codes_(at::empty({rows, kernel::MxGroups(cols), kernel::kMxfp4GroupBytes}, at::kByte)),
      scales_(at::empty({rows, kernel::MxGroups(cols)}, at::kByte)) {}

kernel::Mxfp4Out Mxfp4Tensor::Out() {
  return {codes_.data_ptr<uint8_t>(), scales_.data_ptr<uint8_t>()};
}

std::optional<Mxfp4Tensor> Mxfp4Tensor::Quantize(const at::Tensor& x,
                                                 const kernel::MxRounding& rounding) {
  Mxfp4Tensor coded(x.size(0), x.size(1));
  const bool finite = kernel::QuantizeMxfp4(RowsOf(x), rounding, coded.Out());
  return IfFinite(finite, std::move(coded));
}

std::optional<Mxfp4Tensor> Mxfp4Tensor::QuantizeTransposed(const at::Tensor& x,
                                                           const kernel::MxRounding& rounding) {
  Mxfp4Tensor coded(x.size(1), x.size(0));
  const bool finite = kernel::QuantizeMxfp4Transposed(RowsOf(x), rounding, coded.Out());
  return IfFinite(finite, std::move(coded));
}

std::optional<Mxfp4Tensor> Mxfp4Tensor::QuantizeByEma(const at::Tensor& w,
                                                      const at::Tensor& average,
                                                      kernel::MxScaleRule scale) {
  Mxfp4Tensor coded(w.size(0), w.size(1));
  const bool finite = kernel::QuantizeMxfp4ByEma(RowsOf(w), RowsOf(average), scale, coded.Out());
  return IfFinite(finite, std::move(coded));
}

at::Tensor Mxfp4Tensor::Values() const {
  at::Tensor values = at::empty({rows_, cols_}, at::kFloat);
  kernel::DecodeMxfp4(View(), values.data_ptr<float>(), cols_);
  return values;
}

Mxfp4Tensor Mxfp4Tensor::Restore(std::span<const at::Tensor> saved, int64_t rows, int64_t cols) {
  Mxfp4Tensor coded(0, 0);
  coded.rows_ = rows;
  coded.cols_ = cols;
  coded.codes_ = saved[0];
  coded.scales_ = saved[1];
  return coded;
}

kernel::Mxfp4Codes Mxfp4Tensor::View() const {
  return {rows_, cols_, codes_.data_ptr<uint8_t>(), scales_.data_ptr<uint8_t>()};
}

}  // namespace tersor::precision
