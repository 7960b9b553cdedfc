#include "tersor/io/gguf_writer.h"

#include <set>
#include <string_view>
#include <utility>

#include "tersor/io/ggml_block.h"
#include "tersor/util/error.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

constexpr uint64_t kAlignment = 32;
constexpr uint32_t kVersion = 3;
constexpr size_t kMaxNameBytes = 63;  // what llama.cpp takes

uint64_t Aligned(uint64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

template <typename T>
void Append(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void AppendString(std::string& to, std::string_view text) {
  Append<uint64_t>(to, text.size());
  to += text;
}

void CheckInfos(const std::vector<GgufTensorInfo>& tensors, const std::string& path) {
  std::set<std::string> names;
  for (const GgufTensorInfo& tensor : tensors) {
    const std::string where = path + ": tensor " + Quoted(tensor.name);
    TERSOR_CHECK(!tensor.name.empty() && tensor.name.size() <= kMaxNameBytes, where,
                 " has a name of ", tensor.name.size(), " bytes; it must have 1 .. ",
                 kMaxNameBytes);
    TERSOR_CHECK(names.insert(tensor.name).second, where, " is given twice");
    TERSOR_CHECK(CanQuantize(tensor.type), where, " cannot be written as ", Name(tensor.type),
                 "; supported: F32, F16, BF16, Q8_0, MXFP4");
    TERSOR_CHECK(!tensor.shape.empty() && tensor.shape.size() <= 4, where, " has ",
                 tensor.shape.size(), " dimensions; it must have 1 .. 4");
    for (const int64_t n : tensor.shape) {
      TERSOR_CHECK(n > 0, where, " has a dimension of size ", n);
    }
  }
}

std::string Header(const GgufMetadata& metadata, const std::vector<GgufTensorInfo>& tensors,
                   const std::string& path) {
  TERSOR_CHECK(metadata.Int("general.alignment", kAlignment) == kAlignment, path,
               ": general.alignment must be ", kAlignment, " in files that tersor writes");
  std::string out = "GGUF";
  Append(out, kVersion);
  Append<uint64_t>(out, tensors.size());
  Append<uint64_t>(out, metadata.entries().size());
  for (const auto& [key, value] : metadata.entries()) {
    AppendString(out, key);
    Append(out, static_cast<uint32_t>(value.type));
    out += value.bytes;
  }
  uint64_t offset = 0;
  for (const GgufTensorInfo& tensor : tensors) {
    AppendString(out, tensor.name);
    Append(out, static_cast<uint32_t>(tensor.shape.size()));
    for (auto n = tensor.shape.rbegin(); n != tensor.shape.rend(); ++n) {
      Append(out, static_cast<uint64_t>(*n));
    }
    Append(out, static_cast<uint32_t>(tensor.type));
    Append(out, offset);
    offset += Aligned(
        GgufTensorBytes(tensor.type, tensor.shape, path + ": tensor " + Quoted(tensor.name)));
  }
  return out;
}

}  // namespace

GgufWriter::GgufWriter(const std::string& path, const GgufMetadata& metadata,
                       std::vector<GgufTensorInfo> tensors)
    : path_(path), tensors_(std::move(tensors)), file_(path) {
  CheckInfos(tensors_, path_);
  const std::string header = Header(metadata, tensors_, path_);
  file_.Write(header);
  Pad(header.size());
}

void GgufWriter::Write(std::span<const std::byte> bytes) {
  TERSOR_CHECK(next_ < tensors_.size(), path_, ": more data than tensors");
  const GgufTensorInfo& tensor = tensors_[next_++];
  const std::string where = path_ + ": tensor " + Quoted(tensor.name);
  const uint64_t size = GgufTensorBytes(tensor.type, tensor.shape, where);
  TERSOR_CHECK(bytes.size() == size, where, " needs ", size, " bytes but has ", bytes.size());
  file_.Write(bytes.data(), bytes.size());
  Pad(size);
}

void GgufWriter::Pad(uint64_t written) {
  static constexpr char kZeros[kAlignment] = {};
  file_.Write(kZeros, Aligned(written) - written);
}

void GgufWriter::Commit() {
  TERSOR_CHECK(next_ == tensors_.size(), path_, ": tensor ", Quoted(tensors_[next_].name),
               " has no data");
  file_.Commit();
}

void WriteGguf(const std::string& path, const GgufMetadata& metadata,
               std::span<const GgufTensor> tensors) {
  std::vector<GgufTensorInfo> infos;
  for (const GgufTensor& tensor : tensors) {
    infos.push_back({tensor.name, tensor.type, tensor.shape});
  }
  GgufWriter writer(path, metadata, std::move(infos));
  for (const GgufTensor& tensor : tensors) {
    writer.Write(tensor.bytes);
  }
  writer.Commit();
}

}  // namespace tersor::io
