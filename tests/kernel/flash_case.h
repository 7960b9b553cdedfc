// An attention problem with random numbers, what the kernels make of it and what it should be.
#ifndef TERSOR_TESTS_KERNEL_FLASH_CASE_H_
#define TERSOR_TESTS_KERNEL_FLASH_CASE_H_

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "each_target.h"
#include "tersor/kernel/flash_attention.h"
#include "tersor/kernel/flash_attention_reference.h"
#include "tersor/util/half.h"

namespace tersor::kernel {

struct FlashShape {
  enum Bias { kNone, kPerPair, kPerKey };

  int64_t batch = 1, heads = 1, kv_heads = 0;  // 0: as many as heads
  int64_t queries = 0, keys = 0, dim = 0;
  bool causal = false;
  int64_t first = 0, window = 0;
  Bias bias = kNone;
  bool bf16 = false;
  bool token_major = false;  // [batch, tokens, heads, dim], with a gap behind each token
  bool faint = false;        // every other key block has small scores only
  bool int8_values = false;
};

class FlashCase {
 public:
  explicit FlashCase(const FlashShape& shape) : shape_(shape) {
    if (shape_.kv_heads == 0) {
      shape_.kv_heads = shape_.heads;
    }
    query = Noise(Size(shape_.heads, shape_.queries), 1, shape_.faint ? 6 : 2);
    key = Noise(Size(shape_.kv_heads, shape_.keys), 2);
    value = Noise(Size(shape_.kv_heads, shape_.keys), 3);
    for (size_t i = 0; shape_.faint && i < key.size(); ++i) {
      const auto token = static_cast<int64_t>(i) / shape_.dim % shape_.keys;
      key[i] *= token / kKeyBlock % 2 == 1 ? 0.05f : 1.0f;
    }
    if (shape_.bias == FlashShape::kPerPair) {
      bias = Noise(static_cast<size_t>(shape_.queries * shape_.keys), 4);
    } else if (shape_.bias == FlashShape::kPerKey) {
      bias = Noise(static_cast<size_t>(shape_.batch * shape_.keys), 4);
    }
    if (shape_.bf16) {
      query16_ = Halved(query);
      key16_ = Halved(key);
      value16_ = Halved(value);
    }
    grad_out = Noise(Size(shape_.heads, shape_.queries), 7);
    grad_query.resize(query.size());
    grad_key.resize(key.size());
    grad_value.resize(value.size());
    out.resize(Size(shape_.heads, shape_.queries), 77.0f);
    lse.resize(static_cast<size_t>(shape_.batch * shape_.heads * shape_.queries));
  }

  const FlashShape& shape() const { return shape_; }

  FlashAttentionInput Input() {
    FlashAttentionInput in;
    in.batch = shape_.batch;
    in.heads = shape_.heads;
    in.kv_heads = shape_.kv_heads;
    in.queries = shape_.queries;
    in.keys = shape_.keys;
    in.dim = shape_.dim;
    in.query = View(query, query16_, shape_.heads, shape_.queries);
    in.key = View(key, key16_, shape_.kv_heads, shape_.keys);
    in.value = View(value, value16_, shape_.kv_heads, shape_.keys);
    in.scale = 1 / std::sqrt(static_cast<float>(shape_.dim));
    in.causal = shape_.causal;
    in.first = shape_.first;
    in.window = shape_.window;
    in.int8_values = shape_.int8_values;
    if (shape_.bias == FlashShape::kPerPair) {
      in.bias = {bias.data(), 0, 0, shape_.keys, 1};
    } else if (shape_.bias == FlashShape::kPerKey) {
      in.bias = {bias.data(), shape_.keys, 0, 0, 1};
    }
    if (!offsets.empty()) {
      selection_ = {offsets.data(), indices.data()};
      in.selection = &selection_;
    }
    in.lambda = lambda.empty() ? nullptr : lambda.data();
    return in;
  }

  HeadsOutput Output() { return Writable(out, shape_.heads, shape_.queries); }

  FlashCounts Run(Workspace& workspace) {
    std::fill(out.begin(), out.end(), 77.0f);
    counts_ = FlashAttention(Input(), Output(), lse.data(), workspace);
    return counts_;
  }

  /// After Run().
  void RunBackward(Workspace& workspace) {
    for (std::vector<float>* grad : {&grad_query, &grad_key, &grad_value}) {
      std::fill(grad->begin(), grad->end(), 77.0f);
    }
    const FlashShape& s = shape_;
    FlashAttentionBackward(
        Input(), View(out, {}, s.heads, s.queries), lse.data(),
        View(grad_out, {}, s.heads, s.queries),
        {Writable(grad_query, s.heads, s.queries), Writable(grad_key, s.kv_heads, s.keys),
         Writable(grad_value, s.kv_heads, s.keys)},
        workspace);
  }

  /// Fills in what is expected, gradients too.
  void Expect() {
    const FlashAttentionInput in = Input();
    FlashReferenceLoops loops(in);
    expected = loops.Forward();
    loops.Backward(Dense(grad_out, shape_.heads, shape_.queries), expected);
  }

  void CheckBackward(double tolerance) const {
    const FlashShape& s = shape_;
    CheckTensor(grad_query, expected.grad_query, s.heads, s.queries, tolerance, "grad_query");
    CheckTensor(grad_key, expected.grad_key, s.kv_heads, s.keys, tolerance, "grad_key");
    CheckTensor(grad_value, expected.grad_value, s.kv_heads, s.keys, tolerance, "grad_value");
  }

  /// Lists each key block for each query block with the given probability.
  void SelectAtRandom(double probability) {
    const Rng rng(5, 6);
    uint64_t draws = 0;
    offsets = {0};
    indices.clear();
    for (int64_t row = 0; row < shape_.batch * shape_.heads * QueryBlocks(shape_.queries); ++row) {
      for (int64_t block = 0; block < KeyBlocks(shape_.keys); ++block) {
        if (rng.Uniform(draws++) < probability) {
          indices.push_back(static_cast<int32_t>(block));
        }
      }
      offsets.push_back(static_cast<int64_t>(indices.size()));
    }
  }

  void CheckForward(double tolerance) const {
    CheckTensor(out, expected.out, shape_.heads, shape_.queries, tolerance, "out");
    for (size_t i = 0; i < lse.size(); ++i) {
      const double e = expected.lse[i];
      if (std::isinf(e)) {
        ASSERT_EQ(lse[i], e) << "lse of row " << i;
      } else {
        ASSERT_NEAR(lse[i], e, tolerance + 1e-6 * std::abs(e)) << "lse of row " << i;
      }
    }
    EXPECT_EQ(counts_.blocks, expected.counts.blocks);
    EXPECT_EQ(counts_.groups, expected.counts.groups);
    EXPECT_EQ(counts_.skipped_groups, expected.counts.skipped_groups);
  }

  /// A tensor in the case's layout against a dense one.
  void CheckTensor(const std::vector<float>& got, const std::vector<double>& want, int64_t heads,
                   int64_t tokens, double tolerance, const char* what) const {
    size_t i = 0;
    for (int64_t b = 0; b < shape_.batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        for (int64_t t = 0; t < tokens; ++t) {
          for (int64_t d = 0; d < shape_.dim; ++d, ++i) {
            ASSERT_NEAR(got[static_cast<size_t>(At(heads, tokens, b, h, t) + d)], want[i],
                        tolerance)
                << what << " batch " << b << " head " << h << " token " << t << " dim " << d;
          }
        }
      }
    }
  }

  /// A tensor in the case's layout as [batch, heads, tokens, dim].
  std::vector<float> Dense(const std::vector<float>& data, int64_t heads, int64_t tokens) const {
    std::vector<float> dense;
    for (int64_t row = 0; row < shape_.batch * heads * tokens; ++row) {
      const auto from = data.begin() + At(heads, tokens, row / (heads * tokens),
                                          row / tokens % heads, row % tokens);
      dense.insert(dense.end(), from, from + shape_.dim);
    }
    return dense;
  }

  HeadsOutput Writable(std::vector<float>& data, int64_t heads, int64_t tokens) const {
    return {data.data(), Stride(heads, tokens, 0), Stride(heads, tokens, 1),
            Stride(heads, tokens, 2)};
  }

  size_t Size(int64_t heads, int64_t tokens) const {
    return static_cast<size_t>(shape_.batch * Stride(heads, tokens, 0));
  }

  int64_t At(int64_t heads, int64_t tokens, int64_t b, int64_t h, int64_t t) const {
    return b * Stride(heads, tokens, 0) + h * Stride(heads, tokens, 1) +
           t * Stride(heads, tokens, 2);
  }

  std::string Name() const {
    return "batch " + std::to_string(shape_.batch) + " heads " + std::to_string(shape_.heads) +
           "/" + std::to_string(shape_.kv_heads) + " queries " + std::to_string(shape_.queries) +
           " keys " + std::to_string(shape_.keys) + " dim " + std::to_string(shape_.dim);
  }

  std::vector<float> query, key, value, bias, lambda, out, lse;
  std::vector<float> grad_out, grad_query, grad_key, grad_value;
  std::vector<int64_t> offsets;
  std::vector<int32_t> indices;
  FlashReference expected;

 private:
  static constexpr int64_t kGap = 3;  // odd, so that no row begins at a vector's multiple

  /// Of batch entries, heads, tokens.
  int64_t Stride(int64_t heads, int64_t tokens, int axis) const {
    const int64_t dim = shape_.dim;
    if (shape_.token_major) {
      const int64_t token = heads * dim + kGap;
      return axis == 0 ? tokens * token : axis == 1 ? dim : token;
    }
    return axis == 0 ? heads * tokens * dim : axis == 1 ? tokens * dim : dim;
  }

  static std::vector<uint16_t> Halved(std::vector<float>& values) {
    std::vector<uint16_t> halves(values.size());
    std::transform(values.begin(), values.end(), halves.begin(), FloatToBF16);
    return halves;
  }

  HeadsView View(const std::vector<float>& data, const std::vector<uint16_t>& halves, int64_t heads,
                 int64_t tokens) const {
    const bool halved = !halves.empty();
    const void* at = halved ? static_cast<const void*>(halves.data()) : data.data();
    return {static_cast<const std::byte*>(at), halved ? FloatType::kBF16 : FloatType::kF32,
            Stride(heads, tokens, 0), Stride(heads, tokens, 1), Stride(heads, tokens, 2)};
  }

  FlashShape shape_;
  std::vector<uint16_t> query16_, key16_, value16_;
  BlockSelection selection_;
  FlashCounts counts_;
};

}  // namespace tersor::kernel

#endif  // TERSOR_TESTS_KERNEL_FLASH_CASE_H_
