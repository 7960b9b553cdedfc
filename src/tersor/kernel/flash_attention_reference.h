// Attention and its gradients as plain loops in double: what flash_attention.h is compared with.
#ifndef TERSOR_KERNEL_FLASH_ATTENTION_REFERENCE_H_
#define TERSOR_KERNEL_FLASH_ATTENTION_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "tersor/kernel/flash_attention.h"
#include "tersor/util/half.h"

namespace tersor::kernel {

/// [batch, heads, tokens, dim] and the like, dense.
struct FlashReference {
  std::vector<double> out, lse;
  FlashCounts counts;
  std::vector<double> grad_query, grad_key, grad_value;
};

class FlashReferenceLoops {
 public:
  explicit FlashReferenceLoops(const FlashAttentionInput& in) : in_(in) {}

  /// With coded weights and values where in.int8_values, whatever the processor has; scores are
  /// never coded.
  FlashReference Forward() {
    FlashReference result;
    for (int64_t b = 0; b < in_.batch; ++b) {
      for (int64_t h = 0; h < in_.heads; ++h) {
        const Matrix scores = Scores(b, h, result.counts);
        const Matrix coded = in_.int8_values ? CodedValues(b, KvHead(h)) : Matrix();
        for (int64_t q = 0; q < in_.queries; ++q) {
          const std::vector<double>& row = scores[static_cast<size_t>(q)];
          if (in_.int8_values) {
            CodedRow(row, coded, result);
            continue;
          }
          const double lse = LogSumExp(row);
          result.lse.push_back(lse);
          for (int64_t i = 0; i < in_.dim; ++i) {
            double sum = 0;
            for (int64_t k = 0; k < in_.keys; ++k) {
              sum += Probability(row, k, lse) * Element(in_.value, b, KvHead(h), k, i);
            }
            result.out.push_back(sum);
          }
        }
      }
    }
    return result;
  }

  /// Adds the gradients to a result of Forward(); grad_out [batch, heads, queries, dim].
  void Backward(const std::vector<float>& grad_out, FlashReference& result) {
    result.grad_query.assign(result.out.size(), 0);
    result.grad_key.assign(static_cast<size_t>(in_.batch * in_.kv_heads * in_.keys * in_.dim), 0);
    result.grad_value = result.grad_key;
    FlashCounts ignored;
    for (int64_t b = 0; b < in_.batch; ++b) {
      for (int64_t h = 0; h < in_.heads; ++h) {
        const Matrix scores = Scores(b, h, ignored);
        for (int64_t q = 0; q < in_.queries; ++q) {
          BackwardRow(scores[static_cast<size_t>(q)], b, h, q, grad_out, result);
        }
      }
    }
  }

 private:
  using Matrix = std::vector<std::vector<double>>;
  static constexpr double kNothing = -std::numeric_limits<double>::infinity();

  int64_t KvHead(int64_t h) const { return h / (in_.heads / in_.kv_heads); }

  static double Element(const HeadsView& view, int64_t b, int64_t h, int64_t t, int64_t i) {
    const std::byte* at = view.At(b, h, t) + i * BytesOf(view.type);
    if (view.type == FloatType::kF32) {
      float x;
      std::memcpy(&x, at, sizeof(x));
      return x;
    }
    uint16_t x;
    std::memcpy(&x, at, sizeof(x));
    return BF16ToFloat(x);
  }

  /// What codes of a head's values stand for [keys, dim], a scale for each channel and key block.
  Matrix CodedValues(int64_t b, int64_t h) const {
    Matrix values(static_cast<size_t>(in_.keys), std::vector<double>(static_cast<size_t>(in_.dim)));
    for (int64_t i = 0; i < in_.dim; ++i) {
      for (int64_t block = 0; block < KeyBlocks(in_.keys); ++block) {
        float largest = 0;
        for (int64_t k = block * kKeyBlock; k < KeyEnd(block); ++k) {
          largest = std::max(largest, std::abs(static_cast<float>(Element(in_.value, b, h, k, i))));
        }
        for (int64_t k = block * kKeyBlock; k < KeyEnd(block) && largest > 0; ++k) {
          const auto x = static_cast<float>(Element(in_.value, b, h, k, i));
          values[static_cast<size_t>(k)][static_cast<size_t>(i)] =
              static_cast<double>(std::nearbyint(x * (127 / largest)) * (largest / 127));
        }
      }
    }
    return values;
  }

  /// One row with INT8 values: weights are 255ths of the row's largest one in each key block.
  void CodedRow(const std::vector<double>& row, const Matrix& values,
                FlashReference& result) const {
    const double highest = row.empty() ? kNothing : *std::ranges::max_element(row);
    std::vector<double> sums(static_cast<size_t>(in_.dim));
    double total = 0;
    for (int64_t block = 0; block < KeyBlocks(in_.keys) && highest > kNothing; ++block) {
      const auto begin = row.begin() + block * kKeyBlock, end = row.begin() + KeyEnd(block);
      const double local = *std::max_element(begin, end);
      for (auto score = begin; score < end && local > kNothing; ++score) {
        const double code = std::nearbyint(255 * std::exp(*score - local));
        const double weight = code / 255 * std::exp(local - highest);
        total += weight;
        for (size_t i = 0; i < sums.size(); ++i) {
          sums[i] += weight * values[static_cast<size_t>(score - row.begin())][i];
        }
      }
    }
    result.lse.push_back(total > 0 ? highest + std::log(total) : kNothing);
    for (const double sum : sums) {
      result.out.push_back(total > 0 ? sum / total : 0);
    }
  }

  bool Sees(int64_t q, int64_t k) const {
    const int64_t distance = in_.first + q - k;
    const bool near = in_.window == 0 || std::abs(distance) < in_.window;
    return near && (!in_.causal || distance >= 0);
  }

  bool Selected(int64_t b, int64_t h, int64_t query_block, int64_t key_block) const {
    if (in_.selection == nullptr) {
      return true;
    }
    const int64_t row = (b * in_.heads + h) * QueryBlocks(in_.queries) + query_block;
    const int32_t* indices = in_.selection->indices;
    return std::count(indices + in_.selection->offsets[row],
                      indices + in_.selection->offsets[row + 1], key_block) > 0;
  }

  double Score(int64_t b, int64_t h, int64_t q, int64_t k) const {
    double sum = 0;
    for (int64_t i = 0; i < in_.dim; ++i) {
      sum += Element(in_.query, b, h, q, i) * Element(in_.key, b, KvHead(h), k, i);
    }
    sum *= static_cast<double>(in_.scale);
    const AttentionBias& bias = in_.bias;
    return bias.data == nullptr
               ? sum
               : sum + static_cast<double>(bias.data[b * bias.batch_stride + h * bias.head_stride +
                                                     q * bias.query_stride + k * bias.key_stride]);
  }

  /// Of one head [queries, keys]; -inf for what a query does not see, is not selected or is
  /// filtered.
  Matrix Scores(int64_t b, int64_t h, FlashCounts& counts) const {
    Matrix scores(static_cast<size_t>(in_.queries),
                  std::vector<double>(static_cast<size_t>(in_.keys), kNothing));
    for (int64_t block = 0; block < QueryBlocks(in_.queries); ++block) {
      const int64_t begin = block * kQueryBlock, end = std::min(begin + kQueryBlock, in_.queries);
      std::vector<double> maxima(static_cast<size_t>(in_.queries), kNothing);
      for (int64_t key = 0; key < KeyBlocks(in_.keys); ++key) {
        if (!Selected(b, h, block, key) || !SeesAny(begin, end, key)) {
          continue;
        }
        ++counts.blocks;
        for (int64_t q = begin; q < end; q += kRowGroup) {
          ++counts.groups;
          counts.skipped_groups +=
              ScoreGroup(b, h, q, std::min(q + kRowGroup, end), key, maxima, scores);
        }
      }
    }
    return scores;
  }

  bool SeesAny(int64_t begin, int64_t end, int64_t key_block) const {
    for (int64_t q = begin; q < end; ++q) {
      for (int64_t k = key_block * kKeyBlock; k < KeyEnd(key_block); ++k) {
        if (Sees(q, k)) {
          return true;
        }
      }
    }
    return false;
  }

  int64_t KeyEnd(int64_t key_block) const {
    return std::min((key_block + 1) * kKeyBlock, in_.keys);
  }

  /// Scores of a row group against a block, unless the second filter drops them (returns true).
  bool ScoreGroup(int64_t b, int64_t h, int64_t begin, int64_t end, int64_t key_block,
                  std::vector<double>& maxima, Matrix& scores) const {
    double reach = kNothing;
    for (int64_t q = begin; q < end; ++q) {
      std::vector<double>& row = scores[static_cast<size_t>(q)];
      double& maximum = maxima[static_cast<size_t>(q)];
      double local = kNothing;
      for (int64_t k = key_block * kKeyBlock; k < KeyEnd(key_block); ++k) {
        if (Sees(q, k)) {
          row[static_cast<size_t>(k)] = Score(b, h, q, k);
          local = std::max(local, row[static_cast<size_t>(k)]);
        }
      }
      maximum = std::max(maximum, local);
      reach = std::max(reach, local == kNothing ? kNothing : local - maximum);
    }
    if (!SeesAny(begin, end, key_block) || in_.lambda == nullptr || std::isinf(in_.lambda[h]) ||
        reach > static_cast<double>(in_.lambda[h])) {
      return false;
    }
    for (int64_t q = begin; q < end; ++q) {
      std::fill(scores[static_cast<size_t>(q)].begin() + key_block * kKeyBlock,
                scores[static_cast<size_t>(q)].begin() + KeyEnd(key_block), kNothing);
    }
    return true;
  }

  static double LogSumExp(const std::vector<double>& row) {
    const double highest = row.empty() ? kNothing : *std::max_element(row.begin(), row.end());
    if (highest == kNothing) {
      return kNothing;
    }
    double sum = 0;
    for (const double score : row) {
      sum += std::exp(score - highest);
    }
    return highest + std::log(sum);
  }

  static double Probability(const std::vector<double>& row, int64_t k, double lse) {
    return lse == kNothing ? 0 : std::exp(row[static_cast<size_t>(k)] - lse);
  }

  void BackwardRow(const std::vector<double>& row, int64_t b, int64_t h, int64_t q,
                   const std::vector<float>& grad_out, FlashReference& result) const {
    const int64_t dim = in_.dim, kv = KvHead(h);
    const int64_t at = ((b * in_.heads + h) * in_.queries + q) * dim;
    const double lse = LogSumExp(row);
    double delta = 0;
    for (int64_t i = 0; i < dim; ++i) {
      delta += result.out[static_cast<size_t>(at + i)] * GradOut(grad_out, at + i);
    }
    for (int64_t k = 0; k < in_.keys; ++k) {
      const double probability = Probability(row, k, lse);
      const int64_t key = ((b * in_.kv_heads + kv) * in_.keys + k) * dim;
      double grad = 0;  // of the probability
      for (int64_t i = 0; i < dim; ++i) {
        grad += GradOut(grad_out, at + i) * Element(in_.value, b, kv, k, i);
        result.grad_value[static_cast<size_t>(key + i)] += probability * GradOut(grad_out, at + i);
      }
      const double score = probability * (grad - delta) * static_cast<double>(in_.scale);
      for (int64_t i = 0; i < dim; ++i) {
        result.grad_query[static_cast<size_t>(at + i)] += score * Element(in_.key, b, kv, k, i);
        result.grad_key[static_cast<size_t>(key + i)] += score * Element(in_.query, b, h, q, i);
      }
    }
  }

  static double GradOut(const std::vector<float>& grad_out, int64_t at) {
    return static_cast<double>(grad_out[static_cast<size_t>(at)]);
  }

  const FlashAttentionInput in_;
};

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_FLASH_ATTENTION_REFERENCE_H_
