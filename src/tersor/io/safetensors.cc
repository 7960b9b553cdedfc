#include "tersor/io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <set>
#include <utility>

#include "tersor/util/error.h"
#include "tersor/util/json.h"

namespace tersor::io {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // the format's own limit, bytes
constexpr size_t kLengthBytes = 8;
constexpr int64_t kAlignment = 64;

uint64_t ReadLittleEndian64(const std::byte* p) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) {
    value = value << 8 | std::to_integer<uint64_t>(p[i]);
  }
  return value;
}

/// Refuses a key that an object holds twice, which the JSON library would silently overwrite.
Json ParseStrict(std::string_view text, const std::string& path) {
  std::vector<std::set<std::string>> open;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      open.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const std::string key = parsed.get<std::string>();
      TERSOR_CHECK(open.back().insert(key).second, path, ": header names ", key, " twice");
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::exception&) {
    Fail(path, ": header is not valid JSON; the file is damaged");
  }
}

uint64_t UnsignedOf(const Json& json, const std::string& where) {
  TERSOR_CHECK(json.is_number_unsigned(), where, " must be a number that is not negative");
  return json.get<uint64_t>();
}

/// Bytes of a tensor of this shape; Error where the product overflows or ends inside a byte.
uint64_t BytesOf(const std::vector<int64_t>& shape, Dtype dtype, const std::string& where) {
  uint64_t bits = static_cast<uint64_t>(BitsOf(dtype));
  for (const int64_t n : shape) {
    TERSOR_CHECK(n == 0 || bits <= std::numeric_limits<uint64_t>::max() / static_cast<uint64_t>(n),
                 where, ": shape overflows");
    bits *= static_cast<uint64_t>(n);
  }
  TERSOR_CHECK(bits % 8 == 0, where, ": elements end inside a byte");
  return bits / 8;
}

HostTensor ParseEntry(const std::string& name, const Json& entry, std::span<const std::byte> data,
                      const std::string& path) {
  const std::string where = path + ": tensor " + name;
  TERSOR_CHECK(entry.is_object() && entry.contains("dtype") && entry["dtype"].is_string() &&
                   entry.contains("shape") && entry["shape"].is_array() &&
                   entry.contains("data_offsets") && entry["data_offsets"].is_array() &&
                   entry["data_offsets"].size() == 2,
               where, " needs dtype, shape and two data_offsets");
  HostTensor tensor;
  tensor.name = name;
  const auto dtype_name = entry["dtype"].get<std::string>();
  const std::optional<Dtype> dtype = ParseDtype(dtype_name);
  TERSOR_CHECK(dtype, where, " has unknown dtype ", dtype_name);
  tensor.dtype = *dtype;
  for (const Json& n : entry["shape"]) {
    const uint64_t size = UnsignedOf(n, where + ": shape");
    TERSOR_CHECK(size <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()), where,
                 ": shape overflows");
    tensor.shape.push_back(static_cast<int64_t>(size));
  }
  const uint64_t begin = UnsignedOf(entry["data_offsets"][0], where + ": data_offsets");
  const uint64_t end = UnsignedOf(entry["data_offsets"][1], where + ": data_offsets");
  TERSOR_CHECK(begin <= end && end <= data.size(), where, " lies at bytes ", begin, " to ", end,
               " of ", data.size(), "; the file is truncated or damaged");
  const uint64_t bytes = BytesOf(tensor.shape, tensor.dtype, where);
  TERSOR_CHECK(end - begin == bytes, where, " needs ", bytes, " bytes but has ", end - begin);
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

/// The format wants the data covered exactly once.
void CheckCoverage(std::vector<HostTensor>& tensors, std::span<const std::byte> data,
                   const std::string& path) {
  std::stable_sort(tensors.begin(), tensors.end(), [](const HostTensor& a, const HostTensor& b) {
    return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
  });
  size_t covered = 0;
  for (const HostTensor& tensor : tensors) {
    const auto begin = static_cast<size_t>(tensor.bytes.data() - data.data());
    TERSOR_CHECK(begin >= covered, path, ": tensor ", tensor.name, " overlaps another");
    TERSOR_CHECK(begin == covered, path, ": bytes ", covered, " to ", begin,
                 " belong to no tensor; the file is damaged");
    covered = begin + tensor.bytes.size();
  }
  TERSOR_CHECK(covered == data.size(), path, ": ", data.size() - covered,
               " bytes after the last tensor; the file is damaged");
}

std::string ShardPath(const std::string& folder, const std::string& shard,
                      const std::string& index) {
  TERSOR_CHECK(!shard.empty() && shard.find('/') == std::string::npos && shard != "..", index,
               ": shard ", shard, " must be a file name in the same folder");
  const std::string path = folder + "/" + shard;
  TERSOR_CHECK(std::filesystem::exists(path), path, ": shard named in ", index, " is missing");
  return path;
}

}  // namespace

int64_t HostTensor::size() const {
  int64_t count = 1;
  for (const int64_t n : shape) {
    count *= n;
  }
  return count;
}

std::vector<float> HostTensor::ToFloats() const {
  std::vector<float> values(static_cast<size_t>(size()));
  ToFloat(dtype, bytes, values);
  return values;
}

SafetensorsHeader ParseSafetensors(std::span<const std::byte> bytes, const std::string& path) {
  TERSOR_CHECK(bytes.size() >= kLengthBytes, path, ": too short for a safetensors file");
  const uint64_t length = ReadLittleEndian64(bytes.data());
  TERSOR_CHECK(length <= kMaxHeader && length <= bytes.size() - kLengthBytes, path, ": header of ",
               length, " bytes does not fit; not a safetensors file, or truncated");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  const std::span<const std::byte> data = bytes.subspan(kLengthBytes + length);
  const Json json = ParseStrict(text, path);
  TERSOR_CHECK(json.is_object(), path, ": header is not a JSON object");
  SafetensorsHeader header;
  for (const auto& [name, entry] : json.items()) {
    if (name != "__metadata__") {
      header.tensors.push_back(ParseEntry(name, entry, data, path));
      continue;
    }
    TERSOR_CHECK(entry.is_object(), path, ": __metadata__ is not an object");
    for (const auto& [key, value] : entry.items()) {
      TERSOR_CHECK(value.is_string(), path, ": __metadata__ ", key, " is not a text");
      header.metadata[key] = value.get<std::string>();
    }
  }
  CheckCoverage(header.tensors, data, path);
  return header;
}

TensorStore TensorStore::Open(const std::string& path) {
  namespace fs = std::filesystem;
  TensorStore store;
  store.path_ = path;
  const auto add = [&](const std::string& file) {
    store.files_.emplace_back(file);
    SafetensorsHeader header = ParseSafetensors(store.files_.back().bytes(), file);
    for (HostTensor& tensor : header.tensors) {
      const std::string name = tensor.name;
      TERSOR_CHECK(store.tensors_.emplace(name, std::move(tensor)).second, file, ": tensor ", name,
                   " is in another shard too");
    }
    store.metadata_.merge(header.metadata);
  };
  if (fs::is_regular_file(path)) {
    add(path);
    return store;
  }
  if (fs::exists(path + "/model.safetensors")) {
    add(path + "/model.safetensors");
    return store;
  }
  const std::string index = path + "/model.safetensors.index.json";
  TERSOR_CHECK(fs::exists(index), path,
               ": no model.safetensors and no model.safetensors.index.json there");
  const Json json = ReadJsonFile(index);
  TERSOR_CHECK(json.is_object() && json.contains("weight_map") && json["weight_map"].is_object(),
               index, ": weight_map is missing");
  std::map<std::string, std::string> home;  // tensor -> shard
  std::set<std::string> shards;
  for (const auto& [name, shard] : json["weight_map"].items()) {
    TERSOR_CHECK(shard.is_string(), index, ": shard of ", name, " is not a file name");
    home[name] = shard.get<std::string>();
    shards.insert(home[name]);
  }
  for (const std::string& shard : shards) {
    const std::string file = ShardPath(path, shard, index);
    add(file);
    const SafetensorsHeader header = ParseSafetensors(store.files_.back().bytes(), file);
    for (const HostTensor& tensor : header.tensors) {
      const auto found = home.find(tensor.name);
      TERSOR_CHECK(found != home.end() && found->second == shard, index, ": tensor ", tensor.name,
                   " is in ", shard, ", but the index says otherwise");
    }
  }
  for (const auto& [name, shard] : home) {
    TERSOR_CHECK(store.tensors_.contains(name), path, "/", shard, ": tensor ", name,
                 " is missing, though the index places it there");
  }
  return store;
}

const HostTensor* TensorStore::Find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const HostTensor& TensorStore::Get(std::string_view name) const {
  const HostTensor* tensor = Find(name);
  TERSOR_CHECK(tensor != nullptr, path_, ": tensor ", name, " is missing");
  return *tensor;
}

void WriteSafetensors(const std::string& path, std::span<const HostTensor> tensors,
                      const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) {
    header["__metadata__"] = metadata;
  }
  uint64_t offset = 0;
  for (const HostTensor& tensor : tensors) {
    TERSOR_CHECK(!header.contains(tensor.name), path, ": tensor ", tensor.name, " is given twice");
    TERSOR_CHECK(tensor.bytes.size() == BytesOf(tensor.shape, tensor.dtype, tensor.name), path,
                 ": tensor ", tensor.name, ": bytes do not match the shape");
    header[tensor.name] = {{"dtype", Name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  // Spaces after the header align the first tensor, so that maps of the file can be read in place.
  while ((text.size() + kLengthBytes) % kAlignment != 0) {
    text += ' ';
  }
  AtomicFile file(path);
  unsigned char length[kLengthBytes];
  for (size_t i = 0; i < kLengthBytes; ++i) {
    length[i] = static_cast<unsigned char>(text.size() >> (8 * i));
  }
  file.Write(length, kLengthBytes);
  file.Write(text);
  for (const HostTensor& tensor : tensors) {
    file.Write(tensor.bytes.data(), tensor.bytes.size());
  }
  file.Commit();
}

}  // namespace tersor::io
