#include "tersor/runtime/sparse_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "random_model.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

using testing::Noise;
using testing::SmallLlama;

constexpr int64_t kContext = 1024;

io::AttentionSettings Settings(const io::HeadSettings& head, bool int8, bool int8_values) {
  const io::ModelConfig config = SmallLlama();
  io::AttentionSettings settings;
  settings.int8 = int8;
  settings.int8_values = int8_values;
  settings.layers.assign(
      static_cast<size_t>(config.num_hidden_layers),
      std::vector<io::HeadSettings>(static_cast<size_t>(config.num_attention_heads), head));
  return settings;
}

/// A sequence whose tokens attend chunk by chunk at one layer. What a token holds is a function of
/// its position and the stream.
class Sequence {
 public:
  Sequence(const io::AttentionSettings& settings, kernel::FloatType type)
      : cache_(SmallLlama(), kContext, type), attention_(settings) {}

  /// Outputs [tokens, heads · head_dim] of the next tokens.
  std::vector<float> Attend(int64_t tokens, uint64_t stream = 0) {
    const io::ModelConfig c = SmallLlama();
    const int64_t key_size = c.num_key_value_heads * c.head_dim;
    const int64_t query_size = c.num_attention_heads * c.head_dim;
    const auto rows = [&](int64_t width, uint64_t kind) {
      const std::vector<float> all = Noise(kContext * width, 8 * stream + kind);
      const auto from = all.begin() + cache_.length() * width;
      return std::vector<float>(from, from + tokens * width);
    };
    std::vector<float> key = rows(key_size, 0), value = rows(key_size, 1);
    const std::vector<float> query = rows(query_size, 2);
    key.front() += spoil_;
    for (float& k : key) {
      k += 3;  // a mean that INT8 must not spend its range on
    }
    cache_.Store(1, tokens, key.data(), value.data());
    std::vector<float> out(query.size());
    kernel::AttendInput in;
    in.type = cache_.type();
    in.head_dim = c.head_dim;
    in.heads = c.num_attention_heads;
    in.kv_heads = c.num_key_value_heads;
    in.keys = cache_.keys(1);
    in.values = cache_.values(1);
    in.key_stride = cache_.key_stride();
    in.value_stride = cache_.value_stride();
    in.first = cache_.length();
    in.tokens = tokens;
    in.scale = 0.5f;
    in.query = query.data();
    in.out = out.data();
    in.query_stride = in.out_stride = query_size;
    AttendPlan plan;
    attention_.Plan(1, cache_, in, plan);
    kernel::Attend({&in, 1}, workspace_);
    cache_.Advance(tokens);
    return out;
  }

  void Truncate(int64_t length) { cache_.Truncate(length); }
  void SpoilNextKey() { spoil_ = std::numeric_limits<float>::quiet_NaN(); }

 private:
  KvCache cache_;
  SparseAttention attention_;
  kernel::Workspace workspace_;
  float spoil_ = 0;
};

double RelativeL1(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += std::abs(a[i] - b[i]);
    size += std::abs(b[i]);
  }
  return difference / size;
}

TEST(RuntimeSparseAttention, Int8IsCloseWhileACacheGrows) {
  for (const kernel::FloatType type : {kernel::FloatType::kF32, kernel::FloatType::kBF16}) {
    for (const bool values : {false, true}) {
      Sequence dense(Settings({}, false, false), type), int8(Settings({}, true, values), type);
      for (const int64_t tokens : {600, 1, 100, 37, 200}) {
        const std::vector<float> exact = dense.Attend(tokens), coded = int8.Attend(tokens);
        if (tokens == 1) {  // a single token reads the cache itself
          EXPECT_EQ(coded, exact);
          continue;
        }
        EXPECT_GT(RelativeL1(coded, exact), 1e-4);
        EXPECT_LT(RelativeL1(coded, exact), 0.03);
      }
    }
  }
}

TEST(RuntimeSparseAttention, Int8AndSkippedBlocksGoTogether) {
  const io::HeadSettings head{.tau = 0.7, .theta = -1, .lambda = 0};
  Sequence sparse(Settings(head, false, false), kernel::FloatType::kF32);
  Sequence both(Settings(head, true, true), kernel::FloatType::kF32);
  Sequence int8(Settings({}, true, true), kernel::FloatType::kF32);
  const std::vector<float> skipped = sparse.Attend(700), coded = both.Attend(700);
  EXPECT_LT(RelativeL1(coded, skipped), 0.03);
  EXPECT_GT(RelativeL1(coded, int8.Attend(700)), 0.03);
}

TEST(RuntimeSparseAttention, ForgottenTokensLeaveNothingInTheCodes) {
  const io::AttentionSettings settings = Settings({}, true, true);
  Sequence changed(settings, kernel::FloatType::kF32), straight(settings, kernel::FloatType::kF32);
  changed.Attend(600);
  straight.Attend(600);
  changed.Attend(200, /*stream=*/7);
  changed.Truncate(600);
  EXPECT_EQ(changed.Attend(150), straight.Attend(150));
}

TEST(RuntimeSparseAttention, ThreadsDoNotMatter) {
  const io::AttentionSettings settings = Settings({0.7, -1, -5}, true, true);
  Sequence many(settings, kernel::FloatType::kBF16), one(settings, kernel::FloatType::kBF16);
  const std::vector<float> out = many.Attend(700);
  SetNumThreads(1);
  EXPECT_EQ(one.Attend(700), out);
  SetNumThreads(0);
}

TEST(RuntimeSparseAttention, AKeyThatIsNotFiniteShows) {
  Sequence sequence(Settings({}, true, true), kernel::FloatType::kF32);
  sequence.SpoilNextKey();
  const std::vector<float> out = sequence.Attend(600);
  const io::ModelConfig c = SmallLlama();  // the last token's first head reads that key
  EXPECT_TRUE(
      std::isnan(out[out.size() - static_cast<size_t>(c.num_attention_heads * c.head_dim)]));
}

}  // namespace
}  // namespace tersor::runtime
