#include "bench_int8.h"

#include <ATen/ATen.h>
#include <hwy/targets.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tersor/kernel/int8_gemm.h"
#include "tersor/kernel/workspace.h"
#include "tersor/op/live_bytes.h"
#include "tersor/precision/coded_tensor.h"
#include "tersor/precision/precision.h"
#include "train_step.h"

namespace tersor::cli {
namespace {

double SecondsOf(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// The instruction sets to measure: AVX2 under the row's plain name, and the machine's best.
struct IsaPath {
  std::string suffix;
  int64_t target;  // Highway's; 0: all
};
std::vector<IsaPath> IsaPaths() {
  const std::string best(kernel::BestInt8Kernel().name);
  hwy::SetSupportedTargetsForTest(HWY_AVX2);
  const std::string plain(kernel::BestInt8Kernel().name);
  hwy::SetSupportedTargetsForTest(0);
  std::vector<IsaPath> paths = {{"", best == plain ? 0 : HWY_AVX2}};
  if (best != plain) {
    paths.push_back({"_" + best, 0});
  }
  return paths;
}

/// Restricts our kernels to a path; the peer always has the whole machine.
class OnPath {
 public:
  explicit OnPath(const IsaPath& path) { hwy::SetSupportedTargetsForTest(path.target); }
  ~OnPath() { hwy::SetSupportedTargetsForTest(0); }
};

/// y = a bᵀ, [rows, depth] and [cols, depth], in INT8 and in float32.
class Product {
 public:
  Product(int64_t rows, int64_t depth, int64_t cols, int column_limit)
      : a_(at::randn({rows, depth})),
        b_(at::randn({cols, depth})),
        y_(at::empty({rows, cols})),
        coded_b_(Quantize(b_, column_limit)) {
    options_.criteria = true;
    coded_a_ = Quantize(a_, 127);
  }

  /// Lets this share of the rows operand's blocks fall back.
  void FallBack(double rate) {
    std::vector<float> sorted(coded_a_->criteria().begin(), coded_a_->criteria().end());
    std::sort(sorted.begin(), sorted.end());
    const auto kept = static_cast<size_t>((1 - rate) * static_cast<double>(sorted.size()));
    coded_a_->AddResiduals(a_, options_, kept > 0 ? sorted[kept - 1] : 0);
  }

  /// Packs for a kernel; what follows multiplies with it.
  void Pack(const kernel::Int8Kernel& kernel) {
    kernel_ = &kernel;
    view_a_ = coded_a_->View();
    view_b_ = coded_b_->View();
    packed_a_ = kernel::PackInt8(view_a_, false, kernel::OperandSide::kRows, kernel, workspace_);
    packed_b_ = kernel::PackInt8(view_b_, false, kernel::OperandSide::kColumns, kernel, workspace_);
  }

  double Int8() {
    return Rate(SecondsOf(
        [&] { kernel::MatmulInt8(packed_a_, packed_b_, *kernel_, false, y_.data_ptr<float>()); }));
  }
  double Int8WithPack() {
    return Rate(SecondsOf([&] {
      const kernel::Workspace::Scope scope(workspace_);
      const auto coded = Quantize(a_, 127);
      const kernel::BlockCodes view = coded->View();
      kernel::MatmulInt8(
          kernel::PackInt8(view, false, kernel::OperandSide::kRows, *kernel_, workspace_),
          packed_b_, *kernel_, false, y_.data_ptr<float>());
    }));
  }
  double Float32() {
    return Rate(SecondsOf([&] { at::mm_out(y_, a_, b_.t()); }));
  }

 private:
  std::optional<precision::CodedTensor> Quantize(const at::Tensor& x, int limit) {
    options_.limit = limit;
    return precision::CodedTensor::Quantize(x, options_);
  }
  double Rate(double seconds) const {
    return static_cast<double>(a_.size(0) * a_.size(1) * b_.size(0)) / seconds / 1e9;
  }

  precision::CodedTensor::Options options_;
  at::Tensor a_, b_, y_;
  std::optional<precision::CodedTensor> coded_a_, coded_b_;
  kernel::BlockCodes view_a_, view_b_;
  kernel::Workspace workspace_;
  kernel::Int8Operand packed_a_, packed_b_;
  const kernel::Int8Kernel* kernel_ = nullptr;
};

struct ProductRow {
  std::string name;
  int64_t rows, depth, cols;
  bool pack = false;
  double fallback = 0;
  bool seven = false;  // the 7-bit kernel, which has no VNNI form
};

void RunProduct(const ProductRow& row, const IsaPath& path, const BenchOptions& options,
                Record& record) {
  const std::string name = row.name + path.suffix;
  if (!options.Wants(name)) {
    return;
  }
  const kernel::Int8Kernel* kernel = nullptr;
  {
    const OnPath on(path);
    for (const kernel::Int8Kernel& candidate : kernel::Int8Kernels()) {
      if (kernel == nullptr && (candidate.column_limit == 63) == row.seven) {
        kernel = &candidate;
      }
    }
  }
  if (kernel == nullptr) {
    return;
  }
  Product product(row.rows, row.depth, row.cols, kernel->column_limit);
  if (row.fallback > 0) {
    product.FallBack(row.fallback);
  }
  product.Pack(*kernel);
  const auto ours = [&] {
    const OnPath on(path);
    return row.pack ? product.Int8WithPack() : product.Int8();
  };
  ours();
  RunRow({name, "GMAC/s", "SGEMM, " + LoadedBlas(), ours, [&] { return product.Float32(); }},
         options, record);
}

constexpr auto kTokens = static_cast<double>(TrainStep::kTokens);

/// Seconds of the blocks' matrix products in a float32 step: what INT8 can shorten.
double LinearSeconds() {
  const io::ModelConfig shape = Shape110M();
  const int64_t dim = shape.hidden_size, hidden = shape.intermediate_size;
  double seconds = 0;
  for (const auto& [in, out] : {std::pair(dim, 3 * dim), std::pair(dim, dim),
                                std::pair(dim, 2 * hidden), std::pair(hidden, dim)}) {
    const at::Tensor x = at::randn({TrainStep::kTokens, in}), w = at::randn({out, in});
    at::Tensor y = at::mm(x, w.t()), dx = at::empty_like(x), dw = at::empty_like(w);
    seconds += SecondsOf([&] {
      at::mm_out(y, x, w.t());
      at::mm_out(dx, y, w);
      at::mm_out(dw, y.t(), x);
    });
  }
  return seconds * static_cast<double>(shape.num_hidden_layers);
}

precision::Int8Config FallbackConfig(bool head) {
  precision::Int8Config config;
  config.linear = "int8-fallback";
  config.head = head;
  return config;
}

void RunTrainStep(const std::string& row, bool head, const IsaPath& path,
                  const BenchOptions& options, Record& record) {
  const std::string name = row + path.suffix;
  if (!options.Wants(name)) {
    return;
  }
  precision::Int8Config plain;
  TrainStep fp32(precision::MakePrecision(plain, 0), record.seed);
  std::optional<TrainStep> int8;
  {
    const OnPath on(path);
    int8.emplace(precision::MakePrecision(FallbackConfig(head), record.seed), record.seed);
    int8->Run();
  }
  fp32.Run();
  RunRow({name, "tokens/s", "the float32 step",
          [&] {
            const OnPath on(path);
            return kTokens / int8->Run();
          },
          [&] { return kTokens / fp32.Run(); }},
         options, record);
  record.metrics["linear_share_of_fp32_step"] = LinearSeconds() / fp32.Run();
}

/// Bytes that a forward pass keeps for its backward pass, and the most held during a step.
struct StepMemory {
  int64_t saved, peak;
};
StepMemory MeasureMemory(TrainStep& step) {
  step.Run();  // Gradients and moments exist from now on.
  const op::LiveBytes bytes;
  int64_t saved = 0;
  step.Run([&] { saved = bytes.now(); });
  return {saved, bytes.peak()};
}

void RunSavedActivations(const BenchOptions& options, Record& record) {
  const std::string name = "int8_saved_activations";
  if (!options.Wants(name)) {
    return;
  }
  TrainStep fp32(precision::MakePrecision({}, 0), record.seed);
  const StepMemory plain = MeasureMemory(fp32);
  TrainStep int8(precision::MakePrecision(FallbackConfig(false), record.seed), record.seed);
  const StepMemory coded = MeasureMemory(int8);
  // A rate, so that more is better: steps whose activations fit a gigabyte.
  const auto per_gb = [](int64_t bytes) { return 1e9 / static_cast<double>(bytes); };
  BenchOptions once = options;
  once.repeats = 1;
  RunRow({name, "steps/GB", "the float32 step", [&] { return per_gb(coded.saved); },
          [&] { return per_gb(plain.saved); }},
         once, record);
  record.metrics["saved_activations_fp32_mb"] = static_cast<double>(plain.saved) / 1e6;
  record.metrics["saved_activations_int8_mb"] = static_cast<double>(coded.saved) / 1e6;
  record.metrics["step_peak_fp32_mb"] = static_cast<double>(plain.peak) / 1e6;
  record.metrics["step_peak_int8_mb"] = static_cast<double>(coded.peak) / 1e6;
}

}  // namespace

void BenchInt8(const BenchOptions& options, Record& record) {
  for (const IsaPath& path : IsaPaths()) {
    for (const ProductRow& row : std::vector<ProductRow>{
             {"int8_gemm_2048_packed", 2048, 2048, 2048},
             {"int8_gemm_4096x768x3072_packed", 4096, 768, 3072},
             {"int8_gemm_2048_with_pack", 2048, 2048, 2048, /*pack=*/true},
             {"int8_fallback20", 2048, 2048, 2048, false, 0.2},
             {"int8_fallback100", 2048, 2048, 2048, false, 1.0},
             {"int8x7_gemm_2048_packed", 2048, 2048, 2048, false, 0, /*seven=*/true}}) {
      RunProduct(row, path, options, record);
    }
    RunTrainStep("int8_train_step_110m", false, path, options, record);
    RunTrainStep("int8_train_step_110m_head8", true, path, options, record);
  }
  RunSavedActivations(options, record);
}

}  // namespace tersor::cli
