#include "tersor/io/dtype.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "tersor/util/error.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

namespace tersor::io {
namespace {

struct Row {
  Dtype dtype;
  std::string_view name;
  int64_t bits;
};

constexpr std::array kRows = {
    Row{Dtype::kBool, "BOOL", 8},      Row{Dtype::kF4, "F4", 4},
    Row{Dtype::kF6E2M3, "F6_E2M3", 6}, Row{Dtype::kF6E3M2, "F6_E3M2", 6},
    Row{Dtype::kU8, "U8", 8},          Row{Dtype::kI8, "I8", 8},
    Row{Dtype::kF8E5M2, "F8_E5M2", 8}, Row{Dtype::kF8E4M3, "F8_E4M3", 8},
    Row{Dtype::kF8E8M0, "F8_E8M0", 8}, Row{Dtype::kI16, "I16", 16},
    Row{Dtype::kU16, "U16", 16},       Row{Dtype::kF16, "F16", 16},
    Row{Dtype::kBF16, "BF16", 16},     Row{Dtype::kI32, "I32", 32},
    Row{Dtype::kU32, "U32", 32},       Row{Dtype::kF32, "F32", 32},
    Row{Dtype::kC64, "C64", 64},       Row{Dtype::kF64, "F64", 64},
    Row{Dtype::kI64, "I64", 64},       Row{Dtype::kU64, "U64", 64},
};

const Row& Find(Dtype dtype) { return kRows[static_cast<size_t>(dtype)]; }

/// Sign, `exponent_bits`, `mantissa_bits` with IEEE's bias and subnormals; specials by the caller.
float SmallFloat(uint32_t bits, int exponent_bits, int mantissa_bits) {
  const uint32_t mantissa = bits & ((1U << mantissa_bits) - 1);
  const uint32_t exponent = (bits >> mantissa_bits) & ((1U << exponent_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const float value = exponent == 0
                          ? std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits)
                          : std::ldexp(static_cast<float>(mantissa | (1U << mantissa_bits)),
                                       static_cast<int>(exponent) - bias - mantissa_bits);
  return (bits >> (exponent_bits + mantissa_bits)) & 1 ? -value : value;
}

float F8E4M3ToFloat(uint8_t bits) {
  // The "fn" variant: no infinities, one NaN code a sign.
  return (bits & 0x7f) == 0x7f ? std::numeric_limits<float>::quiet_NaN() : SmallFloat(bits, 4, 3);
}

float F8E5M2ToFloat(uint8_t bits) {
  if ((bits & 0x7c) == 0x7c) {
    const float special = (bits & 3) != 0 ? std::numeric_limits<float>::quiet_NaN()
                                          : std::numeric_limits<float>::infinity();
    return (bits & 0x80) != 0 ? -special : special;
  }
  return SmallFloat(bits, 5, 2);
}

float F8E8M0ToFloat(uint8_t bits) {
  return bits == 255 ? std::numeric_limits<float>::quiet_NaN()
                     : std::ldexp(1.0f, static_cast<int>(bits) - 127);
}

/// Converts elements of type T, read without assuming alignment.
template <typename T, typename Convert>
void ConvertAll(const std::byte* from, std::span<float> to, Convert convert) {
  constexpr int64_t kGrain = 1 << 15;
  ParallelFor(0, static_cast<int64_t>(to.size()), kGrain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      T value;
      std::memcpy(&value, from + static_cast<size_t>(i) * sizeof(T), sizeof(T));
      to[static_cast<size_t>(i)] = convert(value);
    }
  });
}

template <typename T, typename Convert>
void StoreAll(std::span<const float> from, std::byte* to, Convert convert) {
  constexpr int64_t kGrain = 1 << 15;
  ParallelFor(0, static_cast<int64_t>(from.size()), kGrain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const T value = convert(from[static_cast<size_t>(i)]);
      std::memcpy(to + static_cast<size_t>(i) * sizeof(T), &value, sizeof(T));
    }
  });
}

template <typename T>
float Cast(T value) {
  return static_cast<float>(value);
}

}  // namespace

std::string_view Name(Dtype dtype) { return Find(dtype).name; }

std::optional<Dtype> ParseDtype(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) {
      return row.dtype;
    }
  }
  return std::nullopt;
}

int64_t BitsOf(Dtype dtype) { return Find(dtype).bits; }

void ToFloat(Dtype dtype, std::span<const std::byte> from, std::span<float> to) {
  TERSOR_CHECK(from.size() == to.size() * static_cast<size_t>(BitsOf(dtype)) / 8,
               "stored bytes do not hold ", to.size(), " elements of ", Name(dtype));
  const std::byte* p = from.data();
  switch (dtype) {
    case Dtype::kF32:
      return ConvertAll<float>(p, to, Cast<float>);
    case Dtype::kF64:
      return ConvertAll<double>(p, to, Cast<double>);
    case Dtype::kF16:
      return ConvertAll<uint16_t>(p, to, F16ToFloat);
    case Dtype::kBF16:
      return ConvertAll<uint16_t>(p, to, BF16ToFloat);
    case Dtype::kF8E4M3:
      return ConvertAll<uint8_t>(p, to, F8E4M3ToFloat);
    case Dtype::kF8E5M2:
      return ConvertAll<uint8_t>(p, to, F8E5M2ToFloat);
    case Dtype::kF8E8M0:
      return ConvertAll<uint8_t>(p, to, F8E8M0ToFloat);
    case Dtype::kBool:
    case Dtype::kU8:
      return ConvertAll<uint8_t>(p, to, Cast<uint8_t>);
    case Dtype::kI8:
      return ConvertAll<int8_t>(p, to, Cast<int8_t>);
    case Dtype::kI16:
      return ConvertAll<int16_t>(p, to, Cast<int16_t>);
    case Dtype::kU16:
      return ConvertAll<uint16_t>(p, to, Cast<uint16_t>);
    case Dtype::kI32:
      return ConvertAll<int32_t>(p, to, Cast<int32_t>);
    case Dtype::kU32:
      return ConvertAll<uint32_t>(p, to, Cast<uint32_t>);
    case Dtype::kI64:
      return ConvertAll<int64_t>(p, to, Cast<int64_t>);
    case Dtype::kU64:
      return ConvertAll<uint64_t>(p, to, Cast<uint64_t>);
    default:
      Fail("elements of type ", Name(dtype), " cannot be read as numbers");
  }
}

void FromFloat(Dtype dtype, std::span<const float> from, std::span<std::byte> to) {
  TERSOR_CHECK(to.size() == from.size() * static_cast<size_t>(BitsOf(dtype)) / 8,
               "room does not hold ", from.size(), " elements of ", Name(dtype));
  switch (dtype) {
    case Dtype::kF32:
      return StoreAll<float>(from, to.data(), [](float v) { return v; });
    case Dtype::kF64:
      return StoreAll<double>(from, to.data(), [](float v) { return double{v}; });
    case Dtype::kF16:
      return StoreAll<uint16_t>(from, to.data(), FloatToF16);
    case Dtype::kBF16:
      return StoreAll<uint16_t>(from, to.data(), FloatToBF16);
    default:
      Fail("weights cannot be stored as ", Name(dtype), "; use F32, BF16, F16 or F64");
  }
}

}  // namespace tersor::io
