#include "bench_int8.h"

#include <ATen/ATen.h>

#include <optional>
#include <string>
#include <vector>

#include "int8_product.h"
#include "isa_path.h"
#include "tersor/op/live_bytes.h"
#include "tersor/precision/precision.h"
#include "train_step.h"

namespace tersor::cli {
namespace {

enum class Peer { kSgemm, kOneDnn };

struct ProductRow {
  std::string name;
  int64_t rows = 2048, depth = 2048, cols = 2048;
  bool pack = false;
  bool seven = false;  // the 7-bit kernel, which has no VNNI form
  double fallback = 0;
  kernel::ResidualScale residual = kernel::ResidualScale::kJoined;
  Peer peer = Peer::kSgemm;
};

const ProductRow kProductRows[] = {
    {.name = "int8_gemm_2048_packed"},
    {.name = "int8_gemm_2048_onednn", .peer = Peer::kOneDnn},
    {.name = "int8_gemm_4096x768x3072_packed", .rows = 4096, .depth = 768, .cols = 3072},
    {.name = "int8_gemm_2048_with_pack", .pack = true},
    {.name = "int8_fallback20", .fallback = 0.2},
    {.name = "int8_fallback20_own_scale", .fallback = 0.2, .residual = kernel::ResidualScale::kOwn},
    {.name = "int8_fallback100", .fallback = 1},
    {.name = "int8_fallback100_own_scale", .fallback = 1, .residual = kernel::ResidualScale::kOwn},
    {.name = "int8x7_gemm_2048_packed", .seven = true},
    {.name = "int8x7_gemm_2048_onednn", .seven = true, .peer = Peer::kOneDnn},
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
  Int8Product product(row.rows, row.depth, row.cols, kernel->column_limit);
  if (row.fallback > 0) {
    product.FallBack(row.fallback, row.residual);
  }
  product.Pack(*kernel);
  const auto ours = [&] {
    const OnPath on(path);
    return row.pack ? product.Int8WithPack() : product.Int8();
  };
  ours();
  if (row.peer == Peer::kOneDnn) {
    RunRow({name, "GMAC/s", "oneDNN u8 x s8", ours, [&] { return product.OneDnn(); }}, options,
           record);
    return;
  }
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

precision::PrecisionConfig FallbackConfig(bool head) {
  precision::PrecisionConfig config;
  config.linear = "int8-fallback";
  config.int8.head = head;
  return config;
}

void RunTrainStep(const std::string& row, bool head, const IsaPath& path,
                  const BenchOptions& options, Record& record) {
  const std::string name = row + path.suffix;
  if (!options.Wants(name)) {
    return;
  }
  TrainStep fp32(precision::MakePrecision({}, 0), record.seed);
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
    for (const ProductRow& row : kProductRows) {
      RunProduct(row, path, options, record);
    }
    RunTrainStep("int8_train_step_110m", false, path, options, record);
    RunTrainStep("int8_train_step_110m_head8", true, path, options, record);
  }
  RunSavedActivations(options, record);
}

}  // namespace tersor::cli
