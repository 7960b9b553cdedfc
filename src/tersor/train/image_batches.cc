#include "tersor/train/image_batches.h"

#include <ATen/ATen.h>

namespace tersor::train {

Batch ImageBatches::Get(int64_t first_sample, int64_t count) const {
  const data::ImageShape& shape = sampler_.shape();
  Batch batch{at::empty({count, shape.channels, shape.side, shape.side}, at::kFloat),
              at::empty({count, sampler_.classes()}, at::kFloat), first_sample};
  const auto values = [](at::Tensor& tensor) {
    return std::span(tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel()));
  };
  sampler_.Fill(first_sample, count, values(batch.inputs), values(batch.targets));
  return batch;
}

}  // namespace tersor::train
