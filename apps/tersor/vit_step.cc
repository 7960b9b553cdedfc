#include "vit_step.h"

#include <ATen/ATen.h>

#include <string>
#include <utility>

#include "timed_step.h"

namespace tersor::cli {

io::VitConfig ShapeDeitSmall() {
  io::VitConfig config;
  config.hidden_size = 384;
  config.intermediate_size = 1536;
  config.num_attention_heads = 6;
  for (int id = 0; id < 1000; ++id) {
    config.labels.push_back("LABEL_" + std::to_string(id));
  }
  return config;
}

VitStep::VitStep(const io::VitConfig& shape, int64_t images,
                 std::unique_ptr<precision::Precision> precision, uint64_t seed)
    : precision_(std::move(precision)),
      model_(shape, precision_->plugs),
      objective_(model_, /*drop_path=*/0, seed),
      optimizer_(model_.Parameters(), {}),
      rng_(seed, 1) {
  model_.InitWeights(seed);
  task_.objective = &objective_;
  precision_->Join(task_, {});
  batch_.inputs = at::empty({images, shape.num_channels, shape.image_size, shape.image_size});
  for (int64_t i = 0; i < batch_.inputs.numel(); ++i) {
    batch_.inputs.data_ptr<float>()[i] = static_cast<float>(rng_.Normal(static_cast<uint64_t>(i)));
  }
  batch_.targets = at::full({images, shape.classes()}, 0.1 / static_cast<double>(shape.classes()));
  for (int64_t i = 0; i < images; ++i) {
    batch_.targets[i][i % shape.classes()] += 0.9;
  }
}

double VitStep::Run() { return TimedStep(task_, batch_, rng_, optimizer_, steps_++); }

}  // namespace tersor::cli
