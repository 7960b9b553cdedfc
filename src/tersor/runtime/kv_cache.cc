#include "tersor/runtime/kv_cache.h"

#include <sys/mman.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tersor/util/error.h"

namespace tersor::runtime {

KvCache::KvCache(const io::ModelConfig& config, int64_t capacity, kernel::FloatType type)
    : layers_(config.num_hidden_layers),
      kv_heads_(config.num_key_value_heads),
      head_dim_(config.head_dim),
      capacity_((capacity + kernel::kKeyPanel - 1) / kernel::kKeyPanel * kernel::kKeyPanel),
      type_(type) {
  assert(type != kernel::FloatType::kF16);
  void* data = ::mmap(nullptr, static_cast<size_t>(layers_ * LayerBytes()), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  TERSOR_CHECK(data != MAP_FAILED, "no memory for the keys and values of ", capacity,
               " tokens: ", std::strerror(errno), "; use a shorter context");
  data_ = static_cast<std::byte*>(data);
  summaries_.Reserve(layers_, kv_heads_);
  codes_.Reserve(layers_, kv_heads_);
}

KvCache::~KvCache() {
  if (data_ != nullptr) {
    ::munmap(data_, static_cast<size_t>(layers_ * LayerBytes()));
  }
}

KvCache::KvCache(KvCache&& other) noexcept { *this = std::move(other); }

KvCache& KvCache::operator=(KvCache&& other) noexcept {
  std::swap(layers_, other.layers_);
  std::swap(kv_heads_, other.kv_heads_);
  std::swap(head_dim_, other.head_dim_);
  std::swap(capacity_, other.capacity_);
  std::swap(length_, other.length_);
  std::swap(type_, other.type_);
  std::swap(data_, other.data_);
  std::swap(summaries_, other.summaries_);
  std::swap(codes_, other.codes_);
  return *this;
}

int64_t KvCache::key_stride() const {
  return kernel::KeyElements(head_dim_, capacity_) * kernel::BytesOf(type_);
}

int64_t KvCache::value_stride() const {
  return kernel::ValueElements(head_dim_, capacity_) * kernel::BytesOf(type_);
}

int64_t KvCache::Bytes(const io::ModelConfig& config, int64_t positions, kernel::FloatType type) {
  return config.num_hidden_layers * config.num_key_value_heads *
         (kernel::KeyElements(config.head_dim, positions) +
          kernel::ValueElements(config.head_dim, positions)) *
         kernel::BytesOf(type);
}

void KvCache::CopyPrefix(const KvCache& from, int64_t length) {
  assert(from.layers_ == layers_ && from.type_ == type_ && length <= from.length_);
  assert(length <= capacity_);
  const int64_t whole =
      (length + kernel::kKeyPanel - 1) / kernel::kKeyPanel * kernel::kKeyPanel;  // key blocks
  const int64_t bytes = kernel::BytesOf(type_);
  for (int64_t layer = 0; layer < layers_; ++layer) {
    for (int64_t head = 0; head < kv_heads_; ++head) {
      std::memcpy(const_cast<std::byte*>(keys(layer)) + head * key_stride(),
                  from.keys(layer) + head * from.key_stride(),
                  static_cast<size_t>(kernel::KeyElements(head_dim_, whole) * bytes));
      std::memcpy(const_cast<std::byte*>(values(layer)) + head * value_stride(),
                  from.values(layer) + head * from.value_stride(),
                  static_cast<size_t>(kernel::ValueElements(head_dim_, length) * bytes));
    }
  }
  length_ = length;
  summaries_.Truncate(0);
  codes_.Truncate(0);
}

void KvCache::Store(int64_t layer, int64_t tokens, const float* keys, const float* values) {
  assert(length_ + tokens <= capacity_);
  std::byte* key_base = data_ + layer * LayerBytes();
  std::byte* value_base = key_base + kv_heads_ * key_stride();
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t head = 0; head < kv_heads_; ++head) {
      const int64_t at = (t * kv_heads_ + head) * head_dim_;
      kernel::StoreKeyValue(type_, head_dim_, keys + at, values + at, length_ + t,
                            key_base + head * key_stride(), value_base + head * value_stride());
    }
  }
}

}  // namespace tersor::runtime
