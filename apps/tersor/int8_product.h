// y = a bᵀ in INT8, in float32 and by oneDNN, to be timed.
#ifndef TERSOR_APPS_TERSOR_INT8_PRODUCT_H_
#define TERSOR_APPS_TERSOR_INT8_PRODUCT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "tersor/kernel/int8_gemm.h"
#include "tersor/kernel/workspace.h"
#include "tersor/precision/coded_tensor.h"

namespace tersor::cli {

/// Random matrices [rows, depth] and [cols, depth]. Each product returns its rate in GMAC/s.
class Int8Product {
 public:
  Int8Product(int64_t rows, int64_t depth, int64_t cols, int column_limit);

  /// Lets this share of the rows operand's blocks fall back.
  void FallBack(double rate, kernel::ResidualScale scale);
  /// Packs for a kernel; what follows multiplies with it.
  void Pack(const kernel::Int8Kernel& kernel);

  double Int8();
  double Int8WithPack();
  double Float32();
  /// dnnl_gemm_u8s8s32: one offset and no scale, whole-matrix sums in int32, pairs that saturate.
  double OneDnn();

 private:
  std::optional<precision::CodedTensor> Quantize(const at::Tensor& x, int limit);
  double Rate(double seconds) const;

  precision::CodedTensor::Options options_;
  at::Tensor a_, b_, y_;
  std::optional<precision::CodedTensor> coded_a_, coded_b_;
  kernel::BlockCodes view_a_, view_b_;
  kernel::Workspace workspace_;
  kernel::Int8Operand packed_a_, packed_b_;
  const kernel::Int8Kernel* kernel_ = nullptr;
  at::Tensor bytes_a_, bytes_b_, sums_;  // oneDNN's: uint8, int8, int32
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_INT8_PRODUCT_H_
