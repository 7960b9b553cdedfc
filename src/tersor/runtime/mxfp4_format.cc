#include <cassert>

#include "tersor/kernel/decode.h"
#include "tersor/kernel/mxfp4_gemm.h"
#include "tersor/kernel/mxfp4_matvec.h"
#include "tersor/runtime/weight_format.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

/// Tokens from which on bringing the weights into the layout of integer products pays.
constexpr int64_t kPackedTokens = 48;

class Mxfp4 : public WeightFormat {
 public:
  explicit Mxfp4(bool round_activations) : round_activations_(round_activations) {}

  std::string_view name() const override { return round_activations_ ? "mxfp4-w4a4" : "mxfp4"; }

  bool blocks_only() const override { return true; }

  std::vector<std::byte> Pack(std::span<const float> weights, int64_t rows,
                              int64_t cols) const override {
    assert(std::ssize(weights) == rows * cols);
    std::vector<std::byte> out(static_cast<size_t>(rows * RowBytes(cols)));
    ParallelFor(0, rows, 16, [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) {
        kernel::EncodeMxfp4(weights.data() + r * cols, cols, out.data() + r * RowBytes(cols));
      }
    });
    return out;
  }

  void Decode(const PackedMatrix& matrix, int64_t row, int64_t first, int64_t count,
              float* out) const override {
    kernel::DecodeMxfp4(matrix.bytes.data() + row * RowBytes(matrix.cols) + RowBytes(first), count,
                        out);
  }

  void Matvec(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const override {
    kernel::MatvecMxfp4(matrix.rows, matrix.bytes.data(),
                        round_activations_ ? x.Mxfp4() : x.Int16Bytes(), x.tokens(), y);
  }

  void Matmul(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const override {
    if (!round_activations_) {
      WeightFormat::Matmul(matrix, x, y);
    } else if (x.tokens() < kPackedTokens) {
      WeightFormat::Matmul(matrix, x.Mxfp4Floats(), y);
    } else {
      MatmulPacked(matrix, x, y);
    }
  }

 private:
  static int64_t RowBytes(int64_t cols) {
    return (cols + kernel::kGroup - 1) / kernel::kGroup *
           static_cast<int64_t>(sizeof(kernel::GgmlMxfp4Block));
  }

  /// The product of training, exact within groups.
  static void MatmulPacked(const PackedMatrix& matrix, const kernel::Activations& x, float* y) {
    const kernel::Mxfp4Operand& rows = x.Mxfp4Rows();
    kernel::Workspace& workspace = x.workspace();
    const kernel::Workspace::Scope scope(workspace);
    const int64_t groups = kernel::MxGroups(matrix.cols);
    auto* codes = workspace.Take<uint8_t>(matrix.rows * groups * kernel::kMxfp4GroupBytes);
    auto* scales = workspace.Take<uint8_t>(matrix.rows * groups);
    ParallelFor(0, matrix.rows * groups, 1 << 10, [&](int64_t first, int64_t last) {
      const auto* blocks = reinterpret_cast<const kernel::GgmlMxfp4Block*>(matrix.bytes.data());
      for (int64_t i = first; i < last; ++i) {
        scales[i] = blocks[i].scale;
        kernel::Mxfp4GroupFromGgml(blocks[i].codes, codes + i * kernel::kMxfp4GroupBytes);
      }
    });
    kernel::Mxfp4Source source;
    source.codes = {matrix.rows, matrix.cols, codes, scales};
    const kernel::Mxfp4Operand columns =
        kernel::PackMxfp4(source, kernel::OperandSide::kColumns, workspace);
    kernel::MatmulMxfp4(rows, columns, false, y, matrix.rows);
  }

  bool round_activations_;
};

}  // namespace

const WeightFormat& Mxfp4Format(bool round_activations) {
  static const Mxfp4 plain(false), rounded(true);
  return round_activations ? rounded : plain;
}

}  // namespace tersor::runtime
