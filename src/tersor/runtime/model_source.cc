#include "tersor/runtime/model_source.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tersor/io/checkpoint.h"
#include "tersor/io/gguf_model.h"
#include "tersor/io/gguf_tokenizer.h"
#include "tersor/runtime/packed_model.h"
#include "tersor/util/error.h"

namespace tersor::runtime {
namespace {

using kernel::FloatType;

const WeightFormat* FormatOf(io::GgmlType type) {
  switch (type) {
    case io::GgmlType::kF32:
      return &FloatFormat(FloatType::kF32);
    case io::GgmlType::kBF16:
      return &FloatFormat(FloatType::kBF16);
    case io::GgmlType::kF16:
      return &FloatFormat(FloatType::kF16);
    case io::GgmlType::kQ8_0:
      return &Int8Format();
    case io::GgmlType::kMxfp4:
      return &Mxfp4Format(false);
    default:
      return nullptr;
  }
}

class FolderSource : public ModelSource {
 public:
  explicit FolderSource(const std::string& folder)
      : folder_(folder), checkpoint_(io::Checkpoint::OpenPacked(folder)) {
    if (config().quantization && config().quantization->packed()) {
      packed_ = FindFormat(config().quantization->format);
      for (const io::TensorShape& one : io::ExpectedTensors(config())) {
        if (io::IsBlockMatrix(one.name)) {
          shapes_[one.name] = one.shape;
        }
      }
    }
  }

  const io::ModelConfig& config() const override { return checkpoint_.config(); }
  kernel::RopePairs rope_pairs() const override { return kernel::RopePairs::kHalves; }

  StoredMatrix Matrix(const std::string& name) const override {
    const io::HostTensor& tensor = checkpoint_.Weight(name);
    if (packed_ == nullptr || !shapes_.contains(name)) {
      return packed_ != nullptr ? MatrixOf(tensor)
                                : AsTrained(config().quantization, name, MatrixOf(tensor));
    }
    return PackedMatrixOf(*packed_, tensor, shapes_.at(name), folder_ + ": tensor " + name);
  }

  std::vector<float> Floats(const std::string& name) const override {
    const io::HostTensor& tensor = checkpoint_.Weight(name);
    return packed_ != nullptr && shapes_.contains(name) ? Unpack(Matrix(name), tensor)
                                                        : tensor.ToFloats();
  }

  std::shared_ptr<const io::Tokenizer> LoadTokenizer() const override {
    return io::LoadTokenizer(folder_);
  }

  std::optional<io::ChatTemplate> LoadChatTemplate() const override {
    return io::ChatTemplate::Load(folder_);
  }

 private:
  std::string folder_;
  io::Checkpoint checkpoint_;
  const WeightFormat* packed_ = nullptr;                // of the blocks' matrices, where they are
  std::map<std::string, std::vector<int64_t>> shapes_;  // of those matrices
};

class GgufSource : public ModelSource {
 public:
  explicit GgufSource(const std::string& path) : model_(path) {}

  const io::ModelConfig& config() const override { return model_.config(); }

  kernel::RopePairs rope_pairs() const override {
    return model_.IsInterleaved("model.layers.0.self_attn.q_proj.weight")
               ? kernel::RopePairs::kNeighbours
               : kernel::RopePairs::kHalves;
  }

  StoredMatrix Matrix(const std::string& name) const override {
    const io::GgufTensor& tensor = Get(name);
    // The values of 4- and 6-bit blocks need the mantissa of f16, which bf16 lacks.
    const WeightFormat* format = FormatOf(tensor.type);
    return AsTrained(config().quantization, name,
                     {tensor.shape[0], tensor.shape[1],
                      format != nullptr ? format : &FloatFormat(FloatType::kF16), format != nullptr,
                      tensor.bytes});
  }

  std::vector<float> Floats(const std::string& name) const override {
    return Get(name).ToFloats();  // as stored: rows interleaved where rope_pairs says so
  }

  std::shared_ptr<const io::Tokenizer> LoadTokenizer() const override {
    return io::LoadGgufTokenizer(model_.file().metadata());
  }

  std::optional<io::ChatTemplate> LoadChatTemplate() const override;

 private:
  const io::GgufTensor& Get(const std::string& name) const {
    const io::GgufTensor* tensor = model_.Find(name);
    TERSOR_CHECK(tensor != nullptr, model_.file().path(), ": tensor ", name, " is missing");
    return *tensor;
  }

  io::GgufModel model_;
};

std::optional<io::ChatTemplate> GgufSource::LoadChatTemplate() const {
  constexpr const char* kKey = "tokenizer.chat_template";
  const io::GgufMetadata& metadata = model_.file().metadata();
  if (!metadata.Has(kKey)) {
    return std::nullopt;
  }
  io::ChatTemplate chat =
      io::ChatTemplate::Parse(metadata.String(kKey), model_.file().path() + ": " + kKey);
  const std::shared_ptr<const io::Tokenizer> tokenizer = LoadTokenizer();
  const std::vector<std::string> tokens = metadata.Strings("tokenizer.ggml.tokens");
  const auto set = [&](const char* name, std::optional<int32_t> id) {
    if (id) {
      chat.SetToken(name, tokens.at(static_cast<size_t>(*id)));
    }
  };
  set("bos_token", tokenizer->bos_id());
  set("eos_token", tokenizer->eos_id());
  return chat;
}

}  // namespace

std::shared_ptr<const ModelSource> OpenModel(const std::string& path) {
  if (path.ends_with(".gguf")) {
    return std::make_shared<GgufSource>(path);
  }
  return std::make_shared<FolderSource>(path);
}

std::string FindNonFinite(const ModelSource& source) {
  for (const io::TensorShape& expected : io::ExpectedTensors(source.config())) {
    const std::vector<float> values = source.Floats(expected.name);
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
      return expected.name;
    }
  }
  return {};
}

}  // namespace tersor::runtime
