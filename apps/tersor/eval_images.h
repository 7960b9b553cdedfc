// `tersor eval` on images.
#ifndef TERSOR_APPS_TERSOR_EVAL_IMAGES_H_
#define TERSOR_APPS_TERSOR_EVAL_IMAGES_H_

#include <cstdint>
#include <string>

#include "tersor/util/record.h"

namespace tersor::cli {

/// True for a folder whose config.json says that it is an image model.
bool IsImageModelFolder(const std::string& path);

struct ImageEvalOptions {
  std::string model, data;
  std::string engine;      // torch or runtime
  std::string weights;     // runtime: a WeightFormat, or "" as stored
  int64_t max_images = 0;  // 0: all
};

/// Adds accuracy, top5_accuracy, loss (nats an image) and images to the record.
void EvalImages(const ImageEvalOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_EVAL_IMAGES_H_
