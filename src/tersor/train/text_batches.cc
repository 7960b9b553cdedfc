#include "tersor/train/text_batches.h"

#include <ATen/ATen.h>

namespace tersor::train {

Batch TextBatches::Get(int64_t first_sample, int64_t count) const {
  const int64_t window = sampler_.window();
  Batch batch{at::empty({count, window}, at::kLong), at::empty({count, window}, at::kLong)};
  for (int64_t i = 0; i < count; ++i) {
    const auto size = static_cast<size_t>(window);
    sampler_.Fill(first_sample + i, {batch.inputs.data_ptr<int64_t>() + i * window, size},
                  {batch.targets.data_ptr<int64_t>() + i * window, size});
  }
  return batch;
}

}  // namespace tersor::train
