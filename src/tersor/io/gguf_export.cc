#include "tersor/io/gguf_export.h"

#include <filesystem>
#include <vector>

#include "tersor/io/checkpoint.h"
#include "tersor/io/ggml_block.h"
#include "tersor/io/gguf_config.h"
#include "tersor/io/gguf_names.h"
#include "tersor/io/gguf_tokenizer.h"
#include "tersor/io/gguf_writer.h"
#include "tersor/util/error.h"

namespace tersor::io {
namespace {

/// llama.cpp's number for "mostly this type".
uint32_t FileType(GgmlType type) {
  switch (type) {
    case GgmlType::kF32:
      return 0;
    case GgmlType::kF16:
      return 1;
    case GgmlType::kQ8_0:
      return 7;
    case GgmlType::kBF16:
      return 32;
    case GgmlType::kMxfp4:
      return 38;  // named for mixtures of experts, but the one number for MXFP4 that there is
    default:
      Fail("models cannot be written as GGUF of type ", Name(type),
           "; supported: F32, F16, BF16, Q8_0, MXFP4");
  }
}

/// The same float type; F32 for others.
GgmlType StoredType(const HostTensor& tensor) {
  return tensor.dtype == Dtype::kF16    ? GgmlType::kF16
         : tensor.dtype == Dtype::kBF16 ? GgmlType::kBF16
                                        : GgmlType::kF32;
}

GgmlType TypeOf(const HostTensor& tensor, const std::string& name, GgmlType type) {
  if (tensor.shape.size() == 1) {
    return GgmlType::kF32;
  }
  if (type == GgmlType::kMxfp4 && !IsBlockMatrix(name)) {
    return StoredType(tensor);
  }
  return tensor.shape.back() % Traits(type).block_size == 0 ? type : GgmlType::kF16;
}

std::string ModelName(const std::string& folder) {
  namespace fs = std::filesystem;
  const fs::path path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

/// The values in the order and type of the file.
std::vector<std::byte> Converted(const HostTensor& tensor, const GgufTensorInfo& info,
                                 bool interleave, int64_t head_dim) {
  std::vector<float> values = tensor.ToFloats();
  if (interleave) {
    std::vector<float> turned(values.size());
    const size_t row = values.size() / static_cast<size_t>(tensor.shape[0]);
    InterleaveRows(std::as_bytes(std::span(values)), head_dim, row * sizeof(float),
                   std::as_writable_bytes(std::span(turned)));
    values.swap(turned);
  }
  std::vector<std::byte> bytes(GgufTensorBytes(info.type, info.shape, tensor.name));
  try {
    Quantize(info.type, values, bytes);
  } catch (const Error& e) {
    Fail("tensor ", tensor.name, ": ", e.what());
  }
  return bytes;
}

}  // namespace

void ExportGguf(const std::string& folder, const std::string& path, GgmlType type) {
  const uint32_t file_type = FileType(type);
  const Checkpoint checkpoint = Checkpoint::Open(folder);
  const ModelConfig& config = checkpoint.config();
  GgufMetadata metadata(path);
  SetGgufConfig(config, folder, metadata);
  metadata.Set("general.name", GgufValue::String(ModelName(folder)));
  metadata.Set("general.file_type", GgufValue::Uint32(file_type));
  if (type == GgmlType::kQ8_0 || type == GgmlType::kMxfp4) {
    metadata.Set("general.quantization_version", GgufValue::Uint32(2));
  }
  SetGgufTokenizer(folder, config, metadata);

  const std::vector<TensorShape> tensors = ExpectedTensors(config);
  std::vector<GgufTensorInfo> infos;
  for (const TensorShape& tensor : tensors) {
    infos.push_back({GgufName(tensor.name).value(),
                     TypeOf(checkpoint.Weight(tensor.name), tensor.name, type), tensor.shape});
  }
  const bool scaled = config.rope_scaling.kind == RopeScaling::Kind::kLlama3;
  if (scaled) {
    infos.push_back({kGgufRopeFactors, GgmlType::kF32, {config.head_dim / 2}});
  }
  GgufWriter writer(path, metadata, infos);
  for (size_t i = 0; i < tensors.size(); ++i) {
    writer.Write(Converted(checkpoint.Weight(tensors[i].name), infos[i],
                           HasInterleavedRows(config.architecture, tensors[i].name),
                           config.head_dim));
  }
  if (scaled) {
    const std::vector<float> factors = Llama3Factors(config);
    writer.Write(std::as_bytes(std::span(factors)));
  }
  writer.Commit();
}

}  // namespace tersor::io
