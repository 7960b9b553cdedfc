// Linear layers over packed weights, and how they come from a checkpoint.
#ifndef TERSOR_RUNTIME_LINEAR_H_
#define TERSOR_RUNTIME_LINEAR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tersor/kernel/activations.h"
#include "tersor/runtime/matrix_source.h"
#include "tersor/runtime/weight_format.h"

namespace tersor::runtime {

/// y = x Wᵀ + bias.
struct Linear {
  const WeightFormat* format = nullptr;
  PackedMatrix matrix;
  std::vector<float> bias;  // empty: none

  /// x [tokens, cols] -> y [tokens, rows].
  void Forward(const kernel::Activations& x, float* y) const;

  /// Of weights and bias.
  int64_t bytes() const { return std::ssize(matrix.bytes) + std::ssize(bias) * 4; }
};

/// Brings weights into the formats that they are served in, without a copy where a format fits the
/// stored type.
class LinearLoader {
 public:
  /// `format`: name of a WeightFormat that matrices are packed into, or "" to serve them as they
  /// are stored. Throws Error for an unknown format.
  LinearLoader(const std::shared_ptr<const MatrixSource>& source, const std::string& format);

  /// The layer whose weights are `name`.weight and, with `bias`, `name`.bias. `pack` false: as
  /// stored, whatever format was asked for.
  Linear Load(const std::string& name, bool bias, bool pack = true);

  std::vector<float> Vector(const std::string& name) const { return source_->Floats(name); }

  /// What the layers point into; must outlive them.
  std::vector<std::shared_ptr<const void>> TakeStorage() { return std::move(storage_); }

 private:
  void Pack(const std::string& name, Linear& linear);

  std::shared_ptr<const MatrixSource> source_;
  const WeightFormat* format_ = nullptr;  // null: as stored
  std::vector<std::shared_ptr<const void>> storage_;
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_LINEAR_H_
