// Microscaling (MX) number formats: narrow floats of which 32 neighbours share one power of two.
// Open Compute Project, "OCP Microscaling Formats (MX) v1.0", 2023; the truncation-free scale and
// stochastic rounding as in Chen et al. 2025, "Oscillation-Reduced MXFP4 Training for Vision
// Transformers", arXiv:2502.20853.
#ifndef TERSOR_KERNEL_MX_FORMAT_H_
#define TERSOR_KERNEL_MX_FORMAT_H_

#include <bit>
#include <cstdint>
#include <limits>

namespace tersor::kernel {

/// Elements that share a scale.
constexpr int64_t kMxGroup = 32;
/// The scale that makes its whole group NaN.
constexpr uint8_t kMxNanScale = 255;

/// How one element is stored. E3M0 is no format of the standard; it serves ablations.
enum class MxElement { kE2M1, kE3M0, kE4M3, kE5M2 };

/// How a group's largest magnitude M chooses the exponent s of the scale 2^s. With max the
/// element's largest value, in [2^e, 2^(e+1)):
enum class MxScaleRule {
  kTruncationFree,  // ceil(log2(M / max)): nothing is clipped; a group of zeros gets s = -29
  kFloor,           // floor(log2 M) - e, the standard's: values above max · 2^s are clipped
  kEven,            // as kFloor, after M was rounded to the element's mantissa
  kCeil,            // ceil(log2 M) - e
};

/// Where a value in the middle of two neighbours goes.
enum class MxTies { kEven, kAway, kLarger, kTowardZero };  // kEven: the even code; kLarger: signed

/// How a value becomes a code. Stochastic: to either neighbour with the probability that makes the
/// mean exact (in steps of 2^-24); every element draws its own number, a function of the key and of
/// its index in the matrix it comes from (modulo 2^32), so the result does not depend on threads.
struct MxRounding {
  MxScaleRule scale = MxScaleRule::kTruncationFree;
  MxTies ties = MxTies::kEven;  // where not stochastic
  bool stochastic = false;
  uint64_t key = 0;
};

/// Sign, exponent and mantissa of an element, high to low bits.
struct MxElementFormat {
  int exponent_bits, mantissa_bits, bias;
  int emax;              // exponent of the largest value
  uint8_t largest_code;  // of the largest finite value
  float largest;

  constexpr int sign_bit() const { return exponent_bits + mantissa_bits; }
  constexpr int emin() const { return 1 - bias; }
};

constexpr MxElementFormat FormatOf(MxElement element) {
  switch (element) {
    case MxElement::kE3M0:
      return {3, 0, 3, 4, 7, 16};
    case MxElement::kE4M3:
      return {4, 3, 7, 8, 0x7E, 448};
    case MxElement::kE5M2:
      return {5, 2, 15, 15, 0x7B, 57344};
    case MxElement::kE2M1:
      break;
  }
  return {2, 1, 1, 2, 7, 6};
}

/// Scale byte of a group: s + 127, s limited to [-127, 127]. `largest` >= 0; one that is not finite
/// gives kMxNanScale. Integers only: no logarithm can be off by one.
constexpr uint8_t MxScaleByte(MxElement element, MxScaleRule rule, float largest) {
  const uint32_t bits = std::bit_cast<uint32_t>(largest);
  if (bits >= 0x7F800000u) {
    return kMxNanScale;
  }
  if (bits == 0) {
    return rule == MxScaleRule::kTruncationFree ? 127 - 29 : 0;
  }
  const MxElementFormat format = FormatOf(element);
  const uint32_t mantissa = bits & 0x7FFFFFu;
  uint32_t exponent = bits >> 23;
  if (rule == MxScaleRule::kTruncationFree) {
    exponent += mantissa > (std::bit_cast<uint32_t>(format.largest) & 0x7FFFFFu) ? 1 : 0;
  } else if (rule == MxScaleRule::kEven) {
    exponent = (bits + (1u << (22 - format.mantissa_bits))) >> 23;
  } else if (rule == MxScaleRule::kCeil) {
    exponent += mantissa > 0 ? 1 : 0;
  }
  const int byte = static_cast<int>(exponent) - format.emax;
  return static_cast<uint8_t>(byte < 0 ? 0 : byte);
}

/// 2^(byte - 127); NaN for kMxNanScale. Byte 0 is a subnormal float.
constexpr float MxScaleValue(uint8_t byte) {
  if (byte == kMxNanScale) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  return std::bit_cast<float>(byte == 0 ? 0x400000u : uint32_t{byte} << 23);
}

/// The code nearest to the finite x; magnitudes beyond the largest value become the largest. Zeros
/// keep their sign.
uint8_t EncodeMx(MxElement element, float x, MxTies ties);
/// The code below or above |x|: above if the part of the gap that x lies beyond the lower one,
/// in units of 2^-24, plus `random` reaches 2^24. `random` < 2^24.
uint8_t EncodeMxStochastic(MxElement element, float x, uint32_t random);
/// The value of a code. E4M3 and E5M2 have NaN, E5M2 infinities; bits above the sign are ignored.
float DecodeMx(MxElement element, uint8_t code);

/// The key as MxRandom takes it, so that keys that differ little draw unrelated numbers.
constexpr uint64_t MixMxKey(uint64_t key) {
  key += 0x9E3779B97F4A7C15u;
  key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9u;
  key = (key ^ (key >> 27)) * 0x94D049BB133111EBu;
  return key ^ (key >> 31);
}

/// 24 random bits of an element. The mixing is two rounds of multiply and xor-shift: enough for the
/// rounding of neighbours to pass for independent, and cheap in vectors.
constexpr uint32_t MxRandom(uint32_t index, uint64_t mixed_key) {
  uint32_t h = index * 0x9E3779B9u + static_cast<uint32_t>(mixed_key);
  h ^= h >> 16;
  h *= 0x7FEB352Du;
  h ^= h >> 15;
  h ^= static_cast<uint32_t>(mixed_key >> 32);
  h *= 0x846CA68Bu;
  h ^= h >> 16;
  return h >> 8;
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MX_FORMAT_H_
