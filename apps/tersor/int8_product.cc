#include "int8_product.h"

#include <ATen/ATen.h>
#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <vector>

#include "bench_row.h"
#include "tersor/util/error.h"

namespace tersor::cli {

Int8Product::Int8Product(int64_t rows, int64_t depth, int64_t cols, int column_limit)
    : a_(at::randn({rows, depth})),
      b_(at::randn({cols, depth})),
      y_(at::empty({rows, cols})),
      coded_b_(Quantize(b_, column_limit)) {
  options_.criteria = true;
  coded_a_ = Quantize(a_, 127);
}

void Int8Product::FallBack(double rate, kernel::ResidualScale scale) {
  std::vector<float> sorted(coded_a_->criteria().begin(), coded_a_->criteria().end());
  std::sort(sorted.begin(), sorted.end());
  const auto kept = static_cast<size_t>((1 - rate) * static_cast<double>(sorted.size()));
  options_.residual_scale = scale;
  coded_a_->AddResiduals(a_, options_, kept > 0 ? sorted[kept - 1] : 0);
}

void Int8Product::Pack(const kernel::Int8Kernel& kernel) {
  kernel_ = &kernel;
  view_a_ = coded_a_->View();
  view_b_ = coded_b_->View();
  packed_a_ = kernel::PackInt8(view_a_, false, kernel::OperandSide::kRows, kernel, workspace_);
  packed_b_ = kernel::PackInt8(view_b_, false, kernel::OperandSide::kColumns, kernel, workspace_);
}

double Int8Product::Int8() {
  return Rate(SecondsOf(
      [&] { kernel::MatmulInt8(packed_a_, packed_b_, *kernel_, false, y_.data_ptr<float>()); }));
}

double Int8Product::Int8WithPack() {
  return Rate(SecondsOf([&] {
    const kernel::Workspace::Scope scope(workspace_);
    const auto coded = Quantize(a_, 127);
    const kernel::BlockCodes view = coded->View();
    kernel::MatmulInt8(
        kernel::PackInt8(view, false, kernel::OperandSide::kRows, *kernel_, workspace_), packed_b_,
        *kernel_, false, y_.data_ptr<float>());
  }));
}

double Int8Product::Float32() {
  return Rate(SecondsOf([&] { at::mm_out(y_, a_, b_.t()); }));
}

double Int8Product::OneDnn() {
  const int64_t rows = a_.size(0), depth = a_.size(1), cols = b_.size(0);
  if (!bytes_a_.defined()) {
    bytes_a_ = at::randint(256, {rows, depth}, at::kByte);
    bytes_b_ = at::randint(-127, 128, {cols, depth}, at::kChar);
    sums_ = at::empty({rows, cols}, at::kInt);
  }
  const int32_t offset = 0;
  dnnl_status_t status = dnnl_success;
  const double seconds = SecondsOf([&] {
    status = dnnl_gemm_u8s8s32('N', 'T', 'F', rows, cols, depth, 1.0f, bytes_a_.data_ptr<uint8_t>(),
                               depth, 0, bytes_b_.data_ptr<int8_t>(), depth, 0, 0.0f,
                               sums_.data_ptr<int32_t>(), cols, &offset);
  });
  TERSOR_CHECK(status == dnnl_success, "oneDNN's INT8 product failed with status ",
               static_cast<int>(status));
  return Rate(seconds);
}

std::optional<precision::CodedTensor> Int8Product::Quantize(const at::Tensor& x, int limit) {
  options_.limit = limit;
  return precision::CodedTensor::Quantize(x, options_);
}

double Int8Product::Rate(double seconds) const {
  return static_cast<double>(a_.size(0) * a_.size(1) * b_.size(0)) / seconds / 1e9;
}

}  // namespace tersor::cli
