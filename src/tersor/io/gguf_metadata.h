// Metadata of GGUF files: an ordered list of keys, each with one value of thirteen types.
#ifndef TERSOR_IO_GGUF_METADATA_H_
#define TERSOR_IO_GGUF_METADATA_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tersor/util/text_map.h"

namespace tersor::io {

/// Numbers as files store them.
enum class GgufValueType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

/// A value is kept as its bytes in the file: a vocabulary of any size takes no more memory than it
/// takes there, and what is read can be written unchanged.
struct GgufValue {
  GgufValueType type = GgufValueType::kUint8;
  std::string bytes;  // an array's start with its element type (u32) and count (u64)

  static GgufValue Uint32(uint32_t value);
  static GgufValue Float32(float value);
  static GgufValue Bool(bool value);
  static GgufValue String(std::string_view text);
  static GgufValue Strings(std::span<const std::string> texts);
  static GgufValue Int32s(std::span<const int32_t> values);
  static GgufValue Float32s(std::span<const float> values);
  static GgufValue Float64s(std::span<const double> values);
};

/// Length in bytes of the value of type `type` at the start of `bytes`, once all of it, down to the
/// innermost array, is known to be there and valid. Throws Error that begins with `where`: an
/// unknown type, a value that ends outside `bytes`, a bool that is neither 0 nor 1, arrays nested
/// deeper than eight.
size_t CheckedGgufLength(uint32_t type, std::span<const std::byte> bytes, const std::string& where);

class GgufMetadata {
 public:
  /// `source` begins every error.
  explicit GgufMetadata(std::string source = "GGUF metadata") : source_(std::move(source)) {}

  /// Adds the key or replaces its value, which holds what `CheckedGgufLength` accepts.
  void Set(const std::string& key, GgufValue value);

  const GgufValue* Find(std::string_view key) const;
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  const std::vector<std::pair<std::string, GgufValue>>& entries() const { return entries_; }
  const std::string& source() const { return source_; }

  /// The value of a key, of any integer type for `Int` and any number type for `Number`. Throws
  /// Error naming the key: it is missing (without `otherwise`), of another type or too large.
  int64_t Int(std::string_view key) const;
  int64_t Int(std::string_view key, int64_t otherwise) const;
  double Number(std::string_view key) const;
  double Number(std::string_view key, double otherwise) const;
  bool Bool(std::string_view key, bool otherwise) const;
  std::string String(std::string_view key) const;
  std::string String(std::string_view key, std::string_view otherwise) const;
  std::vector<std::string> Strings(std::string_view key) const;
  std::vector<int64_t> Ints(std::string_view key) const;
  std::vector<double> Numbers(std::string_view key) const;

  /// Elements of an array; Error where it is none.
  int64_t ArraySize(std::string_view key) const;

 private:
  const GgufValue& Get(std::string_view key) const;

  std::string source_;
  std::vector<std::pair<std::string, GgufValue>> entries_;
  TextMap<size_t> index_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_GGUF_METADATA_H_
