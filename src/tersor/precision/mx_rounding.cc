#include "tersor/precision/mx_rounding.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace tersor::precision {
namespace {

using kernel::MxElementFormat;
using kernel::MxTies;

constexpr int64_t kGroup = kernel::kMxGroup;
constexpr int64_t kLow32 = 0xFFFFFFFF;

/// [lines, groups, 32] of a matrix [lines, length], padded with zeros; and back.
at::Tensor Grouped(const at::Tensor& lines) {
  const int64_t surplus = (kGroup - lines.size(1) % kGroup) % kGroup;
  return at::constant_pad_nd(lines, {0, surplus}).reshape({lines.size(0), -1, kGroup});
}
at::Tensor Ungrouped(const at::Tensor& groups, int64_t length) {
  return groups.reshape({groups.size(0), -1}).narrow(1, 0, length);
}

/// kernel::MxScaleByte of each group's largest magnitude, [lines, groups, 1] as int32.
at::Tensor ScaleBytes(const at::Tensor& groups, const MxElementFormat& format,
                      kernel::MxScaleRule rule) {
  const at::Tensor magnitude = groups.abs();
  at::Tensor bits = at::amax(magnitude, -1, /*keepdim=*/true).contiguous().view(at::kInt);
  const at::Tensor mantissa = bits.bitwise_and(0x7FFFFF);
  at::Tensor exponent = bits.bitwise_right_shift(23);
  if (rule == kernel::MxScaleRule::kTruncationFree) {
    const int largest = static_cast<int>(std::bit_cast<uint32_t>(format.largest) & 0x7FFFFFu);
    exponent = exponent + mantissa.gt(largest);
  } else if (rule == kernel::MxScaleRule::kEven) {
    exponent = (bits + (1 << (22 - format.mantissa_bits))).bitwise_right_shift(23);
  } else if (rule == kernel::MxScaleRule::kCeil) {
    exponent = exponent + mantissa.gt(0);
  }
  at::Tensor bytes = (exponent - format.emax).clamp_min(0);
  if (rule == kernel::MxScaleRule::kTruncationFree) {
    bytes.masked_fill_(bits.eq(0), 127 - 29);
  }
  return bytes.masked_fill_(bits.ge(0x7F800000), kernel::kMxNanScale).to(at::kInt);
}

/// The powers of two that scale bytes stand for.
at::Tensor ScaleValues(const at::Tensor& bytes) {
  const at::Tensor values =
      bytes.bitwise_left_shift(23).masked_fill_(bytes.eq(0), 0x400000).view(at::kFloat);
  return values.masked_fill(bytes.eq(kernel::kMxNanScale),
                            std::numeric_limits<double>::quiet_NaN());
}

/// Where |x| lies on an element's grid: lower · gap <= |x|, in units of the gap to the next value.
struct Place {
  at::Tensor lower;  // int64
  at::Tensor above;  // int64: what |x| lies above it, in units of 2^-24 gaps, rounded down
  at::Tensor gap;    // double: a power of two
  at::Tensor odd;    // whether the code of `lower` is odd
};
Place PlaceOf(const at::Tensor& scaled, const MxElementFormat& format) {
  const at::Tensor magnitude =
      scaled.to(at::kDouble).abs().clamp_max(2.0 * static_cast<double>(format.largest));
  const auto [fraction, power] = at::frexp(magnitude);
  const at::Tensor exponent = (power - 1)
                                  .masked_fill_(magnitude.eq(0), format.emin())
                                  .clamp_min(format.emin())
                                  .to(at::kDouble);
  Place place;
  place.gap = at::exp2(exponent - format.mantissa_bits);
  const at::Tensor units = (magnitude / place.gap * 0x1p24).floor().nan_to_num(0).to(at::kLong);
  place.lower = units.bitwise_right_shift(24);
  place.above = units.bitwise_and(0xFFFFFF);
  const at::Tensor code =
      place.lower +
      (exponent - format.emin()).to(at::kLong).bitwise_left_shift(format.mantissa_bits);
  place.odd = code.bitwise_and(1);
  return place;
}

at::Tensor TieAddend(const Place& place, const at::Tensor& scaled, MxTies ties) {
  constexpr int64_t kHalf = 1 << 23;
  switch (ties) {
    case MxTies::kAway:
      return at::full_like(place.lower, kHalf);
    case MxTies::kLarger:
      return kHalf - at::signbit(scaled).to(at::kLong);
    case MxTies::kTowardZero:
      return at::full_like(place.lower, kHalf - 1);
    case MxTies::kEven:
      break;
  }
  return place.odd + (kHalf - 1);
}

/// a · b modulo 2^32 of int64 tensors below 2^32, which a plain product would overflow.
at::Tensor Multiply32(const at::Tensor& a, uint32_t b) {
  const at::Tensor low = a.bitwise_and(0xFFFF) * static_cast<int64_t>(b);
  const at::Tensor high = (a.bitwise_right_shift(16) * static_cast<int64_t>(b)).bitwise_and(0xFFFF);
  return (low + high.bitwise_left_shift(16)).bitwise_and(kLow32);
}

/// kernel::MxRandom of indices [0, rows · cols), as int64 [rows, cols].
at::Tensor RandomBits(const at::Tensor& like, uint64_t key) {
  const uint64_t mixed = kernel::MixMxKey(key);
  const auto low = static_cast<int64_t>(mixed & 0xFFFFFFFFu);
  const auto high = static_cast<int64_t>(mixed >> 32);
  const auto shift_xor = [](const at::Tensor& h, int64_t bits) {
    return h.bitwise_xor(h.bitwise_right_shift(bits));
  };
  at::Tensor h = at::arange(like.numel(), like.options().dtype(at::kLong));
  h = (Multiply32(h.bitwise_and(kLow32), 0x9E3779B9u) + low).bitwise_and(kLow32);
  h = Multiply32(shift_xor(h, 16), 0x7FEB352Du);
  h = Multiply32(shift_xor(h, 15).bitwise_xor(high), 0x846CA68Bu);
  return shift_xor(h, 16).bitwise_right_shift(8).reshape(like.sizes());
}

/// The values of lower + up neighbours, with the signs and scales of their groups.
at::Tensor Values(const Place& place, const at::Tensor& up, const at::Tensor& scaled,
                  const at::Tensor& scale, const MxElementFormat& format) {
  const at::Tensor magnitude = ((place.lower + up).to(at::kDouble) * place.gap)
                                   .clamp_max(static_cast<double>(format.largest));
  return at::copysign(magnitude.to(at::kFloat), scaled) * scale;
}

at::Tensor RoundLines(const at::Tensor& lines, const at::Tensor& random_bits,
                      kernel::MxElement element, const kernel::MxRounding& rounding) {
  const MxElementFormat format = kernel::FormatOf(element);
  const at::Tensor groups = Grouped(lines);
  const at::Tensor scale = ScaleValues(ScaleBytes(groups, format, rounding.scale));
  const at::Tensor scaled = groups / scale;
  const Place place = PlaceOf(scaled, format);
  const at::Tensor addend =
      rounding.stochastic ? Grouped(random_bits) : TieAddend(place, scaled, rounding.ties);
  const at::Tensor up = (place.above + addend).bitwise_right_shift(24);
  return Ungrouped(Values(place, up, scaled, scale, format), lines.size(1));
}

}  // namespace

at::Tensor RoundToMx(const at::Tensor& x, int64_t axis, kernel::MxElement element,
                     const kernel::MxRounding& rounding) {
  at::Tensor random;
  if (rounding.stochastic) {
    random = RandomBits(x, rounding.key);
  }
  if (axis == 1) {
    return RoundLines(x, random, element, rounding);
  }
  const at::Tensor turned = random.defined() ? random.t() : random;
  return RoundLines(x.t(), turned, element, rounding).t();
}

at::Tensor RoundByEma(const at::Tensor& w, const at::Tensor& average, kernel::MxScaleRule rule) {
  const MxElementFormat format = kernel::FormatOf(kernel::MxElement::kE2M1);
  const at::Tensor groups = Grouped(w), averages = Grouped(average);
  const at::Tensor scale = ScaleValues(ScaleBytes(groups, format, rule));
  const at::Tensor scaled = groups / scale;
  const Place place = PlaceOf(scaled, format);
  // The average on the side of w: of the other sign, it is below every neighbour.
  const at::Tensor aligned =
      at::where(at::signbit(groups), averages.neg(), averages).to(at::kDouble) /
      scale.to(at::kDouble);
  const at::Tensor middle = (place.lower.to(at::kDouble) + 0.5) * place.gap;
  return Ungrouped(Values(place, aligned.ge(middle).to(at::kLong), scaled, scale, format),
                   w.size(1));
}

at::Tensor QuantizationConfidence(const at::Tensor& w, kernel::MxScaleRule rule) {
  const MxElementFormat format = kernel::FormatOf(kernel::MxElement::kE2M1);
  const at::Tensor groups = Grouped(w);
  const at::Tensor magnitude =
      (groups / ScaleValues(ScaleBytes(groups, format, rule))).abs().clamp_max(6);
  // The thresholds, and for each bin between them the largest distance to the nearest.
  const at::Tensor thresholds =
      at::tensor({.25f, .75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.f}, w.options());
  const at::Tensor widest =
      at::tensor({.25f, .25f, .25f, .25f, .375f, .5f, .75f, 1.f}, w.options());
  const at::Tensor distance = std::get<0>((magnitude.unsqueeze(-1) - thresholds).abs().min(-1));
  const at::Tensor bin = at::bucketize(magnitude, thresholds);
  return Ungrouped((distance / widest.index({bin})).clamp_max(1), w.size(1));
}

}  // namespace tersor::precision
