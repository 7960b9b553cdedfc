// The definitions of mxfp4_code.h and mxfp4_gemm.h as plain loops.
#ifndef TERSOR_KERNEL_MXFP4_REFERENCE_H_
#define TERSOR_KERNEL_MXFP4_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tersor/kernel/mxfp4_code.h"

namespace tersor::kernel {

/// Codes that own their memory.
struct Mxfp4Matrix {
  int64_t rows = 0, cols = 0;
  std::vector<uint8_t> codes, scales;

  Mxfp4Matrix() = default;
  Mxfp4Matrix(int64_t rows, int64_t cols)
      : rows(rows),
        cols(cols),
        codes(static_cast<size_t>(rows * MxGroups(cols) * kMxfp4GroupBytes)),
        scales(static_cast<size_t>(rows * MxGroups(cols))) {}

  Mxfp4Codes View() const { return {rows, cols, codes.data(), scales.data()}; }
  Mxfp4Out Out() { return {codes.data(), scales.data()}; }

  uint8_t Scale(int64_t row, int64_t col) const {
    return scales[static_cast<size_t>(row * MxGroups(cols) + col / kMxGroup)];
  }
  uint8_t Code(int64_t row, int64_t col) const {
    const int64_t at = (row * MxGroups(cols) * kMxGroup + col) / 2;
    return static_cast<uint8_t>(codes[static_cast<size_t>(at)] >> (col % 2 * 4) & 15);
  }
  void SetCode(int64_t row, int64_t col, uint8_t code) {
    auto& byte = codes[static_cast<size_t>((row * MxGroups(cols) * kMxGroup + col) / 2)];
    byte = static_cast<uint8_t>(col % 2 == 0 ? (byte & 0xF0) | code : (byte & 0x0F) | code << 4);
  }
  float Value(int64_t row, int64_t col) const {
    return DecodeMx(MxElement::kE2M1, Code(row, col)) * MxScaleValue(Scale(row, col));
  }
};

/// Quantizes the [rows, cols] that value(row, col) gives; encode(row, col, x / S) is its code.
template <typename Value, typename Encode>
bool QuantizeMxfp4Reference(Mxfp4Matrix& out, MxScaleRule rule, const Value& value,
                            const Encode& encode) {
  bool finite = true;
  for (int64_t r = 0; r < out.rows; ++r) {
    for (int64_t first = 0; first < out.cols; first += kMxGroup) {
      const int64_t last = std::min(first + kMxGroup, out.cols);
      float largest = 0;
      for (int64_t c = first; c < last; ++c) {
        const float magnitude = std::fabs(value(r, c));
        largest = std::isfinite(magnitude) && !(magnitude > largest) ? largest : magnitude;
        if (!std::isfinite(magnitude)) {
          break;
        }
      }
      const uint8_t byte = MxScaleByte(MxElement::kE2M1, rule, largest);
      out.scales[static_cast<size_t>(r * MxGroups(out.cols) + first / kMxGroup)] = byte;
      for (int64_t c = first; c < last; ++c) {
        out.SetCode(
            r, c,
            byte == kMxNanScale ? uint8_t{0} : encode(r, c, std::ldexp(value(r, c), 127 - byte)));
      }
      finite &= byte != kMxNanScale;
    }
  }
  return finite;
}

/// The code of a value already divided by its scale.
inline uint8_t RoundMxfp4Reference(float scaled, int64_t index, const MxRounding& rounding) {
  return rounding.stochastic
             ? EncodeMxStochastic(MxElement::kE2M1, scaled,
                                  MxRandom(static_cast<uint32_t>(index), MixMxKey(rounding.key)))
             : EncodeMx(MxElement::kE2M1, scaled, rounding.ties);
}

inline bool QuantizeMxfp4Reference(const FloatRows& x, const MxRounding& rounding,
                                   Mxfp4Matrix& out) {
  out = Mxfp4Matrix(x.rows, x.cols);
  return QuantizeMxfp4Reference(
      out, rounding.scale, [&](int64_t r, int64_t c) { return x.data[r * x.stride + c]; },
      [&](int64_t r, int64_t c, float scaled) {
        return RoundMxfp4Reference(scaled, r * x.cols + c, rounding);
      });
}

inline bool QuantizeMxfp4TransposedReference(const FloatRows& x, const MxRounding& rounding,
                                             Mxfp4Matrix& out) {
  out = Mxfp4Matrix(x.cols, x.rows);
  return QuantizeMxfp4Reference(
      out, rounding.scale, [&](int64_t r, int64_t c) { return x.data[c * x.stride + r]; },
      [&](int64_t r, int64_t c, float scaled) {
        return RoundMxfp4Reference(scaled, c * x.cols + r, rounding);
      });
}

inline bool RequantizeMxfp4TransposedReference(const Mxfp4Matrix& q, const MxRounding& rounding,
                                               Mxfp4Matrix& out) {
  out = Mxfp4Matrix(q.cols, q.rows);
  return QuantizeMxfp4Reference(
      out, rounding.scale, [&](int64_t r, int64_t c) { return q.Value(c, r); },
      [&](int64_t r, int64_t c, float scaled) {
        return RoundMxfp4Reference(scaled, c * q.cols + r, rounding);
      });
}

inline bool QuantizeMxfp4ByEmaReference(const FloatRows& w, const FloatRows& ema, MxScaleRule scale,
                                        Mxfp4Matrix& out) {
  out = Mxfp4Matrix(w.rows, w.cols);
  const auto at = [](const FloatRows& x, int64_t r, int64_t c) { return x.data[r * x.stride + c]; };
  return QuantizeMxfp4Reference(
      out, scale,
      [&](int64_t r, int64_t c) {
        return std::isfinite(at(ema, r, c)) ? at(w, r, c) : std::numeric_limits<float>::quiet_NaN();
      },
      [&](int64_t r, int64_t c, float scaled) {
        // With no random addend the code is that of the lower neighbour.
        const uint8_t lower = EncodeMxStochastic(MxElement::kE2M1, scaled, 0);
        if ((lower & 7) == 7) {
          return lower;
        }
        const auto upper = static_cast<uint8_t>(lower + 1);
        const float middle = (std::fabs(DecodeMx(MxElement::kE2M1, lower)) +
                              std::fabs(DecodeMx(MxElement::kE2M1, upper))) /
                             2;
        const float e = std::ldexp(at(ema, r, c), 127 - out.Scale(r, c));
        return (std::signbit(scaled) ? -e : e) >= middle ? upper : lower;
      });
}

/// y [a.rows, b.rows] (+)= a bᵀ. A group's sum is a whole number of quarters, exact; with its
/// scales it is added to a float32 sum in the order of the groups, one rounding each.
inline void MatmulMxfp4Reference(const Mxfp4Matrix& a, const Mxfp4Matrix& b, bool accumulate,
                                 float* y) {
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t n = 0; n < b.rows; ++n) {
      float sum = accumulate ? y[r * b.rows + n] : 0;
      for (int64_t first = 0; first < a.cols; first += kMxGroup) {
        float dot = 0;
        for (int64_t c = first; c < std::min(first + kMxGroup, a.cols); ++c) {
          dot +=
              DecodeMx(MxElement::kE2M1, a.Code(r, c)) * DecodeMx(MxElement::kE2M1, b.Code(n, c));
        }
        // 2^(sa + sb) may exceed float32 both ways; its halves do not.
        const float left = MxScaleValue(a.Scale(r, first)), right = MxScaleValue(b.Scale(n, first));
        const int s = std::isnan(left + right) ? 0 : std::ilogb(left) + std::ilogb(right);
        const float term = std::ldexp(dot, s / 2);
        sum = std::isnan(left + right) ? left + right
                                       : std::fma(term, std::ldexp(1.0f, s - s / 2), sum);
      }
      y[r * b.rows + n] = sum;
    }
  }
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_REFERENCE_H_
