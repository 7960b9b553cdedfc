#include "bench_sparse.h"

#include <string>
#include <vector>

#include "isa_path.h"
#include "tersor/kernel/activations.h"
#include "tersor/runtime/weight_format.h"
#include "tersor/util/rng.h"

namespace tersor::cli {
namespace {

constexpr int64_t kLayers = 22;
constexpr int64_t kPromptTokens = 512;

struct Shape {
  int64_t rows, cols;
};
/// Query, key, value, out, gate, up, down.
constexpr Shape kBlock[] = {{2048, 2048}, {256, 2048},  {256, 2048}, {2048, 2048},
                            {5632, 2048}, {5632, 2048}, {2048, 5632}};

/// How the zeros lie.
struct Pattern {
  const char* name;
  double zeros;
  bool two_of_four;
};
constexpr Pattern kSparse70{"sparse70", 0.7, false};
constexpr Pattern kSparse50{"sparse50", 0.5, false};
constexpr Pattern kSparse24{"sparse24", 0.5, true};

std::vector<float> Pruned(const Shape& shape, const Pattern& pattern, uint64_t stream) {
  const Rng rng(1, stream);
  std::vector<float> noise(8191);
  for (size_t i = 0; i < noise.size(); ++i) {
    noise[i] = static_cast<float>(0.02 * rng.Normal(i));
  }
  std::vector<float> weights(static_cast<size_t>(shape.rows * shape.cols));
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] =
        pattern.two_of_four || rng.Uniform(i) >= pattern.zeros ? noise[i % noise.size()] : 0;
  }
  for (size_t i = 0; pattern.two_of_four && i < weights.size(); i += 4) {
    const size_t a = rng.Below(2 * i, 4), b = (a + 1 + rng.Below(2 * i + 1, 3)) % 4;
    weights[i + a] = weights[i + b] = 0;
  }
  return weights;
}

/// The matrices of all blocks in one format.
class Blocks {
 public:
  explicit Blocks(const runtime::WeightFormat& format) : format_(format) {}

  void Add(const Shape& shape, const std::vector<float>& weights) {
    shapes_.push_back(shape);
    packed_.push_back(format_.Pack(weights, shape.rows, shape.cols));
  }

  /// Tokens a second through every matrix, each with the same input.
  double Run(int64_t tokens) {
    return static_cast<double>(tokens) / SecondsOf([&] {
             for (size_t i = 0; i < shapes_.size(); ++i) {
               const auto& [rows, cols] = shapes_[i];
               const kernel::Workspace::Scope scope(workspace_);
               x_.resize(static_cast<size_t>(tokens * cols), 0.5f);
               y_.resize(static_cast<size_t>(tokens * rows));
               const kernel::Activations x(x_.data(), tokens, cols, workspace_);
               runtime::Multiply(format_, {rows, cols, packed_[i]}, x, y_.data());
             }
           });
  }

 private:
  const runtime::WeightFormat& format_;
  std::vector<Shape> shapes_;
  std::vector<std::vector<std::byte>> packed_;
  kernel::Workspace workspace_;
  std::vector<float> x_, y_;
};

struct Row {
  std::string name;
  Pattern pattern;
  const char* format;
  const char* peer;
  int64_t tokens;
  int64_t layers;
};

void RunSparse(const Row& row, const BenchOptions& options, Record& record) {
  std::vector<IsaPath> wanted;
  for (const IsaPath& path : IsaPaths()) {
    if (options.Wants(row.name + path.suffix)) {
      wanted.push_back(path);
    }
  }
  if (wanted.empty()) {
    return;
  }
  Blocks ours(*runtime::FindFormat(row.format)), peer(*runtime::FindFormat(row.peer));
  for (int64_t layer = 0; layer < row.layers; ++layer) {
    for (const Shape& shape : kBlock) {
      const auto stream = static_cast<uint64_t>(layer + 1);
      const std::vector<float> weights = Pruned(shape, row.pattern, stream);
      ours.Add(shape, weights);
      peer.Add(shape, weights);
    }
  }
  for (const IsaPath& path : wanted) {
    const auto rate = [&](Blocks& blocks) {
      const OnPath on(path);
      return blocks.Run(row.tokens);
    };
    rate(ours);
    rate(peer);
    RunRow({row.name + path.suffix, "tokens/s", std::string(row.peer) + " with the zeros stored",
            [&] { return rate(ours); }, [&] { return rate(peer); }},
           options, record);
  }
}

}  // namespace

void BenchSparse(const BenchOptions& options, Record& record) {
  for (const Pattern& pattern : {kSparse70, kSparse50, kSparse24}) {
    RunSparse({std::string(pattern.name) + "_decode_1b_vs_bf16", pattern, "sparse-bf16", "bf16", 1,
               kLayers},
              options, record);
  }
  RunSparse({"sparse70_int8_decode_1b_vs_int8", kSparse70, "sparse-int8", "int8", 1, kLayers},
            options, record);
  // A product of so many tokens is no faster for coming from the caches: two layers tell.
  RunSparse({"sparse70_prefill_1b", kSparse70, "sparse-bf16", "bf16", kPromptTokens, 2}, options,
            record);
}

}  // namespace tersor::cli
