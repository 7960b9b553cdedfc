// Matrices in INT8 blocks for the tests of their quantizer and of their products.
#ifndef TERSOR_TESTS_KERNEL_INT8_BLOCKS_H_
#define TERSOR_TESTS_KERNEL_INT8_BLOCKS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tersor/kernel/block_code.h"

namespace tersor::kernel {

/// Codes that own their memory.
struct Blocks {
  BlockGrid grid;
  int limit = 127;
  std::vector<int8_t> codes;
  std::vector<float> scales, criteria;
  std::vector<int32_t> slots;
  std::vector<int8_t> residuals;
  std::vector<float> residual_scales;
  bool finite = false;

  explicit Blocks(const BlockGrid& shape)
      : grid(shape),
        codes(static_cast<size_t>(shape.codes())),
        scales(static_cast<size_t>(shape.blocks()), 1.0f),
        criteria(static_cast<size_t>(shape.blocks())) {}

  Blocks(const std::vector<float>& x, const BlockGrid& shape, int largest_code = 127,
         const BlockRounding& rounding = {}, BlockCriterion criterion = BlockCriterion::kAbsMax)
      : Blocks(shape) {
    limit = largest_code;
    finite = QuantizeBlocks(x.data(), grid, limit, rounding, criterion, codes.data(), scales.data(),
                            criteria.data());
  }

  /// Residuals for every block whose number `falls` takes.
  template <typename Predicate>
  void FallBack(const std::vector<float>& x, const Predicate& falls,
                ResidualScale choice = ResidualScale::kOwn) {
    slots.assign(static_cast<size_t>(grid.blocks()), -1);
    int32_t count = 0;
    for (size_t b = 0; b < slots.size(); ++b) {
      slots[b] = falls(b) ? count++ : -1;
    }
    residuals.resize(static_cast<size_t>(count * grid.block * grid.block));
    residual_scales.resize(static_cast<size_t>(count));
    QuantizeResiduals(x.data(), grid, limit, choice, codes.data(), scales.data(), slots.data(),
                      residuals.data(), residual_scales.data());
  }

  BlockCodes View() const {
    const bool none = slots.empty();
    return {grid,
            codes.data(),
            scales.data(),
            none ? nullptr : slots.data(),
            none ? nullptr : residuals.data(),
            none ? nullptr : residual_scales.data(),
            limit};
  }

  std::vector<float> Values() const {
    std::vector<float> values(static_cast<size_t>(grid.rows * grid.cols));
    DecodeBlocks(View(), values.data());
    return values;
  }

  /// The code at [row, col].
  int8_t& At(int64_t row, int64_t col) {
    const int64_t b = row / grid.block * grid.col_blocks() + col / grid.block;
    return codes[static_cast<size_t>((b * grid.block + row % grid.block) * grid.block +
                                     col % grid.block)];
  }
};

}  // namespace tersor::kernel

#endif  // TERSOR_TESTS_KERNEL_INT8_BLOCKS_H_
