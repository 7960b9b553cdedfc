#include "tersor/io/gguf_metadata.h"

#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "tersor/util/error.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read in place");

constexpr size_t kArrayHeader = sizeof(uint32_t) + sizeof(uint64_t);
constexpr int kMaxDepth = 8;

template <typename T>
T Read(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
void Append(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void AppendString(std::string& to, std::string_view text) {
  Append<uint64_t>(to, text.size());
  to += text;
}

template <typename T>
GgufValue Scalar(GgufValueType type, T value) {
  GgufValue out{type, {}};
  Append(out.bytes, value);
  return out;
}

GgufValue ArrayStart(GgufValueType element, size_t count) {
  GgufValue out{GgufValueType::kArray, {}};
  Append(out.bytes, static_cast<uint32_t>(element));
  Append<uint64_t>(out.bytes, count);
  return out;
}

template <typename T>
GgufValue Array(GgufValueType element, std::span<const T> values) {
  GgufValue out = ArrayStart(element, values.size());
  out.bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return out;
}

/// Bytes of one value of this type; 0 for texts and arrays, whose size varies.
size_t FixedSize(GgufValueType type) {
  switch (type) {
    case GgufValueType::kUint8:
    case GgufValueType::kInt8:
    case GgufValueType::kBool:
      return 1;
    case GgufValueType::kUint16:
    case GgufValueType::kInt16:
      return 2;
    case GgufValueType::kUint32:
    case GgufValueType::kInt32:
    case GgufValueType::kFloat32:
      return 4;
    case GgufValueType::kUint64:
    case GgufValueType::kInt64:
    case GgufValueType::kFloat64:
      return 8;
    default:
      return 0;
  }
}

void CheckBools(std::span<const std::byte> bytes, const std::string& where) {
  for (const std::byte value : bytes) {
    TERSOR_CHECK(std::to_integer<int>(value) <= 1, where, " holds a bool that is neither 0 nor 1");
  }
}

class LengthCheck {
 public:
  explicit LengthCheck(const std::string& where) : where_(where) {}

  size_t Value(uint32_t type, std::span<const std::byte> bytes, int depth) const {
    TERSOR_CHECK(type <= static_cast<uint32_t>(GgufValueType::kFloat64), where_,
                 " has unknown value type ", type);
    const auto known = static_cast<GgufValueType>(type);
    if (known == GgufValueType::kArray) {
      return ArrayValue(bytes, depth + 1);
    }
    if (known == GgufValueType::kString) {
      Need(sizeof(uint64_t), bytes);
      const auto length = Read<uint64_t>(bytes.data());
      Need(length, bytes.subspan(sizeof(uint64_t)));
      return sizeof(uint64_t) + length;
    }
    const size_t size = FixedSize(known);
    Need(size, bytes);
    if (known == GgufValueType::kBool) {
      CheckBools(bytes.first(1), where_);
    }
    return size;
  }

 private:
  size_t ArrayValue(std::span<const std::byte> bytes, int depth) const {
    TERSOR_CHECK(depth <= kMaxDepth, where_, " nests arrays deeper than ", kMaxDepth);
    Need(kArrayHeader, bytes);
    const auto element = Read<uint32_t>(bytes.data());
    const auto count = Read<uint64_t>(bytes.data() + sizeof(uint32_t));
    TERSOR_CHECK(element <= static_cast<uint32_t>(GgufValueType::kFloat64), where_,
                 " has unknown value type ", element);
    const size_t size = FixedSize(static_cast<GgufValueType>(element));
    size_t at = kArrayHeader;
    if (size > 0) {
      // Divided, because the product may overflow.
      Need(count <= (bytes.size() - at) / size ? 0 : std::numeric_limits<uint64_t>::max(),
           bytes.subspan(at));
      if (static_cast<GgufValueType>(element) == GgufValueType::kBool) {
        CheckBools(bytes.subspan(at, count), where_);
      }
      return at + count * size;
    }
    for (uint64_t i = 0; i < count;
         ++i) {  // each takes bytes, so the file's end stops a huge count
      at += Value(element, bytes.subspan(at), depth);
    }
    return at;
  }

  void Need(uint64_t size, std::span<const std::byte> bytes) const {
    TERSOR_CHECK(size <= bytes.size(), where_,
                 " does not fit into the file; it is truncated or damaged");
  }

  const std::string& where_;
};

/// Calls visit(T) with the fixed-size number at `from`.
template <typename Visit>
auto VisitNumber(GgufValueType type, const char* from, Visit visit) {
  switch (type) {
    case GgufValueType::kUint8:
      return visit(Read<uint8_t>(from));
    case GgufValueType::kInt8:
      return visit(Read<int8_t>(from));
    case GgufValueType::kUint16:
      return visit(Read<uint16_t>(from));
    case GgufValueType::kInt16:
      return visit(Read<int16_t>(from));
    case GgufValueType::kUint32:
      return visit(Read<uint32_t>(from));
    case GgufValueType::kInt32:
      return visit(Read<int32_t>(from));
    case GgufValueType::kFloat32:
      return visit(Read<float>(from));
    case GgufValueType::kUint64:
      return visit(Read<uint64_t>(from));
    case GgufValueType::kInt64:
      return visit(Read<int64_t>(from));
    default:
      return visit(Read<double>(from));
  }
}

bool IsNumber(GgufValueType type) { return FixedSize(type) > 0 && type != GgufValueType::kBool; }

bool IsInteger(GgufValueType type) {
  return IsNumber(type) && type != GgufValueType::kFloat32 && type != GgufValueType::kFloat64;
}

double NumberAt(GgufValueType type, const char* from) {
  return VisitNumber(type, from, [](auto value) { return static_cast<double>(value); });
}

int64_t IntAt(GgufValueType type, const char* from, const std::string& where) {
  return VisitNumber(type, from, [&](auto value) {
    if constexpr (std::is_same_v<decltype(value), uint64_t>) {
      TERSOR_CHECK(value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()), where,
                   " is too large");
    }
    return static_cast<int64_t>(value);
  });
}

struct ArrayView {
  GgufValueType element;
  uint64_t count;
  const char* values;
};

ArrayView ViewOf(const GgufValue& value, const std::string& where) {
  TERSOR_CHECK(value.type == GgufValueType::kArray, where, " is not an array");
  const char* from = value.bytes.data();
  return {static_cast<GgufValueType>(Read<uint32_t>(from)), Read<uint64_t>(from + sizeof(uint32_t)),
          from + kArrayHeader};
}

std::string Where(const std::string& source, std::string_view key) {
  return source + ": key " + Quoted(key);
}

}  // namespace

GgufValue GgufValue::Uint32(uint32_t value) { return Scalar(GgufValueType::kUint32, value); }
GgufValue GgufValue::Float32(float value) { return Scalar(GgufValueType::kFloat32, value); }
GgufValue GgufValue::Bool(bool value) {
  return Scalar(GgufValueType::kBool, static_cast<uint8_t>(value ? 1 : 0));
}

GgufValue GgufValue::String(std::string_view text) {
  GgufValue out{GgufValueType::kString, {}};
  AppendString(out.bytes, text);
  return out;
}

GgufValue GgufValue::Strings(std::span<const std::string> texts) {
  GgufValue out = ArrayStart(GgufValueType::kString, texts.size());
  for (const std::string& text : texts) {
    AppendString(out.bytes, text);
  }
  return out;
}

GgufValue GgufValue::Int32s(std::span<const int32_t> values) {
  return Array(GgufValueType::kInt32, values);
}
GgufValue GgufValue::Float32s(std::span<const float> values) {
  return Array(GgufValueType::kFloat32, values);
}
GgufValue GgufValue::Float64s(std::span<const double> values) {
  return Array(GgufValueType::kFloat64, values);
}

size_t CheckedGgufLength(uint32_t type, std::span<const std::byte> bytes,
                         const std::string& where) {
  return LengthCheck(where).Value(type, bytes, 0);
}

void GgufMetadata::Set(const std::string& key, GgufValue value) {
  const auto [found, fresh] = index_.emplace(key, entries_.size());
  if (fresh) {
    entries_.emplace_back(key, std::move(value));
  } else {
    entries_[found->second].second = std::move(value);
  }
}

const GgufValue* GgufMetadata::Find(std::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

const GgufValue& GgufMetadata::Get(std::string_view key) const {
  const GgufValue* value = Find(key);
  TERSOR_CHECK(value != nullptr, Where(source_, key), " is missing");
  return *value;
}

int64_t GgufMetadata::Int(std::string_view key) const {
  const GgufValue& value = Get(key);
  TERSOR_CHECK(IsInteger(value.type), Where(source_, key), " is not a whole number");
  return IntAt(value.type, value.bytes.data(), Where(source_, key));
}

int64_t GgufMetadata::Int(std::string_view key, int64_t otherwise) const {
  return Has(key) ? Int(key) : otherwise;
}

double GgufMetadata::Number(std::string_view key) const {
  const GgufValue& value = Get(key);
  TERSOR_CHECK(IsNumber(value.type), Where(source_, key), " is not a number");
  return NumberAt(value.type, value.bytes.data());
}

double GgufMetadata::Number(std::string_view key, double otherwise) const {
  return Has(key) ? Number(key) : otherwise;
}

bool GgufMetadata::Bool(std::string_view key, bool otherwise) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) {
    return otherwise;
  }
  TERSOR_CHECK(value->type == GgufValueType::kBool, Where(source_, key), " is not true or false");
  return value->bytes[0] != 0;
}

std::string GgufMetadata::String(std::string_view key) const {
  const GgufValue& value = Get(key);
  TERSOR_CHECK(value.type == GgufValueType::kString, Where(source_, key), " is not a text");
  return value.bytes.substr(sizeof(uint64_t));
}

std::string GgufMetadata::String(std::string_view key, std::string_view otherwise) const {
  return Has(key) ? String(key) : std::string(otherwise);
}

std::vector<std::string> GgufMetadata::Strings(std::string_view key) const {
  const ArrayView array = ViewOf(Get(key), Where(source_, key));
  TERSOR_CHECK(array.element == GgufValueType::kString || array.count == 0, Where(source_, key),
               " is not an array of texts");
  std::vector<std::string> texts;
  texts.reserve(array.count);
  const char* at = array.values;
  for (uint64_t i = 0; i < array.count; ++i) {
    const auto length = Read<uint64_t>(at);
    texts.emplace_back(at + sizeof(uint64_t), length);
    at += sizeof(uint64_t) + length;
  }
  return texts;
}

std::vector<int64_t> GgufMetadata::Ints(std::string_view key) const {
  const std::string where = Where(source_, key);
  const ArrayView array = ViewOf(Get(key), where);
  TERSOR_CHECK(IsInteger(array.element) || array.count == 0, where,
               " is not an array of whole numbers");
  std::vector<int64_t> values;
  values.reserve(array.count);
  for (uint64_t i = 0; i < array.count; ++i) {
    values.push_back(IntAt(array.element, array.values + i * FixedSize(array.element), where));
  }
  return values;
}

std::vector<double> GgufMetadata::Numbers(std::string_view key) const {
  const ArrayView array = ViewOf(Get(key), Where(source_, key));
  TERSOR_CHECK(IsNumber(array.element) || array.count == 0, Where(source_, key),
               " is not an array of numbers");
  std::vector<double> values;
  values.reserve(array.count);
  for (uint64_t i = 0; i < array.count; ++i) {
    values.push_back(NumberAt(array.element, array.values + i * FixedSize(array.element)));
  }
  return values;
}

int64_t GgufMetadata::ArraySize(std::string_view key) const {
  return static_cast<int64_t>(ViewOf(Get(key), Where(source_, key)).count);
}

}  // namespace tersor::io
