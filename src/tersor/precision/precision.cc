#include "tersor/precision/precision.h"

#include "tersor/precision/int8_training.h"
#include "tersor/precision/mxfp4_training.h"
#include "tersor/precision/q_ramping.h"
#include "tersor/precision/rounded_linear.h"
#include "tersor/precision/weight_remedies.h"

namespace tersor::precision {
namespace {

class Int8 : public Precision {
 public:
  Int8(const Int8Config& config, uint64_t seed) : training_(config, seed) {
    plugs.precision = training_.Precision();
    if (config.head) {
      plugs.head_loss = training_.HeadLoss();
    }
    plugs.context.bits = static_cast<int>(config.context_bits);
  }
  void Join(train::TrainTask& task, const train::TrainerConfig&) override {
    task.hooks.push_back(&training_);
  }

 private:
  Int8Training training_;
};

class Mxfp4 : public Precision {
 public:
  Mxfp4(const Mxfp4Config& config, uint64_t seed) : training_(config, seed) {
    plugs.precision = training_.Precision();
  }

  void Join(train::TrainTask& task, const train::TrainerConfig& config) override {
    const std::string& oscillation = training_.config().oscillation;
    if (oscillation == "ramping") {
      ramping_ = std::make_unique<QRamping>(training_);
      ramping_->SetEpoch(task.source->samples_per_epoch() / config.batch_size, config.batch_size);
      task.make_optimizer = ramping_->MakeOptimizer();
      task.hooks.push_back(ramping_.get());  // before what it shares draws with
    } else if (oscillation == "dampen") {
      remedy_ = std::make_unique<Dampening>(training_);
    } else if (oscillation == "freeze") {
      remedy_ = std::make_unique<Freezing>(training_);
    }
    task.hooks.push_back(&training_);
    if (remedy_ != nullptr) {
      task.hooks.push_back(remedy_.get());
    }
  }

  std::optional<io::Quantization> Quantization() const override {
    const Mxfp4Config& config = training_.config();
    const bool stored = !config.int4() && config.quantizes(2) && config.forward_format == "e2m1";
    // Of layers that differ config.json could not tell.
    if (!stored || !config.keep_fp32.empty()) {
      return std::nullopt;
    }
    return io::Quantization{.round_activations = config.quantizes(1)};
  }

  void SetProbe(std::function<at::Tensor()> probe) override {
    training_.SetProbe(std::move(probe));
  }

 private:
  Mxfp4Training training_;
  std::unique_ptr<QRamping> ramping_;
  std::unique_ptr<train::Hook> remedy_;
};

}  // namespace

std::unique_ptr<Precision> MakePrecision(const PrecisionConfig& config, uint64_t seed) {
  config.Validate();
  if (config.uses_int8()) {
    Int8Config int8 = config.int8;
    int8.linear = config.linear;
    return std::make_unique<Int8>(int8, seed);
  }
  if (config.uses_mxfp4()) {
    Mxfp4Config mxfp4 = config.mxfp4;
    mxfp4.linear = config.linear;
    return std::make_unique<Mxfp4>(mxfp4, seed);
  }
  auto made = std::make_unique<Precision>();
  if (config.linear == "bf16") {
    made->plugs.precision = Bf16Storage();
  } else if (config.linear == "int8-token") {
    made->plugs.precision = Int8PerToken();
  }
  return made;
}

std::unique_ptr<Precision> MakePrecision(const std::optional<io::Quantization>& quantization) {
  PrecisionConfig config;
  if (quantization.has_value()) {
    config.linear = "mxfp4";
    config.mxfp4.quantizers = quantization->round_activations ? "123456" : "2";
  }
  return MakePrecision(config, /*seed=*/0);
}

}  // namespace tersor::precision
