// The element types of GGUF files: how many bytes a block takes and how many weights it holds.
#ifndef TERSOR_IO_GGML_TYPE_H_
#define TERSOR_IO_GGML_TYPE_H_

#include <cstdint>
#include <string_view>

namespace tersor::io {

/// Numbers as files store them; gaps belong to types that were withdrawn.
enum class GgmlType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ8_1 = 9,
  kQ2K = 10,
  kQ3K = 11,
  kQ4K = 12,
  kQ5K = 13,
  kQ6K = 14,
  kQ8K = 15,
  kIq2Xxs = 16,
  kIq2Xs = 17,
  kIq3Xxs = 18,
  kIq1S = 19,
  kIq4Nl = 20,
  kIq3S = 21,
  kIq2S = 22,
  kIq4Xs = 23,
  kI8 = 24,
  kI16 = 25,
  kI32 = 26,
  kI64 = 27,
  kF64 = 28,
  kIq1M = 29,
  kBF16 = 30,
  kTq1_0 = 34,
  kTq2_0 = 35,
  kMxfp4 = 39,
  kNvfp4 = 40,
};

/// What a file's bytes can be checked against, also for types whose weights tersor cannot read.
struct GgmlTypeTraits {
  GgmlType type;
  std::string_view name;  // as llama.cpp prints it, such as "Q4_K"
  int64_t block_size;     // weights in a block; a row is a whole number of blocks
  int64_t block_bytes;
};

/// nullptr for a number that stands for no type.
const GgmlTypeTraits* FindGgmlType(uint32_t number);

const GgmlTypeTraits& Traits(GgmlType type);
std::string_view Name(GgmlType type);

}  // namespace tersor::io

#endif  // TERSOR_IO_GGML_TYPE_H_
