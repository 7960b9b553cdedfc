// The two kinds of training runs.
#ifndef TERSOR_APPS_TERSOR_TRAIN_KINDS_H_
#define TERSOR_APPS_TERSOR_TRAIN_KINDS_H_

#include "train_run.h"

namespace tersor::cli {

/// A language model on text.
void TrainText(TrainRun& run);

/// A classifier on images.
void TrainImages(TrainRun& run);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_TRAIN_KINDS_H_
