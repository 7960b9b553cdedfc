#include "tersor/io/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

#include "tersor/io/ggml_block.h"
#include "tersor/util/error.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr uint64_t kDefaultAlignment = 32, kMaxAlignment = 1 << 20;
constexpr uint64_t kMaxKey = 65535, kMaxTensorName = 64;  // the format's own limits, bytes
constexpr uint32_t kMaxDimensions = 4;
// The shortest entries that there can be, which bound the counts by the size of the file: an empty
// key, its type and one byte; an empty name, one dimension, a type and an offset.
constexpr uint64_t kLeastEntry = 8 + 4 + 1, kLeastTensor = 8 + 4 + 8 + 4 + 8;

/// Reads the header from front to back.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  uint32_t U32() { return Number<uint32_t>(); }
  uint64_t U64() { return Number<uint64_t>(); }

  std::string Name(const char* what, uint64_t longest) {
    const uint64_t length = U64();
    TERSOR_CHECK(length > 0 && length <= longest, path_, ": a ", what, " has ", length,
                 " bytes; it must have 1 .. ", longest);
    return Take(length);
  }

  GgufValue Value(const std::string& key) {
    const uint32_t type = U32();
    const size_t length =
        CheckedGgufLength(type, bytes_.subspan(at_), path_ + ": key " + Quoted(key));
    return {static_cast<GgufValueType>(type), Take(length)};
  }

  uint64_t Count(const char* what, uint64_t least_bytes) {
    const uint64_t count = U64();
    TERSOR_CHECK(count <= bytes_.size() / least_bytes, path_, ": ", count, " ", what,
                 " do not fit into the file; it is truncated or damaged");
    return count;
  }

  size_t position() const { return at_; }

 private:
  template <typename T>
  T Number() {
    T value;
    const std::string bytes = Take(sizeof(T));
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  std::string Take(uint64_t length) {
    TERSOR_CHECK(length <= bytes_.size() - at_, path_, ": the header ends after ", bytes_.size(),
                 " bytes; the file is truncated or damaged");
    const char* from = reinterpret_cast<const char*>(bytes_.data()) + at_;
    at_ += length;
    return {from, length};
  }

  std::span<const std::byte> bytes_;
  const std::string& path_;
  size_t at_ = 0;
};

uint32_t ReadVersion(Cursor& in, const std::string& path) {
  TERSOR_CHECK(in.U32() == kMagic, path, ": not a GGUF file");
  const uint32_t version = in.U32();
  TERSOR_CHECK((version & 0xffff) != 0, path,
               ": a big-endian GGUF file; only little-endian ones are supported");
  TERSOR_CHECK(version == 2 || version == 3, path, ": GGUF version ", version,
               " is not supported; supported: 2, 3");
  return version;
}

void ReadMetadata(Cursor& in, uint64_t count, const std::string& path, GgufMetadata& out) {
  for (uint64_t i = 0; i < count; ++i) {
    const std::string key = in.Name("key", kMaxKey);
    TERSOR_CHECK(!out.Has(key), path, ": key ", Quoted(key), " is there twice");
    out.Set(key, in.Value(key));
  }
}

uint64_t ReadAlignment(const GgufMetadata& metadata, const std::string& path) {
  const int64_t alignment = metadata.Int("general.alignment", kDefaultAlignment);
  TERSOR_CHECK(alignment >= 8 && alignment <= static_cast<int64_t>(kMaxAlignment) &&
                   std::has_single_bit(static_cast<uint64_t>(alignment)),
               path, ": key 'general.alignment' is ", alignment,
               "; it must be a power of 2 in 8 .. ", kMaxAlignment);
  return static_cast<uint64_t>(alignment);
}

/// A tensor before the place of the data is known.
struct Entry {
  GgufTensor tensor;
  uint64_t offset;
};

Entry ReadEntry(Cursor& in, const std::string& path) {
  Entry entry;
  GgufTensor& tensor = entry.tensor;
  tensor.name = in.Name("tensor name", kMaxTensorName);
  const std::string where = path + ": tensor " + Quoted(tensor.name);
  const uint32_t dimensions = in.U32();
  TERSOR_CHECK(dimensions >= 1 && dimensions <= kMaxDimensions, where, " has ", dimensions,
               " dimensions; it must have 1 .. ", kMaxDimensions);
  for (uint32_t i = 0; i < dimensions; ++i) {
    const uint64_t n = in.U64();
    TERSOR_CHECK(n > 0, where, " has a dimension of size 0");
    TERSOR_CHECK(n <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()), where,
                 ": shape overflows");
    tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(n));
  }
  const uint32_t type = in.U32();
  const GgmlTypeTraits* traits = FindGgmlType(type);
  TERSOR_CHECK(traits != nullptr, where, " has unknown type ", type);
  tensor.type = traits->type;
  entry.offset = in.U64();
  return entry;
}

void Place(Entry& entry, uint64_t alignment, std::span<const std::byte> data,
           const std::string& path) {
  GgufTensor& tensor = entry.tensor;
  const std::string where = path + ": tensor " + Quoted(tensor.name);
  const uint64_t size = GgufTensorBytes(tensor.type, tensor.shape, where);
  TERSOR_CHECK(entry.offset % alignment == 0, where, " lies at offset ", entry.offset,
               ", which is no multiple of ", alignment);
  TERSOR_CHECK(entry.offset <= data.size() && size <= data.size() - entry.offset, where, " needs ",
               size, " bytes at offset ", entry.offset, " of ", data.size(),
               "; the file is truncated or damaged");
  tensor.bytes = data.subspan(entry.offset, size);
}

void CheckNames(const std::vector<Entry>& entries, const std::string& path) {
  TextMap<bool> names;
  for (const Entry& entry : entries) {
    TERSOR_CHECK(names.emplace(entry.tensor.name, true).second, path, ": tensor ",
                 Quoted(entry.tensor.name), " is there twice");
  }
}

void CheckOverlaps(const std::vector<GgufTensor>& tensors, const std::string& path) {
  std::vector<const GgufTensor*> sorted(tensors.size());
  std::transform(tensors.begin(), tensors.end(), sorted.begin(), [](const auto& t) { return &t; });
  std::sort(sorted.begin(), sorted.end(), [](const GgufTensor* a, const GgufTensor* b) {
    return a->bytes.data() < b->bytes.data();
  });
  for (size_t i = 1; i < sorted.size(); ++i) {
    const std::span<const std::byte> before = sorted[i - 1]->bytes;
    TERSOR_CHECK(before.data() + before.size() <= sorted[i]->bytes.data(), path, ": tensor ",
                 Quoted(sorted[i]->name), " overlaps ", Quoted(sorted[i - 1]->name));
  }
}

}  // namespace

int64_t GgufTensor::size() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

std::vector<float> GgufTensor::ToFloats() const {
  TERSOR_CHECK(CanDequantize(type), "tensor ", Quoted(name), " is stored as ", Name(type),
               ", which cannot be read; supported: F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q6_K");
  std::vector<float> values(static_cast<size_t>(size()));
  Dequantize(type, bytes, values);
  return values;
}

uint64_t GgufTensorBytes(GgmlType type, std::span<const int64_t> shape, const std::string& where) {
  const GgmlTypeTraits& traits = Traits(type);
  TERSOR_CHECK(shape.back() % traits.block_size == 0, where, " has rows of ", shape.back(),
               " weights, which are no whole blocks of ", traits.name);
  // A bound of int64 on the bytes bounds the number of weights too: a block of 256 takes 50 or
  // more.
  constexpr uint64_t kMaxBytes = std::numeric_limits<int64_t>::max() / 8;
  auto bytes = static_cast<uint64_t>(traits.block_bytes);
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto n =
        static_cast<uint64_t>(i + 1 == shape.size() ? shape[i] / traits.block_size : shape[i]);
    TERSOR_CHECK(n <= kMaxBytes / bytes, where, ": shape overflows");
    bytes *= n;
  }
  return bytes;
}

GgufHeader ParseGguf(std::span<const std::byte> bytes, const std::string& path) {
  Cursor in(bytes, path);
  GgufHeader header;
  header.metadata = GgufMetadata(path);
  header.version = ReadVersion(in, path);
  const uint64_t tensors = in.Count("tensors", kLeastTensor);
  const uint64_t keys = in.Count("keys", kLeastEntry);
  ReadMetadata(in, keys, path, header.metadata);
  header.alignment = ReadAlignment(header.metadata, path);
  std::vector<Entry> entries;
  for (uint64_t i = 0; i < tensors; ++i) {
    entries.push_back(ReadEntry(in, path));
  }
  CheckNames(entries, path);
  const uint64_t aligned =
      (in.position() + header.alignment - 1) / header.alignment * header.alignment;
  const std::span<const std::byte> data = bytes.subspan(std::min<uint64_t>(aligned, bytes.size()));
  for (Entry& entry : entries) {
    Place(entry, header.alignment, data, path);
    header.tensors.push_back(std::move(entry.tensor));
  }
  CheckOverlaps(header.tensors, path);
  return header;
}

GgufFile::GgufFile(const std::string& path) : file_(path), header_(ParseGguf(file_.bytes(), path)) {
  for (size_t i = 0; i < header_.tensors.size(); ++i) {
    index_.emplace(header_.tensors[i].name, i);
  }
}

const GgufTensor* GgufFile::Find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &header_.tensors[found->second];
}

}  // namespace tersor::io
