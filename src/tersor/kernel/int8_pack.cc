#include <algorithm>
#include <utility>

#include "tersor/kernel/int8_gemm.h"
#include "tersor/util/parallel_for.h"

// Brings blocks of codes, or their transposes, into the layouts of int8_kernel.h. A group of codes
// along the depth fills a word of 32 bits, two of int16 or four bytes, so most of it is moving
// words.
namespace tersor::kernel {
namespace {

constexpr int64_t kMaxBlock = 128;

void SumRows(const int8_t* codes, int64_t block, int32_t* sums) {
  for (int64_t r = 0; r < block; ++r) {
    int32_t sum = 0;
    for (int64_t k = 0; k < block; ++k) {
      sum += codes[r * block + k];
    }
    sums[r] = sum;
  }
}

template <int64_t kRows>
void TransposeRows(const int32_t* __restrict from, int64_t cols, int64_t from_stride,
                   int64_t to_stride, int32_t* __restrict to) {
  for (int64_t c = 0; c < cols; ++c) {
    for (int64_t i = 0; i < kRows; ++i) {
      to[c * to_stride + i] = from[i * from_stride + c];
    }
  }
}

/// to[c][r] = from[r][c] of words, some rows at a time, so that their cache lines stay.
void TransposeWords(const int32_t* from, int64_t rows, int64_t cols, int64_t from_stride,
                    int64_t to_stride, int32_t* to) {
  int64_t r = 0;
  for (; r + 8 <= rows; r += 8) {
    TransposeRows<8>(from + r * from_stride, cols, from_stride, to_stride, to + r);
  }
  for (; r < rows; ++r) {
    TransposeRows<1>(from + r * from_stride, cols, from_stride, to_stride, to + r);
  }
}

template <typename Code>
constexpr int64_t kGroup = 4 / sizeof(Code);  // codes a word

/// Weaves groups of rows: out [block / panel][block / kGroup][panel][kGroup].
template <typename Code>
void Weave(const Code* __restrict codes, int64_t block, int64_t panel, Code* __restrict out) {
  for (int64_t first = 0; first < block; first += panel) {
    for (int64_t k = 0; k < block; k += kGroup<Code>) {
      for (int64_t n = 0; n < panel; ++n) {
        for (int64_t g = 0; g < kGroup<Code>; ++g) {
          *out++ = codes[(k + g) * block + first + n];
        }
      }
    }
  }
}

/// Adds an offset to every byte: all bytes of a word at once, since none carries over.
void AddOffset(int32_t offset, int64_t bytes, int8_t* data) {
  const uint32_t surplus = (128 - static_cast<uint32_t>(offset)) * 0x01010101u;
  auto* words = reinterpret_cast<uint32_t*>(data);
  for (int64_t i = 0; i < bytes / 4; ++i) {
    words[i] = (words[i] ^ 0x80808080u) - surplus;
  }
}

/// The columns side: [block / panel][block / group][panel][group], a word a group.
template <typename Code>
void PackColumns(const Code* codes, int64_t block, bool transposed, int64_t panel, Code* out) {
  if (transposed) {
    Weave(codes, block, panel, out);
    return;
  }
  const int64_t depth = block / kGroup<Code>;  // words a row
  for (int64_t first = 0; first < block; first += panel) {
    TransposeWords(reinterpret_cast<const int32_t*>(codes) + first * depth, panel, depth, depth,
                   panel, reinterpret_cast<int32_t*>(out) + first * depth);
  }
}

/// The rows side, as codes lie, from codes of the transpose.
template <typename Code>
void PackRowsTransposed(const Code* codes, int64_t block, Code* out) {
  alignas(64) Code woven[kMaxBlock * kMaxBlock];
  Weave(codes, block, block, woven);
  const int64_t depth = block / kGroup<Code>;
  TransposeWords(reinterpret_cast<const int32_t*>(woven), depth, block, block, depth,
                 reinterpret_cast<int32_t*>(out));
}

/// One matrix on its way into a kernel's layout.
class Packer {
 public:
  Packer(const BlockCodes& codes, bool transposed, OperandSide side, const Int8Kernel& kernel)
      : codes_(codes),
        kernel_(kernel),
        size_(codes.grid.block * codes.grid.block),
        transposed_(transposed),
        rows_(side == OperandSide::kRows),
        pairs_(kernel.layout == Int8Layout::kPairs) {}

  bool has_sums() const { return rows_ && !pairs_; }
  /// Rows of bytes are multiplied from where they are.
  bool in_place() const { return rows_ && !pairs_ && !transposed_; }

  /// `out` and `sums` of this block, where the layout has them.
  void Pack(const int8_t* codes, std::byte* out, int32_t* sums) const {
    if (pairs_) {
      PackWide([codes](int64_t i) { return codes[i]; }, out);
      return;
    }
    if (!in_place()) {
      PackBlock(codes, reinterpret_cast<int8_t*>(out));
    }
    if (rows_) {
      SumRows(in_place() ? codes : reinterpret_cast<const int8_t*>(out), codes_.grid.block, sums);
    } else {
      AddOffset(kernel_.offset, size_, reinterpret_cast<int8_t*>(out));
    }
  }

  /// Both steps of a joined block as one integer.
  void PackJoined(const int8_t* codes, const int8_t* residuals, std::byte* out) const {
    const int step = 2 * codes_.limit;
    PackWide([=](int64_t i) { return codes[i] * step + residuals[i]; }, out);
  }

 private:
  /// Packs the block whose element i is code(i), in int16.
  template <typename CodeOf>
  void PackWide(const CodeOf& code, std::byte* to) const {
    alignas(64) int16_t scratch[kMaxBlock * kMaxBlock];
    auto* out = reinterpret_cast<int16_t*>(to);
    const bool as_it_lies = rows_ && !transposed_;
    int16_t* __restrict wide = as_it_lies ? out : scratch;
    for (int64_t i = 0; i < size_; ++i) {
      wide[i] = static_cast<int16_t>(code(i));
    }
    if (!as_it_lies) {
      PackBlock(wide, out);
    }
  }

  template <typename Code>
  void PackBlock(const Code* codes, Code* out) const {
    if (rows_) {
      PackRowsTransposed(codes, codes_.grid.block, out);
    } else {
      PackColumns(codes, codes_.grid.block, transposed_, kernel_.panel, out);
    }
  }

  const BlockCodes& codes_;
  const Int8Kernel& kernel_;
  int64_t size_;
  bool transposed_, rows_, pairs_;
};

}  // namespace

Int8Operand PackInt8(const BlockCodes& codes, bool transposed, OperandSide side,
                     const Int8Kernel& kernel, Workspace& workspace) {
  const BlockGrid& grid = codes.grid;
  const int64_t block = grid.block, size = block * block, bytes = size * kernel.bytes_per_code();
  const Packer packer(codes, transposed, side, kernel);
  const bool falls = codes.slots != nullptr;
  const int64_t slots = falls ? 1 + *std::max_element(codes.slots, codes.slots + grid.blocks()) : 0;
  const auto take_blocks = [&](int64_t count) {
    return packer.in_place() ? nullptr : workspace.Take<std::byte>(count * bytes);
  };
  const auto take_sums = [&](int64_t count) {
    return packer.has_sums() ? workspace.Take<int32_t>(count * block) : nullptr;
  };
  std::byte *blocks = take_blocks(grid.blocks()), *residuals = take_blocks(slots);
  int32_t *sums = take_sums(grid.blocks()), *residual_sums = take_sums(slots);

  Int8Operand operand;
  operand.grid = grid;
  operand.transposed = transposed;
  operand.source = &codes;
  if (transposed) {
    std::swap(operand.grid.rows, operand.grid.cols);
  }
  if (kernel.layout == Int8Layout::kPairs) {
    for (int64_t i = 0; i < grid.blocks() && !operand.joins; ++i) {
      operand.joins = codes.Joined(i);
    }
  }
  ParallelFor(0, grid.blocks(), 1, [&](int64_t first, int64_t last) {
    const auto pack = [&](const int8_t* from, int64_t i, std::byte* to, int32_t* to_sums) {
      packer.Pack(from + i * size, to == nullptr ? nullptr : to + i * bytes,
                  to_sums == nullptr ? nullptr : to_sums + i * block);
    };
    for (int64_t i = first; i < last; ++i) {
      const int64_t slot = falls ? codes.slots[i] : -1;
      if (operand.joins && codes.Joined(i)) {
        packer.PackJoined(codes.codes + i * size, codes.residuals + slot * size,
                          blocks + i * bytes);
        continue;
      }
      pack(codes.codes, i, blocks, sums);
      if (slot >= 0) {
        pack(codes.residuals, slot, residuals, residual_sums);
      }
    }
  });
  const bool in_place = packer.in_place();
  operand.blocks = in_place ? reinterpret_cast<const std::byte*>(codes.codes) : blocks;
  operand.residuals = in_place ? reinterpret_cast<const std::byte*>(codes.residuals) : residuals;
  operand.sums = sums;
  operand.residual_sums = residual_sums;
  return operand;
}

}  // namespace tersor::kernel
