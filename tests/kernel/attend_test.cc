#include "tersor/kernel/attend.h"

#include "each_target.h"
#include "tersor/kernel/attend_reference.h"
#include "tersor/kernel/attention_plan.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

struct Shape {
  int64_t head_dim, heads, kv_heads, first, tokens, window;
  bool causal = true;
};

float Round(float x) { return BF16ToFloat(FloatToBF16(x)); }

/// A filled cache, one query a token and head, and what attention gives.
class Case {
 public:
  Case(const Shape& s, FloatType type) : shape_(s), type_(type) {
    const int64_t length = s.first + s.tokens;
    capacity_ = (length + kKeyPanel - 1) / kKeyPanel * kKeyPanel;
    const auto bytes = static_cast<size_t>(BytesOf(type));
    keys_.resize(static_cast<size_t>(s.kv_heads * KeyElements(s.head_dim, capacity_)) * bytes);
    values_.resize(static_cast<size_t>(s.kv_heads * ValueElements(s.head_dim, capacity_)) * bytes);
    // Entries beyond the length are never looked at, whatever they hold.
    std::fill(keys_.begin(), keys_.end(), std::byte{0xff});
    std::fill(values_.begin(), values_.end(), std::byte{0xff});
    for (int64_t h = 0; h < s.kv_heads; ++h) {
      const auto size = static_cast<size_t>(length * s.head_dim);
      key_rows_.push_back(Noise(size, static_cast<uint64_t>(2 * h)));
      value_rows_.push_back(Noise(size, static_cast<uint64_t>(2 * h + 1)));
      for (int64_t p = 0; p < length; ++p) {
        StoreKeyValue(type, s.head_dim, key_rows_.back().data() + p * s.head_dim,
                      value_rows_.back().data() + p * s.head_dim, p, keys_.data() + h * KeyStride(),
                      values_.data() + h * ValueStride());
      }
    }
    query_ = Noise(static_cast<size_t>(s.tokens * s.heads * s.head_dim), 99, 2);
    out_.resize(query_.size());
  }

  AttendInput Input() {
    AttendInput in;
    in.type = type_;
    in.head_dim = shape_.head_dim;
    in.heads = shape_.heads;
    in.kv_heads = shape_.kv_heads;
    in.keys = keys_.data();
    in.values = values_.data();
    in.key_stride = KeyStride();
    in.value_stride = ValueStride();
    in.first = shape_.first;
    in.tokens = shape_.tokens;
    in.window = shape_.window;
    in.causal = shape_.causal;
    in.scale = 0.3f;
    in.query = query_.data();
    in.query_stride = in.out_stride = shape_.heads * shape_.head_dim;
    in.out = out_.data();
    return in;
  }

  void Check() const {
    const Shape& s = shape_;
    const double tolerance = s.head_dim > 256 ? 4e-5 : 1e-5;  // scores grow with the head
    for (int64_t t = 0; t < s.tokens; ++t) {
      for (int64_t h = 0; h < s.heads; ++h) {
        const auto kv = static_cast<size_t>(h / (s.heads / s.kv_heads));
        std::vector<float> keys = key_rows_[kv], values = value_rows_[kv];
        if (type_ == FloatType::kBF16) {
          std::transform(keys.begin(), keys.end(), keys.begin(), Round);
          std::transform(values.begin(), values.end(), values.begin(), Round);
        }
        const int64_t at = (t * s.heads + h) * s.head_dim;
        const std::vector<double> expected =
            AttendReference(query_.data() + at, keys, values, s.head_dim,
                            s.first + (s.causal ? t : s.tokens - 1), s.window, 0.3f);
        for (int64_t i = 0; i < s.head_dim; ++i) {
          ASSERT_NEAR(out_[static_cast<size_t>(at + i)], expected[static_cast<size_t>(i)],
                      tolerance)
              << "token " << t << " head " << h << " dim " << i;
        }
      }
    }
  }

  /// Against dense attention over the positions that the blocks hold; keep(head, query block, key
  /// block) says which.
  template <class Keep>
  void CheckSelected(const Keep& keep) const {
    const Shape& s = shape_;
    for (int64_t t = 0; t < s.tokens; ++t) {
      for (int64_t h = 0; h < s.heads; ++h) {
        const auto kv = static_cast<size_t>(h / (s.heads / s.kv_heads));
        std::vector<float> keys, values;
        for (int64_t p = 0; p <= s.first + t; ++p) {
          if (keep(h, t / kQueryBlock, p / kKeyBlock)) {
            const auto row = [&](const std::vector<float>& rows) {
              return rows.begin() + p * s.head_dim;
            };
            keys.insert(keys.end(), row(key_rows_[kv]), row(key_rows_[kv]) + s.head_dim);
            values.insert(values.end(), row(value_rows_[kv]), row(value_rows_[kv]) + s.head_dim);
          }
        }
        const int64_t at = (t * s.heads + h) * s.head_dim;
        const std::vector<double> expected =
            AttendReference(query_.data() + at, keys, values, s.head_dim,
                            std::ssize(keys) / s.head_dim - 1, 0, 0.3f);
        for (int64_t i = 0; i < s.head_dim; ++i) {
          ASSERT_NEAR(out_[static_cast<size_t>(at + i)], expected[static_cast<size_t>(i)], 1e-5)
              << "token " << t << " head " << h << " dim " << i;
        }
      }
    }
  }

  const std::vector<float>& out() const { return out_; }

 private:
  int64_t KeyStride() const { return KeyElements(shape_.head_dim, capacity_) * BytesOf(type_); }
  int64_t ValueStride() const { return ValueElements(shape_.head_dim, capacity_) * BytesOf(type_); }

  Shape shape_;
  FloatType type_;
  int64_t capacity_;
  std::vector<std::byte> keys_, values_;
  std::vector<std::vector<float>> key_rows_, value_rows_;
  std::vector<float> query_, out_;
};

const Shape kShapes[] = {
    {64, 4, 1, 0, 1, 0},                                        // the very first token
    {64, 8, 2, 70, 1, 0},                                       // decode, grouped queries
    {64, 4, 4, 1500, 1, 0},                                     // two stretches
    {20, 3, 1, 0, 37, 0},                                       // prefill, odd sizes
    {80, 6, 2, 5, 70, 0},                                       // a later chunk
    {16, 2, 1, 90, 40, 7},                                      // a window shorter than a step
    {16, 14, 2, 300, 1, 100},     {24, 3, 3, 0, 50, 0, false},  // an image's tokens see each other
    {64, 6, 2, 3, 197, 0, false}, {16, 8, 2, 90, 12, 7},        // few tokens, as rows
    {24, 3, 3, 0, 9, 0, false},   {24, 2, 2, 1100, 16, 0},
    {300, 2, 1, 3, 40, 0},  // larger heads than blocks of flash attention take
};

TEST(Attend, EqualsTheDefinition) {
  ForEachTarget([] {
    Workspace workspace;
    for (const Shape& shape : kShapes) {
      for (const FloatType type : {FloatType::kF32, FloatType::kBF16}) {
        SCOPED_TRACE(testing::Message() << "dim " << shape.head_dim << " heads " << shape.heads
                                        << " first " << shape.first << " bytes " << BytesOf(type));
        Case one(shape, type);
        const AttendInput input = one.Input();
        Attend({&input, 1}, workspace);
        one.Check();
      }
    }
  });
}

TEST(Attend, SequencesTogetherAreTheSameBitForBit) {
  Workspace workspace;
  Case a(kShapes[1], FloatType::kBF16), b(kShapes[2], FloatType::kBF16);
  AttendInput inputs[] = {a.Input(), b.Input()};
  Attend({&inputs[0], 1}, workspace);
  Attend({&inputs[1], 1}, workspace);
  const std::vector<float> alone_a = a.out(), alone_b = b.out();
  SetNumThreads(1);
  Attend(inputs, workspace);
  SetNumThreads(0);
  EXPECT_EQ(a.out(), alone_a);
  EXPECT_EQ(b.out(), alone_b);
}

TEST(Attend, SkipsBlocksThatAreNotSelected) {
  ForEachTarget([] {
    Workspace workspace;
    for (const Shape& shape : {Shape{16, 4, 2, 0, 300, 0}, Shape{16, 4, 4, 500, 150, 0},
                               Shape{16, 4, 2, 2500, 1, 0}, Shape{16, 4, 2, 700, 5, 0}}) {
      // Each query sees its own block and some others, differently by head.
      const bool few = shape.tokens < 16;
      const int64_t group = shape.heads / shape.kv_heads;
      const auto wants = [&](int64_t head, int64_t query_block, int64_t key_block) {
        const int64_t own = (shape.first + query_block * kQueryBlock) / kKeyBlock;
        return key_block >= own || (key_block + query_block + head) % 3 == 0;
      };
      BlockPlan plan;
      for (int64_t h = 0; h < shape.heads; ++h) {
        for (int64_t q = 0; q < QueryBlocks(shape.tokens); ++q) {
          std::vector<uint8_t> keep(static_cast<size_t>(KeyBlocks(shape.first + shape.tokens)));
          for (size_t j = 0; j < keep.size(); ++j) {
            keep[j] = wants(h, q, static_cast<int64_t>(j));
          }
          plan.AppendRow(keep);
        }
      }
      Case one(shape, FloatType::kF32);
      AttendInput input = one.Input();
      const BlockSelection selection = plan.View();
      input.selection = &selection;
      Attend(std::span(&input, 1), workspace);
      one.CheckSelected([&](int64_t head, int64_t query_block, int64_t key_block) {
        for (int64_t h = head / group * group; few && h < (head / group + 1) * group; ++h) {
          if (wants(h, query_block, key_block)) {
            return true;
          }
        }
        return wants(head, query_block, key_block);
      });
    }
  });
}

}  // namespace
}  // namespace tersor::kernel
