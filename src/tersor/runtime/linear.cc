#include "tersor/runtime/linear.h"

#include <algorithm>
#include <functional>

#include "tersor/io/model_config.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {

void Linear::Forward(const kernel::Activations& x, float* y) const {
  Multiply(*format, matrix, x, y);
  if (bias.empty()) {
    return;
  }
  ParallelFor(0, x.tokens(), 64, [&](int64_t first, int64_t last) {
    for (int64_t t = first; t < last; ++t) {
      float* row = y + t * matrix.rows;
      std::transform(bias.begin(), bias.end(), row, row, std::plus<>());
    }
  });
}

LinearLoader::LinearLoader(const std::shared_ptr<const MatrixSource>& source,
                           const std::string& format)
    : source_(source), storage_{source} {
  if (!format.empty()) {
    format_ = FindFormat(format);
    TERSOR_CHECK(format_ != nullptr, "unknown weight format ", format,
                 "; there are: ", kFormatNames);
  }
}

Linear LinearLoader::Load(const std::string& name, bool bias, bool pack) {
  const std::string weight = name + ".weight";
  const StoredMatrix stored = source_->Matrix(weight);
  Linear linear{stored.format, {stored.rows, stored.cols, stored.bytes}, {}};
  if (bias) {
    linear.bias = Vector(name + ".bias");
  }
  if (pack && format_ != nullptr && (!format_->blocks_only() || io::IsBlockMatrix(weight))) {
    linear.format = format_;
  }
  if (linear.format != stored.format || !stored.in_place) {
    Pack(weight, linear);
  }
  return linear;
}

void LinearLoader::Pack(const std::string& name, Linear& linear) {
  const std::vector<float> weights = source_->Floats(name);
  linear.format = &linear.format->BestFor(weights);
  const auto packed = std::make_shared<const std::vector<std::byte>>(
      linear.format->Pack(weights, linear.matrix.rows, linear.matrix.cols));
  // The stored bytes were read for the last time; memory need not hold both.
  ReleasePages(linear.matrix.bytes);
  linear.matrix.bytes = *packed;
  storage_.push_back(packed);
}

}  // namespace tersor::runtime
