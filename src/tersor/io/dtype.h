// Element types of stored tensors and their conversion to float.
#ifndef TERSOR_IO_DTYPE_H_
#define TERSOR_IO_DTYPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tersor::io {

/// Every dtype of the safetensors format. kF4 packs two values a byte, kF6* four values in three.
enum class Dtype : uint8_t {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

/// Name in a safetensors header, such as "BF16".
std::string_view Name(Dtype dtype);
std::optional<Dtype> ParseDtype(std::string_view name);

/// Bits of one element.
int64_t BitsOf(Dtype dtype);

/// Converts `count` stored elements to float. Throws Error for complex and sub-byte types.
void ToFloat(Dtype dtype, std::span<const std::byte> from, std::span<float> to);

/// Converts floats to a stored float type (kF64, kF32, kF16, kBF16). Throws Error for others.
void FromFloat(Dtype dtype, std::span<const float> from, std::span<std::byte> to);

}  // namespace tersor::io

#endif  // TERSOR_IO_DTYPE_H_
