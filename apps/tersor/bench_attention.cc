#include "bench_attention.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "isa_path.h"
#include "tersor/kernel/flash_attention.h"
#include "tersor/train/estimate.h"
#include "tersor/util/rng.h"

namespace tersor::cli {
namespace {

constexpr int64_t kGemmSize = 2048;

/// Causal attention of one sequence with random queries, keys and values.
class AttentionProblem {
 public:
  AttentionProblem(int64_t heads, int64_t tokens, int64_t dim)
      : heads_(heads), tokens_(tokens), dim_(dim) {
    const Rng rng(1, 2);
    uint64_t draws = 0;
    for (std::vector<float>* tensor : {&query_, &key_, &value_, &grad_out_}) {
      for (int64_t i = 0; i < heads * tokens * dim; ++i) {
        tensor->push_back(static_cast<float>(rng.Normal(draws++)));
      }
    }
    out_ = grad_query_ = grad_key_ = grad_value_ = query_;
    lse_.resize(static_cast<size_t>(heads * tokens));
  }

  kernel::FlashAttentionInput Input() const {
    kernel::FlashAttentionInput in;
    in.heads = in.kv_heads = heads_;
    in.queries = in.keys = tokens_;
    in.dim = dim_;
    in.query = View(query_);
    in.key = View(key_);
    in.value = View(value_);
    in.scale = 1 / std::sqrt(static_cast<float>(dim_));
    in.causal = true;
    return in;
  }

  /// GFLOP/s of a forward pass; `in` is Input(), perhaps with selected blocks.
  double Forward(const kernel::FlashAttentionInput& in) {
    return 4 * Rate([&] { kernel::FlashAttention(in, Output(out_), lse_.data(), workspace_); });
  }

  /// GFLOP/s of a backward pass, after a forward pass.
  double Backward(const kernel::FlashAttentionInput& in) {
    const kernel::FlashGradients gradients{Output(grad_query_), Output(grad_key_),
                                           Output(grad_value_)};
    return 10 * Rate([&] {
             kernel::FlashAttentionBackward(in, View(out_), lse_.data(), View(grad_out_), gradients,
                                            workspace_);
           });
  }

 private:
  /// Visible pairs times dim, in billions a second; the best of as many runs as the peer takes.
  double Rate(const std::function<void()>& pass) const {
    double seconds = SecondsOf(pass);
    for (int run = 1; run < 4; ++run) {
      seconds = std::min(seconds, SecondsOf(pass));
    }
    const auto tokens = static_cast<double>(tokens_);
    return static_cast<double>(heads_ * dim_) * tokens * (tokens + 1) / 2 / seconds / 1e9;
  }
  kernel::HeadsView View(const std::vector<float>& data) const {
    return {reinterpret_cast<const std::byte*>(data.data()), kernel::FloatType::kF32,
            heads_ * tokens_ * dim_, tokens_ * dim_, dim_};
  }
  kernel::HeadsOutput Output(std::vector<float>& data) const {
    return {data.data(), heads_ * tokens_ * dim_, tokens_ * dim_, dim_};
  }

  int64_t heads_, tokens_, dim_;
  std::vector<float> query_, key_, value_, grad_out_, out_, lse_;
  std::vector<float> grad_query_, grad_key_, grad_value_;
  kernel::Workspace workspace_;
};

double Sgemm() { return train::MeasureSgemm(kGemmSize) / 1e9; }

void RunDense(int64_t heads, int64_t tokens, int64_t dim, bool backward,
              const BenchOptions& options, Record& record) {
  const std::string name = std::string(backward ? "attention_backward_" : "attention_dense_") +
                           std::to_string(tokens / 1024) + "k_d" + std::to_string(dim);
  for (const IsaPath& path : IsaPaths()) {
    if (!options.Wants(name + path.suffix)) {
      continue;
    }
    AttentionProblem problem(heads, tokens, dim);
    const kernel::FlashAttentionInput in = problem.Input();
    const auto ours = [&] {
      const OnPath on(path);
      return backward ? problem.Backward(in) : problem.Forward(in);
    };
    problem.Forward(in);
    ours();
    RunRow({name + path.suffix, "GFLOP/s", "SGEMM 2048 cubed, " + LoadedBlas(), ours, Sgemm},
           options, record);
  }
}

}  // namespace

void BenchAttention(const BenchOptions& options, Record& record) {
  for (const int64_t dim : {64, 128}) {
    RunDense(4, 4096, dim, false, options, record);
    RunDense(1, 16384, dim, false, options, record);
    RunDense(4, 4096, dim, true, options, record);
  }
}

}  // namespace tersor::cli
