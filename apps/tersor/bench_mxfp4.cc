#include "bench_mxfp4.h"

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isa_path.h"
#include "tersor/kernel/activations.h"
#include "tersor/kernel/matvec.h"
#include "tersor/kernel/mxfp4_gemm.h"
#include "tersor/precision/precision.h"
#include "tersor/runtime/weight_format.h"
#include "tersor/train/estimate.h"
#include "train_step.h"
#include "vit_step.h"

namespace tersor::cli {
namespace {

precision::PrecisionConfig TetraJet() {
  precision::PrecisionConfig config;
  config.linear = "mxfp4";
  return config;
}

kernel::FloatRows RowsOf(const at::Tensor& x) {
  return {x.data_ptr<float>(), x.size(0), x.size(1), x.size(1)};
}

/// y = a bᵀ of 2048 cubed, in MXFP4 and in float32; each returns its rate in GMAC/s.
class Product {
 public:
  Product() { Pack(); }

  double Mxfp4(bool with_pack) {
    return Rate(SecondsOf([&] {
      const kernel::Workspace::Scope scope(workspace_);
      const kernel::Mxfp4Operand a = with_pack ? PackA() : *packed_a_;
      kernel::MatmulMxfp4(a, *packed_b_, false, y_.data_ptr<float>(), kSize);
    }));
  }
  double Float32() {
    return Rate(SecondsOf([&] { at::mm_out(y_, a_, b_.t()); }));
  }
  /// Again, for the kernel of another path.
  void Pack() {
    packed_a_ = PackA();
    packed_b_ = kernel::PackMxfp4({.x = RowsOf(b_)}, kernel::OperandSide::kColumns, workspace_);
  }

 private:
  static constexpr int64_t kSize = 2048;

  kernel::Mxfp4Operand PackA() {
    return kernel::PackMxfp4({.x = RowsOf(a_)}, kernel::OperandSide::kRows, workspace_);
  }
  static double Rate(double seconds) {
    return static_cast<double>(kSize * kSize * kSize) / seconds / 1e9;
  }

  at::Tensor a_ = at::randn({kSize, kSize}), b_ = at::randn({kSize, kSize});
  at::Tensor y_ = at::empty({kSize, kSize});
  kernel::Workspace workspace_;
  std::optional<kernel::Mxfp4Operand> packed_a_, packed_b_;
};

void RunProduct(const IsaPath& path, const BenchOptions& options, Record& record) {
  for (const bool with_pack : {false, true}) {
    const std::string name =
        std::string("mxfp4_gemm_2048") + (with_pack ? "_with_pack" : "_packed") + path.suffix;
    if (!options.Wants(name)) {
      continue;
    }
    const auto on = std::make_unique<OnPath>(path);
    Product product;
    product.Mxfp4(with_pack);
    RunRow({name, "GMAC/s", "SGEMM, " + LoadedBlas(),
            [&] {
              const OnPath ours(path);
              return product.Mxfp4(with_pack);
            },
            [&] { return product.Float32(); }},
           options, record);
  }
}

/// One linear layer of 4,096 tokens, 768 -> 3,072, forward and backward with all six quantizers.
class Layer {
 public:
  explicit Layer(const precision::PrecisionConfig& config)
      : precision_(precision::MakePrecision(config, 1)),
        group_({0, "fc1"}, kIn, {{"layers.0.fc1", kOut}}, precision_->plugs.precision) {
    nn::InitNormal(group_.weights()[0], 0.02, 1);
    group_.weights()[0].value.mutable_grad() = at::zeros({kOut, kIn});
  }

  /// Layers a second.
  double Run() {
    return 1 / SecondsOf([&] {
             x_.mutable_grad() = at::Tensor();
             group_.Forward(x_)[0].backward(grad_);
           });
  }

 private:
  static constexpr int64_t kTokens = 4096, kIn = 768, kOut = 3072;

  std::unique_ptr<precision::Precision> precision_;
  nn::LinearGroup group_;
  at::Tensor x_ = at::randn({kTokens, kIn}).requires_grad_();
  at::Tensor grad_ = at::randn({kTokens, kOut});
};

/// A row of two things that run alike, in MXFP4 and in float32.
template <typename Task>
void RunPair(const std::string& row, const std::string& unit, const IsaPath& path,
             const std::function<std::unique_ptr<Task>(const precision::PrecisionConfig&)>& make,
             const std::function<double(Task&)>& rate, const BenchOptions& options,
             Record& record) {
  const std::string name = row + path.suffix;
  if (!options.Wants(name)) {
    return;
  }
  const std::unique_ptr<Task> ours = make(TetraJet()), peer = make({});
  const auto run = [&] {
    const OnPath on(path);
    return rate(*ours);
  };
  run();
  rate(*peer);
  RunRow({name, unit, "float32", run, [&] { return rate(*peer); }}, options, record);
}

constexpr int64_t kImages = 8;

void RunTraining(const IsaPath& path, const BenchOptions& options, Record& record) {
  using precision::PrecisionConfig;
  RunPair<Layer>(
      "mxfp4_linear_fwd_bwd", "layers/s", path,
      [](const PrecisionConfig& config) { return std::make_unique<Layer>(config); },
      [](Layer& layer) { return layer.Run(); }, options, record);
  RunPair<VitStep>(
      "mxfp4_train_step_deit_s", "images/s", path,
      [&](const PrecisionConfig& config) {
        return std::make_unique<VitStep>(
            ShapeDeitSmall(), kImages, precision::MakePrecision(config, record.seed), record.seed);
      },
      [](VitStep& step) { return static_cast<double>(kImages) / step.Run(); }, options, record);
  RunPair<TrainStep>(
      "mxfp4_train_step_110m", "tokens/s", path,
      [&](const PrecisionConfig& config) {
        return std::make_unique<TrainStep>(precision::MakePrecision(config, record.seed),
                                           record.seed);
      },
      [](TrainStep& step) { return static_cast<double>(TrainStep::kTokens) / step.Run(); }, options,
      record);
}

/// y = W x of several matrices in turn, so that each comes from memory.
class Matvec {
 public:
  explicit Matvec(const runtime::WeightFormat& format) : format_(format) {
    const at::Tensor noise = at::randn({kSize, kSize});
    matrices_.assign(
        kMatrices,
        format.Pack({noise.data_ptr<float>(), static_cast<size_t>(noise.numel())}, kSize, kSize));
  }

  /// Matrices a second.
  double Run() {
    return kMatrices / SecondsOf([&] {
             for (const std::vector<std::byte>& matrix : matrices_) {
               const kernel::Workspace::Scope scope(workspace_);
               const kernel::Activations x(x_.data_ptr<float>(), 1, kSize, workspace_);
               format_.Matvec({kSize, kSize, matrix}, x, y_.data_ptr<float>());
             }
           });
  }

 private:
  static constexpr int64_t kSize = 4096, kMatrices = 8;

  const runtime::WeightFormat& format_;
  std::vector<std::vector<std::byte>> matrices_;
  kernel::Workspace workspace_;
  at::Tensor x_ = at::randn({kSize}), y_ = at::empty({kSize});
};

void RunMatvec(const IsaPath& path, const BenchOptions& options, Record& record) {
  for (const bool w4a4 : {false, true}) {
    const std::string name = std::string("mxfp4_gemv_4096") + (w4a4 ? "_w4a4" : "") + path.suffix;
    if (!options.Wants(name)) {
      continue;
    }
    Matvec ours(runtime::Mxfp4Format(w4a4));
    Matvec peer(runtime::FloatFormat(kernel::FloatType::kF32));
    RunRow({name, "matrices/s", "float32 matvec",
            [&] {
              const OnPath on(path);
              return ours.Run();
            },
            [&] { return peer.Run(); }},
           options, record);
  }
}

}  // namespace

void BenchMxfp4(const BenchOptions& options, Record& record) {
  for (const IsaPath& path : IsaPaths()) {
    RunProduct(path, options, record);
    RunTraining(path, options, record);
    RunMatvec(path, options, record);
  }
}

}  // namespace tersor::cli
