#include "tersor/precision/precision_config.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tersor/util/error.h"

namespace tersor::precision {
namespace {

/// What is said of a configuration, or nothing.
std::string Complaint(const std::function<void(PrecisionConfig&, train::TrainerConfig&)>& change) {
  PrecisionConfig config;
  train::TrainerConfig trainer;
  change(config, trainer);
  try {
    config.Validate();
    config.ValidateWith(trainer);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

TEST(PrecisionConfig, NamesTheWrongField) {
  const auto names = [](const std::function<void(PrecisionConfig&)>& change, const char* field) {
    const std::string complaint =
        Complaint([&](PrecisionConfig& c, train::TrainerConfig&) { change(c); });
    EXPECT_NE(complaint.find(std::string("precision.") + field), std::string::npos) << complaint;
  };
  EXPECT_EQ(Complaint([](PrecisionConfig&, train::TrainerConfig&) {}), "");
  names([](PrecisionConfig& c) { c.linear = "int4"; }, "linear must be one of fp32, bf16");
  names([](PrecisionConfig& c) { c.int8.head = true; }, "head");
  names([](PrecisionConfig& c) { c.mxfp4.quantizers = "127"; }, "quantizers");
  names([](PrecisionConfig& c) { c.mxfp4.scale = "ceiling"; }, "scale must be one of truncation");
  names([](PrecisionConfig& c) { c.mxfp4.ema_decay = 1; }, "ema_decay");
  names([](PrecisionConfig& c) { c.mxfp4.weights_quantizer = "ema"; }, "weights_quantizer");
  names([](PrecisionConfig& c) { c.mxfp4.oscillation = "freeze"; }, "oscillation");
  names(
      [](PrecisionConfig& c) {
        c.linear = "mxfp4";
        c.mxfp4.weights_quantizer = "ema";
        c.mxfp4.oscillation = "dampen";
      },
      "oscillation must be none with Q-EMA");
}

TEST(PrecisionConfig, QRampingTakesNoClipping) {
  const auto ramping = [](double clip_norm) {
    return Complaint([&](PrecisionConfig& c, train::TrainerConfig& trainer) {
      c.linear = "mxfp4";
      c.mxfp4.oscillation = "ramping";
      trainer.clip_norm = clip_norm;
    });
  };
  EXPECT_EQ(ramping(0), "");
  EXPECT_NE(ramping(1).find("set train.clip_norm 0"), std::string::npos);
}

}  // namespace
}  // namespace tersor::precision
