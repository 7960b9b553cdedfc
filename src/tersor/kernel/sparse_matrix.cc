#include "tersor/kernel/sparse_matrix.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

#include "tersor/util/error.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

constexpr int64_t kPad = 64;  // bytes after the last value

/// Where the parts of a matrix begin, in bytes.
struct Layout {
  explicit Layout(const SparseMatrix& m)
      : scales((m.rows + 1) * 4),
        masks(scales + m.rows * m.row_scales() * 2),
        values(masks + m.rows * m.mask_bytes()) {}
  int64_t scales, masks, values;
};

/// Stores rows as values and masks; `values` may be null, to count only.
class RowPacker {
 public:
  RowPacker(SparseType type, int64_t cols) : type_(type), cols_(cols) {}

  /// Returns how many values the row has. masks: zeros.
  int64_t Pack(const float* row, uint8_t* scales, uint8_t* masks, uint8_t* values) const {
    int64_t count = 0;
    for (int64_t first = 0; first < cols_; first += kSparseScaleColumns) {
      const int64_t last = std::min(first + kSparseScaleColumns, cols_);
      const uint16_t scale = type_ == SparseType::kInt8 ? ScaleOf(row + first, last - first) : 0;
      if (type_ == SparseType::kInt8 && scales != nullptr) {
        std::memcpy(scales + first / kSparseScaleColumns * 2, &scale, 2);
      }
      for (int64_t c = first; c < last; ++c) {
        const uint32_t bits = BitsOf(row[c], BF16ToFloat(scale));
        if (bits == 0) {
          continue;
        }
        if (values != nullptr) {
          std::memcpy(values + count * BytesOf(type_), &bits, static_cast<size_t>(BytesOf(type_)));
          masks[c / 8] = static_cast<uint8_t>(masks[c / 8] | 1 << (c % 8));
        }
        ++count;
      }
    }
    return count;
  }

 private:
  static uint16_t ScaleOf(const float* block, int64_t count) {
    float largest = 0, poison = 0;
    for (int64_t i = 0; i < count; ++i) {
      largest = std::max(largest, std::abs(block[i]));
      poison += block[i] * 0;  // NaN for what is not finite
    }
    // Rounded to bfloat16, the scale makes the largest value 127.25 at most: nothing is cut off.
    return FloatToBF16(largest / 127 + poison);
  }

  /// The stored value, in the low bytes; 0 for what is dropped.
  uint32_t BitsOf(float weight, float scale) const {
    switch (type_) {
      case SparseType::kF32:
        return weight == 0 ? 0 : std::bit_cast<uint32_t>(weight);
      case SparseType::kBF16: {
        const uint16_t bits = FloatToBF16(weight);
        return (bits & 0x7fff) == 0 ? 0 : bits;
      }
      case SparseType::kInt8:
        return scale > 0 ? static_cast<uint8_t>(static_cast<int8_t>(
                               std::clamp(std::nearbyint(weight / scale), -127.0f, 127.0f)))
                         : 0;
    }
    return 0;
  }

  SparseType type_;
  int64_t cols_;
};

int64_t CountBits(const uint8_t* masks, int64_t bytes) {
  int64_t count = 0;
  for (int64_t i = 0; i < bytes; i += 8) {
    uint64_t word;
    std::memcpy(&word, masks + i, sizeof(word));
    count += std::popcount(word);
  }
  return count;
}

/// No bits beyond the last column.
bool TailIsClear(const SparseMatrix& m, int64_t row) {
  if (m.cols % 64 == 0) {
    return true;
  }
  uint64_t word;
  std::memcpy(&word, m.masks + (row + 1) * m.mask_bytes() - 8, sizeof(word));
  return word >> (m.cols % 64) == 0;
}

}  // namespace

int64_t SparseMatrix::start(int64_t row) const {
  uint32_t count;
  std::memcpy(&count, starts + row * 4, sizeof(count));
  return count;
}

SparseMatrix ViewSparse(SparseType type, int64_t rows, int64_t cols,
                        std::span<const std::byte> bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  SparseMatrix m{type, rows, cols, data, nullptr, nullptr, nullptr};
  const Layout layout(m);
  m.scales = data + layout.scales;
  m.masks = data + layout.masks;
  m.values = data + layout.values;
  return m;
}

void CheckSparse(SparseType type, int64_t rows, int64_t cols, std::span<const std::byte> bytes,
                 const std::string& what) {
  const SparseMatrix m = ViewSparse(type, rows, cols, bytes);
  const int64_t fixed = Layout(m).values + kPad;
  TERSOR_CHECK(std::ssize(bytes) >= fixed, what, " has ", bytes.size(), " bytes, but ", rows, " x ",
               cols, " weights need ", fixed, " at least; the file is damaged");
  TERSOR_CHECK(std::ssize(bytes) == fixed + m.start(rows) * BytesOf(type), what, " has ",
               bytes.size(), " bytes, but its ", m.start(rows), " values need ",
               fixed + m.start(rows) * BytesOf(type), "; the file is damaged");
  TERSOR_CHECK(m.start(0) == 0, what, ": values begin at ", m.start(0), "; the file is damaged");
  ParallelFor(0, rows, 64, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      const int64_t count = CountBits(m.masks + r * m.mask_bytes(), m.mask_bytes());
      TERSOR_CHECK(m.start(r) + count == m.start(r + 1) && TailIsClear(m, r), what, ": row ", r,
                   " has a mask of ", count, " weights and values ", m.start(r), " to ",
                   m.start(r + 1), "; the file is damaged");
    }
  });
}

std::vector<std::byte> PackSparse(SparseType type, std::span<const float> weights, int64_t rows,
                                  int64_t cols) {
  assert(std::ssize(weights) == rows * cols);
  const RowPacker packer(type, cols);
  std::vector<int64_t> starts(static_cast<size_t>(rows) + 1);
  ParallelFor(0, rows, 16, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      starts[static_cast<size_t>(r) + 1] =
          packer.Pack(weights.data() + r * cols, nullptr, nullptr, nullptr);
    }
  });
  for (size_t r = 1; r < starts.size(); ++r) {
    starts[r] += starts[r - 1];
  }
  TERSOR_CHECK(starts.back() <= std::numeric_limits<uint32_t>::max(), "a matrix of ", rows, " x ",
               cols, " has too many weights that are not zero");
  const Layout layout(SparseMatrix{type, rows, cols});
  std::vector<std::byte> bytes(
      static_cast<size_t>(layout.values + starts.back() * BytesOf(type) + kPad));
  auto* data = reinterpret_cast<uint8_t*>(bytes.data());
  const SparseMatrix m = ViewSparse(type, rows, cols, bytes);
  ParallelFor(0, rows, 16, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      packer.Pack(weights.data() + r * cols, data + layout.scales + r * m.row_scales() * 2,
                  data + layout.masks + r * m.mask_bytes(),
                  data + layout.values + starts[static_cast<size_t>(r)] * BytesOf(type));
    }
  });
  for (size_t r = 0; r < starts.size(); ++r) {
    const auto start = static_cast<uint32_t>(starts[r]);
    std::memcpy(data + 4 * r, &start, sizeof(start));
  }
  return bytes;
}

}  // namespace tersor::kernel
