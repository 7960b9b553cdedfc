// `tersor eval` on images.
#ifndef TERSOR_APPS_TERSOR_EVAL_IMAGES_H_
#define TERSOR_APPS_TERSOR_EVAL_IMAGES_H_

#include <cstdint>
#include <string>

#include "tersor/util/record.h"

namespace tersor::cli {

/// True for a folder whose config.json says that it is an image model.
bool IsImageModelFolder(const std::string& path);

/// Adds accuracy, top5_accuracy, loss (nats an image) and images to the record; `max_images` 0:
/// all.
void EvalImages(const std::string& model, const std::string& data, int64_t max_images,
                Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_EVAL_IMAGES_H_
