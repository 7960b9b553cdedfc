// `tersor train`: from text to a language model, or from images to a classifier.
#include <memory>
#include <string>
#include <vector>

#include "attention_options.h"
#include "cli.h"
#include "run_config.h"
#include "tersor/io/vit_config.h"
#include "tersor/train/communicator.h"
#include "tersor/train/launcher.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "torch_setup.h"
#include "train_kinds.h"
#include "verbs.h"

namespace tersor::cli {

int RunTrain(int argc, char** argv) {
  TrainOptions options;
  Schema schema;
  options.run.AddFields(schema);
  std::vector<std::string> data;
  std::string precision;
  CommandLine line("train",
                   "Train a language model on text, or a classifier on images; the same command "
                   "resumes a stopped run.",
                   "tersor train --data notes/ --train.max_minutes 10 -o out/notes");
  line.Option("-o,--output", "folder of the run", &options.output, /*required=*/true)
      .Option("--data", "text or images to train on; the same as --data.train", &data)
      .Option("--precision", "of linear layers; the same as --precision.linear", &precision)
      .Option("--init", "model folder to start from instead of random weights", &options.init)
      .Option("--keep-sparsity", "weights of --init that are zero stay zero",
              ConfigField::Target(&options.keep_sparsity))
      .Option("--nproc", "local ranks to start", &options.nproc)
      .Fields(&schema);
  AddAttentionOption(options.run.attention, line);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  if (!data.empty()) {
    options.run.data = data;
  }
  if (!precision.empty()) {
    options.run.precision.linear = precision;
  }
  options.run.precision.Validate();
  options.run.precision.ValidateWith(options.run.trainer);
  const std::string type =
      options.init.empty() ? options.run.model_type : io::ReadModelType(options.init);
  options.run.CheckKind(type);
  ResolveAttention(options.init, options.run.attention);
  if (options.keep_sparsity && options.init.empty()) {
    FailUsage("tersor train: --keep-sparsity needs --init, a pruned model");
  }
  if (options.nproc < 1) {
    FailUsage("tersor train: --nproc must be above 0");
  }
  if (options.nproc > 1) {
    options.run.trainer.Validate(static_cast<int>(options.nproc));
    return train::LaunchLocalRanks(static_cast<int>(options.nproc), argc, argv);
  }
  SetUpTorch();
  CatchInterrupts();
  const std::unique_ptr<train::Communicator> communicator = train::ConnectFromEnvironment();
  options.run.trainer.Validate(communicator->size());
  TrainRun run(options, schema, line.common(), *communicator);
  (RunConfig::IsImageModel(type) ? TrainImages : TrainText)(run);
  return 0;
}

}  // namespace tersor::cli
