#include "tersor/kernel/mxfp4_gemm.h"

#include <algorithm>
#include <utility>

#include "tersor/kernel/mxfp4_reference.h"

namespace tersor::kernel {
namespace {

Mxfp4Matrix Copy(const Mxfp4Codes& q) {
  Mxfp4Matrix copy(q.rows, q.cols);
  std::copy_n(q.codes, copy.codes.size(), copy.codes.begin());
  std::copy_n(q.scales, copy.scales.size(), copy.scales.begin());
  return copy;
}

}  // namespace

Mxfp4Operand PackMxfp4(const Mxfp4Source& source, OperandSide side, Workspace& workspace) {
  const bool has_codes = source.codes.codes != nullptr;
  Mxfp4Operand operand;
  operand.side = side;
  operand.rows = has_codes ? source.codes.rows : source.x.rows;
  operand.depth = has_codes ? source.codes.cols : source.x.cols;
  if (source.transposed) {
    std::swap(operand.rows, operand.depth);
  }
  const int64_t groups = operand.rows * MxGroups(operand.depth);
  Mxfp4Out out = source.keep;
  if (out.codes == nullptr) {
    out = {workspace.Take<uint8_t>(groups * kMxfp4GroupBytes), workspace.Take<uint8_t>(groups)};
  }
  operand.codes = {operand.rows, operand.depth, out.codes, out.scales};
  if (has_codes && source.transposed) {
    operand.finite = RequantizeMxfp4Transposed(source.codes, source.rounding, out);
  } else if (has_codes) {
    operand.codes = source.codes;
  } else if (source.ema.data != nullptr) {
    operand.finite = QuantizeMxfp4ByEma(source.x, source.ema, source.rounding.scale, out);
  } else if (source.transposed) {
    operand.finite = QuantizeMxfp4Transposed(source.x, source.rounding, out);
  } else {
    operand.finite = QuantizeMxfp4(source.x, source.rounding, out);
  }
  return operand;
}

void MatmulMxfp4(const Mxfp4Operand& a, const Mxfp4Operand& b, bool accumulate, float* y,
                 int64_t stride) {
  const Mxfp4Matrix left = Copy(a.codes), right = Copy(b.codes);
  std::vector<float> sums(static_cast<size_t>(a.rows * b.rows));
  for (int64_t r = 0; r < a.rows && accumulate; ++r) {
    std::copy_n(y + r * stride, b.rows, sums.begin() + r * b.rows);
  }
  MatmulMxfp4Reference(left, right, accumulate, sums.data());
  for (int64_t r = 0; r < a.rows; ++r) {
    std::copy_n(sums.begin() + r * b.rows, b.rows, y + r * stride);
  }
}

}  // namespace tersor::kernel
