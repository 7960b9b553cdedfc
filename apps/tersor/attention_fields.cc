// `tersor attention fields`: what the order of a video's tokens does to block-sparse attention.
#include <ATen/ATen.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "attention_actions.h"
#include "cli.h"
#include "tersor/attention/tune_head.h"
#include "tersor/kernel/attention_plan.h"
#include "tersor/kernel/hilbert.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/progress.h"
#include "tersor/util/record.h"
#include "tersor/util/rng.h"
#include "torch_setup.h"

namespace tersor::cli {
namespace {

struct FieldArguments {
  int64_t frames = 16, height = 32, width = 32, dim = 64, fields = 2;
  double smoothness = 6, noise = 0.3, contrast = 3;
  attention::TuneOptions options;
};

void CheckArguments(const FieldArguments& a) {
  for (const auto& [name, value] : {std::pair{"--frames", a.frames},
                                    {"--height", a.height},
                                    {"--width", a.width},
                                    {"--dim", a.dim},
                                    {"--fields", a.fields}}) {
    if (value < 1 || value > 4096) {
      FailUsage("tersor attention fields: ", name, " must be 1 to 4096");
    }
  }
  if (a.dim > 256) {
    FailUsage("tersor attention fields: --dim must be at most 256");
  }
  if (a.frames * a.height * a.width > int64_t{1} << 20) {
    FailUsage("tersor attention fields: more than a million tokens");
  }
  if (!(a.smoothness > 0 && a.noise >= 0 && a.contrast > 0)) {
    FailUsage(
        "tersor attention fields: --smoothness and --contrast must be above 0, --noise not "
        "below");
  }
  a.options.Validate();
}

/// Cells in the order of the axes, the last one fastest; axes 0, 1, 2: time, height, width.
std::vector<int32_t> AxisOrder(const std::array<int64_t, 3>& size, const std::array<int, 3>& axes) {
  std::vector<int32_t> order;
  std::array<int64_t, 3> at{};
  const auto extent = [&](int i) {
    return size[static_cast<size_t>(axes[static_cast<size_t>(i)])];
  };
  const auto place = [&](int i) -> int64_t& {
    return at[static_cast<size_t>(axes[static_cast<size_t>(i)])];
  };
  for (place(0) = 0; place(0) < extent(0); ++place(0)) {
    for (place(1) = 0; place(1) < extent(1); ++place(1)) {
      for (place(2) = 0; place(2) < extent(2); ++place(2)) {
        order.push_back(static_cast<int32_t>((at[0] * size[1] + at[1]) * size[2] + at[2]));
      }
    }
  }
  return order;
}

std::vector<int32_t> RandomOrder(int64_t cells, uint64_t seed) {
  std::vector<int32_t> order(static_cast<size_t>(cells));
  std::iota(order.begin(), order.end(), 0);
  const Rng rng(seed, ~uint64_t{0});
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<size_t>(rng.Below(i, i))]);
  }
  return order;
}

struct Order {
  std::string name;
  std::vector<int32_t> cells;
};

std::vector<Order> Orders(const FieldArguments& a, uint64_t seed) {
  const std::array<int64_t, 3> size = {a.frames, a.height, a.width};
  return {{"random", RandomOrder(a.frames * a.height * a.width, seed)},
          {"time fastest", AxisOrder(size, {1, 2, 0})},
          {"column-major", AxisOrder(size, {0, 2, 1})},
          {"row-major", AxisOrder(size, {0, 1, 2})},
          {"hilbert", kernel::HilbertOrder(a.frames, a.height, a.width)}};
}

/// Fills with normal numbers of deviation `scale`.
void FillNormal(at::Tensor& tensor, double scale, const Rng& rng) {
  auto* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>(scale * rng.Normal(static_cast<uint64_t>(i)));
  }
}

/// Numbers [cells, dim] of deviation 1 that vary over about `smoothness` cells in space and time:
/// sums of plane waves of random directions (random Fourier features). Draws from three streams.
at::Tensor SmoothField(const FieldArguments& a, uint64_t seed, uint64_t stream) {
  constexpr int64_t kWaves = 64;
  at::Tensor frequency = at::empty({3, kWaves}), phase = at::empty({kWaves});
  at::Tensor mix = at::empty({kWaves, a.dim});
  FillNormal(frequency, 1 / a.smoothness, Rng(seed, stream));
  FillNormal(phase, 100, Rng(seed, stream + 1));
  FillNormal(mix, std::sqrt(2.0 / kWaves), Rng(seed, stream + 2));
  const at::Tensor cell = at::arange(a.frames * a.height * a.width);
  const at::Tensor place =
      at::stack({cell.div(a.height * a.width, "floor"),
                 cell.div(a.width, "floor").remainder(a.height), cell.remainder(a.width)},
                1)
          .to(at::kFloat);
  return at::mm(at::cos(at::mm(place, frequency).add_(phase)), mix);
}

at::Tensor WithNoise(const at::Tensor& field, double noise, const Rng& rng) {
  at::Tensor rough = at::empty_like(field);
  FillNormal(rough, noise, rng);
  return rough.add_(field);
}

double MeanSimilarity(const at::Tensor& rows, int64_t block, bool smooth) {
  const kernel::HeadRows view{static_cast<const std::byte*>(rows.data_ptr()),
                              kernel::FloatType::kF32, rows.size(0), rows.size(1), rows.stride(0)};
  const std::vector<float> mean = smooth ? kernel::MeanRow(view) : std::vector<float>();
  const kernel::BlockSummaries summaries = kernel::SummarizeBlocks(
      view, block, smooth ? mean.data() : nullptr, kernel::Similarity::kCosine);
  return std::accumulate(summaries.similarity.begin(), summaries.similarity.end(), 0.0) /
         static_cast<double>(summaries.blocks);
}

void MeasureField(const FieldArguments& a, int64_t field, Record& record) {
  // Queries and keys are two noisy views of one field: tokens look for what is like them.
  const uint64_t stream = 8 * static_cast<uint64_t>(field);
  const at::Tensor content = SmoothField(a, record.seed, stream);
  const auto view = [&](uint64_t noise) {
    return WithNoise(content, a.noise, Rng(record.seed, stream + noise)).mul_(a.contrast);
  };
  const at::Tensor query = view(3), key = view(4);
  const at::Tensor value = SmoothField(a, record.seed, stream + 5);
  for (const Order& order : Orders(a, record.seed)) {
    ThrowIfInterrupted("stopped while measuring");
    const at::Tensor index = at::tensor(order.cells, at::kLong);
    attention::HeadSample sample;
    sample.query = query.index_select(0, index);
    sample.key = key.index_select(0, index);
    sample.value = value.index_select(0, index);
    sample.scale = 1 / std::sqrt(static_cast<double>(a.dim));
    sample.causal = false;
    const attention::TunedHead tuned = attention::TuneHead({&sample, 1}, {}, a.options);
    record.rows.push_back(
        {{"field", field},
         {"order", order.name},
         {"query_similarity", MeanSimilarity(sample.query, kernel::kQueryBlock, false)},
         {"key_similarity", MeanSimilarity(sample.key, kernel::kKeyBlock, true)},
         {"sparsity", tuned.tuned.sparsity},
         {"relative_l1", tuned.tuned.relative_l1},
         {"tau", tuned.settings.tau},
         {"theta", tuned.settings.theta}});
    log::Info("field {}, {}: sparsity {:.3f}, relative L1 {:.4f}", field, order.name,
              tuned.tuned.sparsity, tuned.tuned.relative_l1);
    Json& sum = record.metrics[order.name + " sparsity"];
    sum = (sum.is_null() ? 0.0 : sum.get<double>()) +
          tuned.tuned.sparsity / static_cast<double>(a.fields);
  }
}

}  // namespace

int RunAttentionFields(int argc, char** argv) {
  FieldArguments a;
  CommandLine line("attention fields",
                   "Measure orders of a video's tokens on smooth random fields: how alike the rows "
                   "of a block are, and how much can be skipped within the bounds.",
                   "tersor attention fields --frames 16 --height 32 --width 32");
  line.Option("--frames", "of the field", &a.frames)
      .Option("--height", "cells of a column", &a.height)
      .Option("--width", "cells of a row", &a.width)
      .Option("--dim", "of queries, keys and values", &a.dim)
      .Option("--fields", "how many, each of its own random numbers", &a.fields)
      .Option("--smoothness", "cells over which the field changes", &a.smoothness)
      .Option("--noise", "of each number, where the field's own deviation is 1", &a.noise)
      .Option("--contrast", "deviation of queries and keys: more makes attention sharper",
              &a.contrast)
      .Option("--l1", "bound of the first stage's error, sum |sparse - dense| / sum |dense|",
              &a.options.l1)
      .Option("--l2", "the same with the second filter", &a.options.l2);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  CheckArguments(a);
  SetUpTorch();
  CatchInterrupts();
  const auto began = std::chrono::steady_clock::now();
  Record record;
  record.verb = "attention";
  record.seed = line.common().seed;
  record.config = {{"frames", a.frames}, {"height", a.height},     {"width", a.width},
                   {"dim", a.dim},       {"fields", a.fields},     {"smoothness", a.smoothness},
                   {"noise", a.noise},   {"contrast", a.contrast}, {"l1", a.options.l1},
                   {"l2", a.options.l2}};
  Progress progress("measuring", a.fields, "field");
  for (int64_t field = 0; field < a.fields; ++field) {
    MeasureField(a, field, record);
    progress.Update(field + 1);
  }
  progress.Finish();
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  for (const auto& [name, value] : record.metrics.items()) {
    fmt::print("{:<28} {:.6g}\n", name, value.get<double>());
  }
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
