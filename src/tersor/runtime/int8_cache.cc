#include "tersor/runtime/int8_cache.h"

#include <algorithm>

#include "tersor/kernel/attention_plan.h"
#include "tersor/kernel/block_summary.h"
#include "tersor/kernel/flash_pack.h"
#include "tersor/kernel/int8_score.h"
#include "tersor/kernel/int8_value.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

template <class T>
void Resize(int64_t size, std::vector<T>& values) {
  values.resize(static_cast<size_t>(size));
}

/// The mean of the first `length` keys of a head in panels.
std::vector<float> MeanOfKeys(const kernel::AttendInput& in, const std::byte* keys,
                              int64_t length) {
  std::vector<float> rows(static_cast<size_t>(length * in.head_dim));
  kernel::UnpackPanels(in.type, keys, length, in.head_dim, rows.data());
  return kernel::MeanRow({reinterpret_cast<const std::byte*>(rows.data()), kernel::FloatType::kF32,
                          length, in.head_dim, in.head_dim});
}

}  // namespace

void Int8Cache::Reserve(int64_t layers, int64_t kv_heads) {
  layers_.assign(static_cast<size_t>(layers), std::vector<Head>(static_cast<size_t>(kv_heads)));
}

void Int8Cache::Update(int64_t layer, const kernel::AttendInput& in,
                       std::span<kernel::Int8Keys> keys, std::span<kernel::Int8Values> values) {
  const kernel::Int8ScoreKernel& scores = kernel::Int8ScoreKernels().front();
  const kernel::Int8ValueKernel* products = values.empty() ? nullptr : kernel::FastInt8Values();
  const int64_t length = in.first + in.tokens, blocks = kernel::KeyBlocks(length);
  const int64_t key_codes = kernel::kKeyBlock * kernel::Int8Depth(in.head_dim);
  const int64_t padded = kernel::PaddedDim(in.head_dim);
  std::vector<Head>& heads = layers_[static_cast<size_t>(layer)];
  const auto keys_of = [&](int64_t head) { return in.keys + head * in.key_stride; };
  ParallelFor(0, in.kv_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h) {
      Head& head = heads[static_cast<size_t>(h)];
      if (head.whole == 0) {
        head.mean = MeanOfKeys(in, keys_of(h), length);
      }
      Resize(blocks * key_codes, head.key_codes);
      Resize(blocks, head.key_scales);
      keys[static_cast<size_t>(h)] = {&scores, head.key_codes.data(), head.key_scales.data(),
                                      head.mean.data()};
      if (products != nullptr) {
        Resize(blocks * kernel::kKeyBlock * padded, head.value_codes);
        Resize(blocks * padded, head.value_scales);
        values[static_cast<size_t>(h)] = {products, head.value_codes.data(),
                                          head.value_scales.data()};
      }
    }
  });
  const int64_t first = heads.front().whole, bytes = kernel::BytesOf(in.type);
  ParallelFor(0, in.kv_heads * (blocks - first), 1, [&](int64_t begin, int64_t end) {
    float rows[kernel::kKeyBlock * kernel::kMaxHeadDim];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t h = i / (blocks - first), block = first + i % (blocks - first);
      const int64_t position = block * kernel::kKeyBlock;
      const int64_t count = std::min(kernel::kKeyBlock, length - position);
      Head& head = heads[static_cast<size_t>(h)];
      kernel::UnpackPanels(in.type, keys_of(h) + position * in.head_dim * bytes, count, in.head_dim,
                           rows);
      head.key_scales[static_cast<size_t>(block)] = kernel::QuantizeKeys(
          scores, kernel::FloatType::kF32, reinterpret_cast<const std::byte*>(rows), in.head_dim,
          count, in.head_dim, head.mean.data(), head.key_codes.data() + block * key_codes);
      if (products != nullptr) {
        kernel::QuantizeValues(in.type, in.values + h * in.value_stride + position * padded * bytes,
                               padded, count, in.head_dim,
                               head.value_codes.data() + position * padded,
                               head.value_scales.data() + block * padded);
      }
    }
  });
  for (Head& head : heads) {
    head.whole = length / kernel::kKeyBlock;
  }
}

void Int8Cache::Truncate(int64_t length) {
  for (std::vector<Head>& layer : layers_) {
    for (Head& head : layer) {
      head.whole = std::min(head.whole, length / kernel::kKeyBlock);
    }
  }
}

int64_t Int8Cache::Bytes(const io::ModelConfig& config, int64_t positions) {
  constexpr auto kScale = static_cast<int64_t>(sizeof(float));
  const int64_t padded = kernel::PaddedDim(config.head_dim);
  const int64_t codes = kernel::Int8Depth(config.head_dim) + padded;  // of a position
  const int64_t scales = (1 + padded) * kScale;                       // of a block
  return config.num_hidden_layers * config.num_key_value_heads *
         (positions * codes + (positions * scales + kernel::kKeyBlock - 1) / kernel::kKeyBlock);
}

}  // namespace tersor::runtime
