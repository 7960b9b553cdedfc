#include "tersor/kernel/mxfp4_code.h"

#include <algorithm>

#include "tersor/kernel/mxfp4_reference.h"

namespace tersor::kernel {
namespace {

bool Copy(bool finite, const Mxfp4Matrix& from, const Mxfp4Out& out) {
  std::copy(from.codes.begin(), from.codes.end(), out.codes);
  std::copy(from.scales.begin(), from.scales.end(), out.scales);
  return finite;
}

}  // namespace

bool QuantizeMxfp4(const FloatRows& x, const MxRounding& rounding, const Mxfp4Out& out) {
  Mxfp4Matrix result;
  return Copy(QuantizeMxfp4Reference(x, rounding, result), result, out);
}

bool QuantizeMxfp4Transposed(const FloatRows& x, const MxRounding& rounding, const Mxfp4Out& out) {
  Mxfp4Matrix result;
  return Copy(QuantizeMxfp4TransposedReference(x, rounding, result), result, out);
}

bool RequantizeMxfp4Transposed(const Mxfp4Codes& q, const MxRounding& rounding,
                               const Mxfp4Out& out) {
  Mxfp4Matrix from(q.rows, q.cols), result;
  std::copy_n(q.codes, from.codes.size(), from.codes.begin());
  std::copy_n(q.scales, from.scales.size(), from.scales.begin());
  return Copy(RequantizeMxfp4TransposedReference(from, rounding, result), result, out);
}

bool QuantizeMxfp4ByEma(const FloatRows& w, const FloatRows& ema, MxScaleRule scale,
                        const Mxfp4Out& out) {
  Mxfp4Matrix result;
  return Copy(QuantizeMxfp4ByEmaReference(w, ema, scale, result), result, out);
}

void DecodeMxfp4(const Mxfp4Codes& q, float* values, int64_t stride) {
  for (int64_t r = 0; r < q.rows; ++r) {
    for (int64_t c = 0; c < q.cols; ++c) {
      const int64_t group = r * q.groups() + c / kMxGroup;
      const uint8_t byte = q.codes[group * kMxfp4GroupBytes + c % kMxGroup / 2];
      values[r * stride + c] =
          DecodeMx(MxElement::kE2M1, byte >> (c % 2 * 4) & 15) * MxScaleValue(q.scales[group]);
    }
  }
}

void Mxfp4GroupToGgml(const uint8_t* codes, uint8_t* ggml) {
  for (int64_t i = 0; i < kMxfp4GroupBytes; ++i) {
    const auto code = [&](int64_t at) { return codes[at / 2] >> (at % 2 * 4) & 15; };
    ggml[i] = static_cast<uint8_t>(code(i) | code(i + 16) << 4);
  }
}

void Mxfp4GroupFromGgml(const uint8_t* ggml, uint8_t* codes) {
  for (int64_t i = 0; i < kMxfp4GroupBytes; ++i) {
    const auto code = [&](int64_t at) { return ggml[at % 16] >> (at / 16 * 4) & 15; };
    codes[i] = static_cast<uint8_t>(code(2 * i) | code(2 * i + 1) << 4);
  }
}

}  // namespace tersor::kernel
