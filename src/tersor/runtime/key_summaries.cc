#include "tersor/runtime/key_summaries.h"

#include <algorithm>

#include "tersor/kernel/flash_block.h"

namespace tersor::runtime {
namespace {

/// Cuts the summaries to `blocks`.
void Resize(int64_t blocks, kernel::BlockSummaries& summaries) {
  summaries.blocks = blocks;
  summaries.means.resize(static_cast<size_t>(blocks * summaries.dim), 0);
  summaries.similarity.resize(static_cast<size_t>(blocks), 0);
  summaries.largest.resize(static_cast<size_t>(blocks), 0);
}

/// The mean of all keys of whole blocks.
std::vector<float> MeanOfBlocks(const kernel::BlockSummaries& summaries) {
  std::vector<float> mean(static_cast<size_t>(summaries.dim));
  for (int64_t block = 0; block < summaries.blocks; ++block) {
    for (int64_t i = 0; i < summaries.dim; ++i) {
      mean[static_cast<size_t>(i)] +=
          summaries.mean(block)[i] / static_cast<float>(summaries.blocks);
    }
  }
  return mean;
}

}  // namespace

const kernel::BlockSummaries& KeySummaries::Update(int64_t layer, int64_t head, int64_t dim,
                                                   kernel::FloatType type, const std::byte* keys,
                                                   int64_t length, kernel::Similarity similarity) {
  Head& one = layers_[static_cast<size_t>(layer)][static_cast<size_t>(head)];
  const int64_t whole = length / kernel::kKeyBlock;
  one.summaries.dim = dim;
  if (one.whole == 0 && whole > 0) {
    const std::vector<float> nothing(static_cast<size_t>(dim));
    kernel::BlockSummaries plain;
    plain.dim = dim;
    kernel::AppendPanelSummaries(type, keys, 0, whole, nothing.data(), similarity, plain);
    one.shift = MeanOfBlocks(plain);
  }
  Resize(one.whole, one.summaries);
  kernel::AppendPanelSummaries(type, keys, one.whole, whole, one.shift.data(), similarity,
                               one.summaries);
  one.whole = whole;
  Resize((length + kernel::kKeyBlock - 1) / kernel::kKeyBlock, one.summaries);
  return one.summaries;
}

void KeySummaries::Reserve(int64_t layers, int64_t heads) {
  layers_.resize(static_cast<size_t>(layers));
  for (std::vector<Head>& layer : layers_) {
    layer.resize(static_cast<size_t>(heads));
  }
}

void KeySummaries::Truncate(int64_t length) {
  for (std::vector<Head>& layer : layers_) {
    for (Head& head : layer) {
      head.whole = std::min(head.whole, length / kernel::kKeyBlock);
    }
  }
}

}  // namespace tersor::runtime
