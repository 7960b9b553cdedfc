// WeightFormat: how a weight matrix is packed for the runtime, and its product with activations.
#ifndef TERSOR_RUNTIME_WEIGHT_FORMAT_H_
#define TERSOR_RUNTIME_WEIGHT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/kernel/activations.h"
#include "tersor/kernel/matvec.h"
#include "tersor/kernel/sparse_matrix.h"

namespace tersor::runtime {

/// A packed matrix [rows, cols] that stands for W in y = W x; a view, the bytes live elsewhere.
struct PackedMatrix {
  int64_t rows = 0, cols = 0;
  std::span<const std::byte> bytes;
};

/// One packing. Stateless; one instance serves every matrix. A new format is one file: it says how
/// rows are encoded and decoded and brings a product for few tokens; the product for many tokens
/// follows from decoding, unless the format has a better one.
class WeightFormat {
 public:
  virtual ~WeightFormat() = default;

  /// Name in records and of the option `--weights`, such as "bf16" or "mxfp4".
  virtual std::string_view name() const = 0;

  /// True where packing a whole model leaves embeddings and the head as they are stored, because
  /// the format is meant for the matrices of the blocks only.
  virtual bool blocks_only() const { return false; }

  /// weights: [rows, cols] row-major. Returns the bytes of a PackedMatrix, whose number may depend
  /// on the weights.
  virtual std::vector<std::byte> Pack(std::span<const float> weights, int64_t rows,
                                      int64_t cols) const = 0;

  /// The format that serves these weights better: this one, unless they are not what it is for.
  virtual const WeightFormat& BestFor(std::span<const float> /*weights*/) const { return *this; }

  /// What BestFor() may fall back to; nullptr where it never does.
  virtual const WeightFormat* fallback() const { return nullptr; }

  /// Throws Error that begins with `what` where a matrix from a file has bytes that would lead the
  /// other functions astray. Formats whose size is all that matters have nothing more to check.
  virtual void Check(const PackedMatrix& /*matrix*/, const std::string& /*what*/) const {}

  /// Weights [row, first .. first + count) as floats; `first` is a multiple of 256.
  virtual void Decode(const PackedMatrix& matrix, int64_t row, int64_t first, int64_t count,
                      float* out) const = 0;

  /// y[tokens, rows] = x[tokens, cols] Wᵀ for up to kernel::kMatvecTokens tokens, each of them as
  /// if it were alone.
  virtual void Matvec(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const = 0;

  /// The same for any number of tokens.
  virtual void Matmul(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const;
};

/// y = x Wᵀ by the better of the two products.
void Multiply(const WeightFormat& format, const PackedMatrix& matrix, const kernel::Activations& x,
              float* y);

/// Floats as they are stored in checkpoints: "f32", "bf16", "f16".
const WeightFormat& FloatFormat(kernel::FloatType type);

/// Groups of 32 weights with a scale, "int8": GGUF's Q8_0.
const WeightFormat& Int8Format();

/// Groups of 32 weights of four bits, GGUF's MXFP4. "mxfp4" takes activations in 16 bits.
/// "mxfp4-w4a4" rounds them to MXFP4 too, in the groups that the weights have: the product with
/// which a model was trained whose config.json says so (io::Quantization).
const WeightFormat& Mxfp4Format(bool round_activations);

/// A bit a weight, and the values of those that are not zero: "sparse-f32", "sparse-bf16",
/// "sparse-int8" (kernel/sparse_matrix.h). For pruned models; falls back to "f32", "bf16", "int8".
const WeightFormat& SparseFormat(kernel::SparseType type);

/// nullptr for a name that is none of kFormatNames.
const WeightFormat* FindFormat(std::string_view name);
inline constexpr std::string_view kFormatNames =
    "f32, bf16, f16, int8, mxfp4, mxfp4-w4a4, sparse-f32, sparse-bf16, sparse-int8";

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_WEIGHT_FORMAT_H_
