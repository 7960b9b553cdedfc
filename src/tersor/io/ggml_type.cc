#include "tersor/io/ggml_type.h"

#include <algorithm>
#include <array>

namespace tersor::io {
namespace {

constexpr std::array kTypes = {
    GgmlTypeTraits{GgmlType::kF32, "F32", 1, 4},
    GgmlTypeTraits{GgmlType::kF16, "F16", 1, 2},
    GgmlTypeTraits{GgmlType::kQ4_0, "Q4_0", 32, 18},
    GgmlTypeTraits{GgmlType::kQ4_1, "Q4_1", 32, 20},
    GgmlTypeTraits{GgmlType::kQ5_0, "Q5_0", 32, 22},
    GgmlTypeTraits{GgmlType::kQ5_1, "Q5_1", 32, 24},
    GgmlTypeTraits{GgmlType::kQ8_0, "Q8_0", 32, 34},
    GgmlTypeTraits{GgmlType::kQ8_1, "Q8_1", 32, 36},
    GgmlTypeTraits{GgmlType::kQ2K, "Q2_K", 256, 84},
    GgmlTypeTraits{GgmlType::kQ3K, "Q3_K", 256, 110},
    GgmlTypeTraits{GgmlType::kQ4K, "Q4_K", 256, 144},
    GgmlTypeTraits{GgmlType::kQ5K, "Q5_K", 256, 176},
    GgmlTypeTraits{GgmlType::kQ6K, "Q6_K", 256, 210},
    GgmlTypeTraits{GgmlType::kQ8K, "Q8_K", 256, 292},
    GgmlTypeTraits{GgmlType::kIq2Xxs, "IQ2_XXS", 256, 66},
    GgmlTypeTraits{GgmlType::kIq2Xs, "IQ2_XS", 256, 74},
    GgmlTypeTraits{GgmlType::kIq3Xxs, "IQ3_XXS", 256, 98},
    GgmlTypeTraits{GgmlType::kIq1S, "IQ1_S", 256, 50},
    GgmlTypeTraits{GgmlType::kIq4Nl, "IQ4_NL", 32, 18},
    GgmlTypeTraits{GgmlType::kIq3S, "IQ3_S", 256, 110},
    GgmlTypeTraits{GgmlType::kIq2S, "IQ2_S", 256, 82},
    GgmlTypeTraits{GgmlType::kIq4Xs, "IQ4_XS", 256, 136},
    GgmlTypeTraits{GgmlType::kI8, "I8", 1, 1},
    GgmlTypeTraits{GgmlType::kI16, "I16", 1, 2},
    GgmlTypeTraits{GgmlType::kI32, "I32", 1, 4},
    GgmlTypeTraits{GgmlType::kI64, "I64", 1, 8},
    GgmlTypeTraits{GgmlType::kF64, "F64", 1, 8},
    GgmlTypeTraits{GgmlType::kIq1M, "IQ1_M", 256, 56},
    GgmlTypeTraits{GgmlType::kBF16, "BF16", 1, 2},
    GgmlTypeTraits{GgmlType::kTq1_0, "TQ1_0", 256, 54},
    GgmlTypeTraits{GgmlType::kTq2_0, "TQ2_0", 256, 66},
    GgmlTypeTraits{GgmlType::kMxfp4, "MXFP4", 32, 17},
    GgmlTypeTraits{GgmlType::kNvfp4, "NVFP4", 64, 36},
};

}  // namespace

const GgmlTypeTraits* FindGgmlType(uint32_t number) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [&](const GgmlTypeTraits& t) {
    return static_cast<uint32_t>(t.type) == number;
  });
  return found == kTypes.end() ? nullptr : found;
}

const GgmlTypeTraits& Traits(GgmlType type) { return *FindGgmlType(static_cast<uint32_t>(type)); }

std::string_view Name(GgmlType type) { return Traits(type).name; }

}  // namespace tersor::io
