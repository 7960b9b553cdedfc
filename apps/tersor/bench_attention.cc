#include "bench_attention.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "attention_problem.h"
#include "isa_path.h"
#include "tersor/op/attention.h"
#include "tersor/train/estimate.h"

namespace tersor::cli {
namespace {

constexpr int64_t kGemmSize = 2048;
constexpr double kBackwardWork = 2.5;  // of the forward pass
constexpr double kTheta = 0.4;         // smooth fields lie above

/// The best of as many runs as MeasureSgemm() takes.
template <class Seconds>
double Best(const Seconds& seconds) {
  constexpr int kRuns = 4;
  double best = seconds();
  for (int run = 1; run < kRuns; ++run) {
    best = std::min(best, seconds());
  }
  return best;
}

double Sgemm() { return train::MeasureSgemm(kGemmSize) / 1e9; }

std::string Size(int64_t tokens) { return std::to_string(tokens / 1024) + "k"; }

/// Beside plain matrix products.
void RunDense(int64_t heads, int64_t tokens, int64_t dim, bool backward,
              const BenchOptions& options, Record& record) {
  const std::string name = (backward ? "attention_backward_" : "attention_dense_") + Size(tokens) +
                           "_d" + std::to_string(dim);
  for (const IsaPath& path : IsaPaths()) {
    if (!options.Wants(name + path.suffix)) {
      continue;
    }
    AttentionProblem problem(heads, tokens, dim, AttentionProblem::Field::kRandom);
    const kernel::FlashAttentionInput in = problem.Input();
    const auto ours = [&] {
      const OnPath on(path);
      return backward ? kBackwardWork * problem.Gflop() / Best([&] { return problem.Backward(in); })
                      : problem.Gflop() / Best([&] { return problem.Forward(in); });
    };
    problem.Forward(in);
    ours();
    RunRow({name + path.suffix, "GFLOP/s", "SGEMM 2048 cubed, " + LoadedBlas(), ours, Sgemm},
           options, record);
  }
}

/// Sum of |out - expected| over the sum of |expected|.
double RelativeL1(const std::vector<float>& out, const std::vector<float>& expected) {
  double error = 0, total = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    error += std::abs(out[i] - expected[i]);
    total += std::abs(expected[i]);
  }
  return error / total;
}

/// Scores in INT8, or values too, and nothing skipped: what precision gives, and what it costs.
void RunInt8(bool values, const BenchOptions& options, Record& record) {
  for (const IsaPath& path : IsaPaths()) {
    const std::string name =
        (values ? "attention_int8pv_16k_d128" : "attention_int8qk_16k_d128") + path.suffix;
    if (!options.Wants(name)) {
      continue;
    }
    AttentionProblem problem(2, 16384, 128, AttentionProblem::Field::kSmooth);
    const auto rate = [&](bool int8) {
      const OnPath on(path);
      kernel::FlashAttentionInput in = problem.Input();
      in.int8 = int8;
      in.int8_values = int8 && values;
      return problem.Gflop() / problem.Forward(in);
    };
    rate(false);
    const std::vector<float> exact = problem.out();
    rate(true);
    record.metrics[name + "_relative_l1"] = RelativeL1(problem.out(), exact);
    record.metrics[name + "_int8_values"] = problem.counts().int8_groups > 0 ? 1 : 0;
    RunRow({name, "GFLOP/s", "our float32 kernel", [&] { return rate(true); },
            [&] { return rate(false); }},
           options, record);
  }
}

/// The plan and the blocks that it leaves, beside our dense kernel over the share that is left.
void RunSparge(int64_t heads, int64_t tokens, double sparsity, bool int8,
               const BenchOptions& options, Record& record) {
  for (const IsaPath& path : IsaPaths()) {
    const std::string name = "sparge_" + Size(tokens) + "_s" +
                             std::to_string(std::lround(100 * sparsity)) + (int8 ? "_int8" : "") +
                             path.suffix;
    if (!options.Wants(name)) {
      continue;
    }
    const OnPath on(path);
    AttentionProblem problem(heads, tokens, 128, AttentionProblem::Field::kSmooth);
    double tau = 0;
    const double reached = problem.SparsityOf(problem.PlanOfSparsity(sparsity, kTheta, &tau));
    double planning = 0, dense = 0;  // seconds of the last turn
    const auto ours = [&] {
      kernel::FlashAttentionInput in = problem.Input();
      in.int8 = int8;
      kernel::BlockPlan plan;
      planning = SecondsOf([&] { plan = problem.Plan(tau, kTheta); });
      const kernel::BlockSelection selection = plan.View();
      in.selection = &selection;
      return problem.Gflop() / (planning + problem.Forward(in));
    };
    const auto peer = [&] {
      dense = problem.Forward(problem.Input());
      return problem.Gflop() / dense / (1 - reached);
    };
    ours();
    RunRow(
        {name, "GFLOP/s of dense work", "our dense float32 kernel over 1 - sparsity", ours, peer},
        options, record);
    record.metrics[name + "_sparsity"] = reached;
    record.metrics[name + "_planning_share_of_dense"] = planning / dense;
  }
}

/// Forward and backward pass as training runs them, beside attention that keeps its probabilities.
void RunTrainStep(const BenchOptions& options, Record& record) {
  constexpr int64_t kBatch = 2, kHeads = 12, kTokens = 2048, kDim = 64;
  for (const IsaPath& path : IsaPaths()) {
    const std::string name = "attention_train_step_2k" + path.suffix;
    if (!options.Wants(name)) {
      continue;
    }
    at::Tensor x[3];
    for (at::Tensor& one : x) {
      one = at::randn({kBatch, kTokens, kHeads, kDim}).transpose(1, 2).set_requires_grad(true);
    }
    const at::Tensor grad = at::randn({kBatch, kTokens, kHeads, kDim}).transpose(1, 2);
    const auto steps = [&](auto attention) {
      const OnPath on(path);
      return 1 / SecondsOf([&] {
               attention(x[0], x[1], x[2], 0.125, op::AttentionMask{true, 0}).backward(grad);
             });
    };
    steps(op::Attention);
    steps(op::UnfusedAttention);
    RunRow({name, "steps/s", "unfused, by blocks of 128 queries",
            [&] { return steps(op::Attention); }, [&] { return steps(op::UnfusedAttention); }},
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
  RunTrainStep(options, record);
  RunInt8(false, options, record);
  RunInt8(true, options, record);
  for (const bool int8 : {false, true}) {
    for (const double sparsity : {0.5, 0.7, 0.9}) {
      RunSparge(8, 4096, sparsity, int8, options, record);
      RunSparge(2, 16384, sparsity, int8, options, record);
      RunSparge(2, 32768, sparsity, int8, options, record);
    }
  }
}

}  // namespace tersor::cli
