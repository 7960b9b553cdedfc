#include "tersor/runtime/packed_model.h"

#include <filesystem>

#include "tersor/io/checkpoint.h"
#include "tersor/io/checkpoint_files.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

namespace fs = std::filesystem;

const WeightFormat& FormatFor(const std::string& name) {
  const WeightFormat* format = FindFormat(name);
  TERSOR_CHECK(format != nullptr && format->fallback() != nullptr, "weight format ", name,
               " is not one for packed folders; there are: sparse-f32, sparse-bf16, sparse-int8");
  return *format;
}

/// The tensors of the packed model; `storage` holds what is not the checkpoint's own.
std::vector<io::HostTensor> PackTensors(const io::Checkpoint& checkpoint,
                                        const WeightFormat& format,
                                        std::vector<std::vector<std::byte>>& storage,
                                        PackedModelSummary& summary) {
  std::vector<io::HostTensor> tensors;
  for (const io::TensorShape& expected : io::ExpectedTensors(checkpoint.config())) {
    io::HostTensor tensor = checkpoint.Weight(expected.name);
    summary.bytes_was += std::ssize(tensor.bytes);
    if (io::IsBlockMatrix(expected.name)) {
      const std::vector<float> weights = tensor.ToFloats();
      const bool pays = &format.BestFor(weights) == &format;
      if (pays) {
        storage.push_back(format.Pack(weights, tensor.shape[0], tensor.shape[1]));
        ReleasePages(tensor.bytes);
        tensor.dtype = io::Dtype::kU8;
        tensor.shape = {std::ssize(storage.back())};
        tensor.bytes = storage.back();
      }
      ++(pays ? summary.packed : summary.dense);
    }
    summary.bytes += std::ssize(tensor.bytes);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

void WriteConfig(const std::string& model_folder, const std::string& folder,
                 const std::string& format) {
  Json config = ReadJsonFile(model_folder + "/config.json");
  config["quantization_config"] = io::ToJson(io::Quantization{.format = format});
  WriteFileAtomically(folder + "/config.json", config.dump(2) + "\n");
}

}  // namespace

PackedModelSummary WritePackedModel(const std::string& model_folder, const std::string& out_folder,
                                    const std::string& format) {
  const WeightFormat& packing = FormatFor(format);
  TERSOR_CHECK(!fs::exists(out_folder) || fs::is_empty(out_folder), out_folder,
               ": exists; choose a new folder");
  const io::Checkpoint checkpoint = io::Checkpoint::Open(model_folder);
  TERSOR_CHECK(!checkpoint.config().quantization, model_folder,
               ": weights are trained in MXFP4, which ", format, " would not keep");
  const std::string fresh = out_folder + ".new";
  MakeFolders(fresh);
  PackedModelSummary summary;
  std::vector<std::vector<std::byte>> storage;
  io::WriteSafetensors(fresh + "/model.safetensors",
                       PackTensors(checkpoint, packing, storage, summary), {{"format", "pt"}});
  WriteConfig(model_folder, fresh, format);
  io::CopyTokenizer(model_folder, fresh);
  ReplaceFolder(fresh, out_folder);
  return summary;
}

StoredMatrix PackedMatrixOf(const WeightFormat& format, const io::HostTensor& tensor,
                            const std::vector<int64_t>& shape, const std::string& what) {
  if (tensor.dtype == io::Dtype::kU8) {
    format.Check({shape[0], shape[1], tensor.bytes}, what);
    return {shape[0], shape[1], &format, true, tensor.bytes};
  }
  StoredMatrix stored = MatrixOf(tensor);
  stored.in_place = stored.in_place && stored.format == format.fallback();
  stored.format = format.fallback();
  return stored;
}

std::vector<float> Unpack(const StoredMatrix& matrix, const io::HostTensor& tensor) {
  if (tensor.dtype != io::Dtype::kU8) {
    return tensor.ToFloats();
  }
  std::vector<float> weights(static_cast<size_t>(matrix.rows * matrix.cols));
  ParallelFor(0, matrix.rows, 16, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      matrix.format->Decode({matrix.rows, matrix.cols, matrix.bytes}, r, 0, matrix.cols,
                            weights.data() + r * matrix.cols);
    }
  });
  return weights;
}

}  // namespace tersor::runtime
