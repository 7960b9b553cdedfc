#include "tersor/runtime/matrix_source.h"

#include "tersor/io/model_config.h"

namespace tersor::runtime {
namespace {

using kernel::FloatType;

const WeightFormat* FormatOf(io::Dtype dtype) {
  switch (dtype) {
    case io::Dtype::kF32:
      return &FloatFormat(FloatType::kF32);
    case io::Dtype::kBF16:
      return &FloatFormat(FloatType::kBF16);
    case io::Dtype::kF16:
      return &FloatFormat(FloatType::kF16);
    default:
      return nullptr;
  }
}

}  // namespace

StoredMatrix MatrixOf(const io::HostTensor& tensor) {
  const WeightFormat* format = FormatOf(tensor.dtype);
  const int64_t rows = tensor.shape[0];
  return {rows, tensor.size() / rows, format != nullptr ? format : &FloatFormat(FloatType::kF32),
          format != nullptr, tensor.bytes};
}

StoredMatrix AsTrained(const std::optional<io::Quantization>& quantization, const std::string& name,
                       StoredMatrix stored) {
  if (quantization && io::IsBlockMatrix(name)) {
    stored.in_place = stored.in_place && stored.format == &Mxfp4Format(false);
    stored.format = &Mxfp4Format(quantization->round_activations);
  }
  return stored;
}

}  // namespace tersor::runtime
