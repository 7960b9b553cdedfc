#include "tersor/kernel/mx_format.h"

#include <algorithm>
#include <cmath>

namespace tersor::kernel {
namespace {

/// |x| between two neighbours of the grid.
struct Place {
  uint8_t lower;   // code of the neighbour toward zero, without sign
  uint32_t above;  // (|x| - lower) / gap in units of 2^-24, rounded down
  uint8_t sign;    // 1: negative
};

Place PlaceOf(const MxElementFormat& format, float x) {
  // Beyond twice the largest value only saturation matters.
  const double magnitude = std::min(std::fabs(double{x}), 2.0 * double{format.largest});
  const int exponent =
      magnitude == 0 ? format.emin() : std::max(std::ilogb(magnitude), format.emin());
  const auto units =
      static_cast<uint64_t>(std::ldexp(magnitude, 24 + format.mantissa_bits - exponent));
  const auto code = (units >> 24) + (static_cast<uint64_t>(exponent - format.emin())
                                     << static_cast<unsigned>(format.mantissa_bits));
  return {static_cast<uint8_t>(code), static_cast<uint32_t>(units & 0xFFFFFFu),
          static_cast<uint8_t>(std::signbit(x) ? 1 : 0)};
}

uint8_t Pick(const MxElementFormat& format, const Place& place, uint32_t addend) {
  const unsigned up = (place.above + addend) >> 24;
  const unsigned code = std::min<unsigned>(place.lower + up, format.largest_code);
  return static_cast<uint8_t>(code | static_cast<unsigned>(place.sign) << format.sign_bit());
}

}  // namespace

uint8_t EncodeMx(MxElement element, float x, MxTies ties) {
  const MxElementFormat format = FormatOf(element);
  const Place place = PlaceOf(format, x);
  constexpr uint32_t kHalf = 1u << 23;
  switch (ties) {
    case MxTies::kAway:
      return Pick(format, place, kHalf);
    case MxTies::kLarger:
      return Pick(format, place, kHalf - place.sign);
    case MxTies::kTowardZero:
      return Pick(format, place, kHalf - 1);
    case MxTies::kEven:
      break;
  }
  return Pick(format, place, kHalf - 1 + (place.lower & 1u));
}

uint8_t EncodeMxStochastic(MxElement element, float x, uint32_t random) {
  const MxElementFormat format = FormatOf(element);
  return Pick(format, PlaceOf(format, x), random);
}

float DecodeMx(MxElement element, uint8_t code) {
  const MxElementFormat format = FormatOf(element);
  const unsigned magnitude = code & ((1u << format.sign_bit()) - 1);
  float value;
  if (magnitude > format.largest_code) {
    value = element == MxElement::kE5M2 && magnitude == 0x7C
                ? std::numeric_limits<float>::infinity()
                : std::numeric_limits<float>::quiet_NaN();
  } else {
    const int field = static_cast<int>(magnitude >> format.mantissa_bits);
    const int one = 1 << format.mantissa_bits;
    const int mantissa = static_cast<int>(magnitude) & (one - 1);
    const int exponent = std::max(field, 1) - format.bias - format.mantissa_bits;
    value = std::ldexp(static_cast<float>(field > 0 ? mantissa + one : mantissa), exponent);
  }
  return (code >> format.sign_bit() & 1) != 0 ? -value : value;
}

}  // namespace tersor::kernel
