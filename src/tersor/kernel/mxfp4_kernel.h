// The innermost products of packed MXFP4 operands, one an instruction set.
#ifndef TERSOR_KERNEL_MXFP4_KERNEL_H_
#define TERSOR_KERNEL_MXFP4_KERNEL_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace tersor::kernel {

/// Added to the codes of the rows side, so that byte products have their unsigned factor.
constexpr int kMxfp4Offset = 96;
/// A tile of the product: a block of rows by two blocks of columns.
constexpr int64_t kMxfp4TileRows = 8, kMxfp4TileCols = 16;

/// Products along some groups within which every row and every column has one scale. Codes are
/// twice the values, in multiples of that scale.
struct Mxfp4Product {
  int64_t groups = 0;
  const uint8_t* a = nullptr;         // [groups][8][8 rows][4], each code plus kMxfp4Offset
  const int8_t* b[2] = {};            // [groups][8][8 columns][4]
  const int16_t* before[2] = {};      // [8 columns][2]: sums of what precedes the groups,
  const int16_t* last[2] = {};        // and with the groups: the offset's surplus comes off
  const uint8_t* a_scales = nullptr;  // [8]
  const uint8_t* b_scales[2] = {};    // [8]
  int64_t rows = kMxfp4TileRows;      // those above are not wanted
  bool add = true;                    // to what `out` holds
};

struct Mxfp4Kernel {
  std::string_view name;
  /// out [8][16] (+)= the products. The sum of the two scale bytes lies in [130, 383].
  void (*multiply)(const Mxfp4Product& product, float* out);
  /// sums [8][16]: the whole-number sums alone.
  void (*sum)(const Mxfp4Product& product, int32_t* sums);
};

/// Those that run on this machine, fastest first. All sums within 16 bits are exact in each.
/// Follows Highway's choice of target, so that tests reach each.
std::span<const Mxfp4Kernel> Mxfp4Kernels();

/// `sum` as plain loops, for sums of any size.
void SumMxfp4Plainly(const Mxfp4Product& product, int32_t* sums);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_KERNEL_H_
