// `tersor train`: from text to a trained and measured language model.
#include <fmt/core.h>

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <numbers>
#include <optional>
#include <set>

#include "cli.h"
#include "run_config.h"
#include "tersor/data/sampler.h"
#include "tersor/data/token_file.h"
#include "tersor/eval/perplexity.h"
#include "tersor/io/checkpoint_files.h"
#include "tersor/io/tokenizer.h"
#include "tersor/model/checkpoint.h"
#include "tersor/precision/plant_outliers.h"
#include "tersor/precision/precision.h"
#include "tersor/train/communicator.h"
#include "tersor/train/estimate.h"
#include "tersor/train/launcher.h"
#include "tersor/train/text_batches.h"
#include "tersor/train/trainer.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/memory.h"
#include "tersor/util/record.h"
#include "tersor/util/rng.h"
#include "text_source.h"
#include "torch_setup.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

namespace fs = std::filesystem;

struct TrainOptions {
  RunConfig run;
  std::string output, init;
  int64_t nproc = 1;
};

/// The texts of a run as token streams.
struct TokenStreams {
  data::TokenFile train;
  std::vector<int32_t> validation;
  double bytes_per_token = 0;  // of the training text
};

/// The tokenizer of the run: the given one, that of the initial model, or one trained on the text
/// and kept in the output folder.
std::string ChooseTokenizer(const TrainOptions& options, bool leads,
                            const std::vector<data::Document>& documents) {
  if (!options.run.tokenizer.empty() || !options.init.empty()) {
    return options.run.tokenizer.empty() ? options.init : options.run.tokenizer;
  }
  const std::string folder = options.output + "/tokenizer";
  if (leads && !fs::exists(folder + "/tokenizer.model")) {
    std::vector<std::string_view> texts;
    for (const data::Document& document : documents) {
      texts.push_back(document.text);
    }
    log::Info("training a tokenizer of {} pieces", options.run.vocab_size);
    io::TrainSentencePiece(texts, {.vocab_size = options.run.vocab_size}, folder);
  }
  return folder;
}

std::shared_ptr<const io::Tokenizer> OpenTokenizer(const std::string& path) {
  return path == "byte" ? io::MakeByteTokenizer() : io::LoadTokenizer(path);
}

/// Without validation text of its own, a run holds out the end of its training text.
std::vector<data::Document> HoldOut(std::vector<data::Document>& documents) {
  constexpr int64_t kShare = 100;
  if (documents.size() >= kShare) {
    const auto first = documents.end() - static_cast<std::ptrdiff_t>(documents.size() / kShare);
    std::vector<data::Document> held(std::make_move_iterator(first),
                                     std::make_move_iterator(documents.end()));
    documents.erase(first, documents.end());
    return held;
  }
  std::string& last = documents.back().text;
  size_t cut = last.size() - last.size() / kShare;
  while (cut < last.size() && (static_cast<unsigned char>(last[cut]) & 0xC0) == 0x80) {
    ++cut;
  }
  if (cut == last.size()) {
    return {};  // Too short to spare anything: the run goes without validation.
  }
  std::vector<data::Document> held = {{last.substr(cut), {}}};
  last.resize(cut);
  return held;
}

struct Texts {
  std::vector<data::Document> train, validation;
};

Texts ReadTexts(const RunConfig& run) {
  if (run.data.empty()) {
    FailUsage("tersor train: --data (or the recipe's data.train) is needed: text to train on");
  }
  Texts texts{ReadNamedText(run.data, "train"), {}};
  const bool named = std::any_of(run.data.begin(), run.data.end(),
                                 [](const std::string& s) { return s.starts_with("corpus:"); });
  if (!run.validation.empty() || named) {
    texts.validation =
        ReadNamedText(run.validation.empty() ? run.data : run.validation, "validation");
  } else {
    texts.validation = HoldOut(texts.train);
  }
  return texts;
}

TokenStreams Tokenize(const TrainOptions& options, const Texts& texts,
                      const io::Tokenizer& tokenizer, const std::string& tokenizer_path) {
  const std::string identity =
      tokenizer_path == "byte" ? "byte" : TokenizerIdentity(tokenizer_path);
  TokenStreams streams{
      data::TokenFile::Build(texts.train, tokenizer, identity, options.run.cache), {}, 0};
  if (!texts.validation.empty()) {
    const data::TokenFile held =
        data::TokenFile::Build(texts.validation, tokenizer, identity, options.run.cache);
    const int64_t most =
        options.run.validation_tokens > 0 ? options.run.validation_tokens : held.size();
    streams.validation = held.Tokens(0, std::min(held.size(), most));
  }
  streams.bytes_per_token =
      static_cast<double>(streams.train.text_bytes()) / static_cast<double>(streams.train.size());
  return streams;
}

void PrintEstimate(const TrainOptions& options, const io::ModelConfig& shape, int ranks) {
  const train::TrainerConfig& trainer = options.run.trainer;
  const int64_t share = trainer.batch_size / ranks;
  const int64_t micro = trainer.micro_batch > 0 ? trainer.micro_batch : share;
  const train::MemoryEstimate memory =
      train::EstimateMemory(shape, micro * options.run.window, options.run.recompute);
  const double tokens = static_cast<double>(share * options.run.window);
  const double seconds = train::TrainingFlopsPerToken(shape, options.run.window) * tokens /
                         (train::MeasureSgemm(1024) * train::kAssumedUtilization);
  const double whole = seconds * static_cast<double>(trainer.steps);
  log::Info(
      "{:.1f}M parameters; estimate: {:.2f} GB of memory a rank ({:.2f} weights, gradients "
      "and optimizer, {:.2f} activations), {} a step, {} in all{}",
      static_cast<double>(train::CountParameters(shape)) / 1e6,
      (memory.weights_and_state + memory.activations) / 1e9, memory.weights_and_state / 1e9,
      memory.activations / 1e9, FormatDuration(seconds), FormatDuration(whole),
      trainer.max_minutes > 0 && whole > trainer.max_minutes * 60
          ? fmt::format(", shortened to {:g} minutes", trainer.max_minutes)
          : "");
}

train::Evaluation Validate(model::LanguageModel& model, const TokenStreams& streams, int64_t window,
                           train::Communicator& communicator) {
  eval::PerplexityOptions options;
  options.window = window;
  options.first = communicator.rank();
  options.stride = communicator.size();
  const eval::LikelihoodSums sums = eval::SumLikelihood(model, streams.validation, options);
  double all[] = {sums.nll, sums.tokens, sums.correct};
  communicator.AllReduceSum(all);
  const double loss = all[0] / all[1];
  return {loss, {{"perplexity", std::exp(loss)}, {"accuracy", all[2] / all[1]}}};
}

int TrainHere(const TrainOptions& options, const Schema& schema, const CommonOptions& common,
              train::Communicator& communicator) {
  const bool leads = communicator.rank() == 0;
  std::optional<FolderLock> lock;
  if (leads) {
    lock.emplace(options.output);
  } else {
    log::SetLevel(log::Level::kWarning);
  }
  const auto began = std::chrono::steady_clock::now();
  const Texts texts = ReadTexts(options.run);
  // The leading rank makes what the others then find made.
  std::string tokenizer_path;
  for (const bool turn : {true, false}) {
    if (turn == leads) {
      tokenizer_path = ChooseTokenizer(options, leads, texts.train);
      Tokenize(options, texts, *OpenTokenizer(tokenizer_path), tokenizer_path);
    }
    communicator.Barrier();
  }
  const std::shared_ptr<const io::Tokenizer> tokenizer = OpenTokenizer(tokenizer_path);
  const TokenStreams streams = Tokenize(options, texts, *tokenizer, tokenizer_path);
  log::Info("training text: {:.1f} MB, {:.2f}M tokens ({:.2f} bytes each)",
            static_cast<double>(streams.train.text_bytes()) / 1e6,
            static_cast<double>(streams.train.size()) / 1e6, streams.bytes_per_token);

  // Ranks round different samples, so each draws numbers of its own.
  const std::unique_ptr<precision::Precision> precision = precision::MakePrecision(
      options.run.precision,
      Rng(common.seed, static_cast<uint64_t>(communicator.rank())).Bits64(0));
  std::unique_ptr<model::LanguageModel> model;
  if (options.init.empty()) {
    io::ModelConfig shape = options.run.Shape(tokenizer->vocab_size());
    shape.bos_token_id = tokenizer->bos_id();
    shape.eos_token_id = tokenizer->eos_id();
    model = model::MakeLanguageModel(shape, precision->plugs);
    model->InitWeights(common.seed);
  } else {
    model = model::LoadLanguageModel(options.init, precision->plugs);
    TERSOR_CHECK(tokenizer->vocab_size() <= model->config().vocab_size, tokenizer_path, ": has ",
                 tokenizer->vocab_size(), " tokens, but the model of ", options.init, " only ",
                 model->config().vocab_size);
  }
  if (options.run.glu_outliers > 0) {
    nn::ParameterList parameters = model->Parameters();
    precision::PlantGluOutliers(parameters, options.run.glu_outliers,
                                options.run.glu_outlier_factor, common.seed);
  }
  const io::ModelConfig& shape = model->config();
  const int64_t window = std::min(options.run.window, shape.max_position_embeddings);
  model->SetRecompute(options.run.recompute);
  if (leads) {
    PrintEstimate(options, shape, communicator.size());
  }

  const data::WindowSampler sampler(streams.train, window, common.seed);
  const train::TextBatches source(sampler);
  train::LikelihoodObjective objective(*model);
  train::TrainTask task;
  task.parameters = model->Parameters();
  task.objective = &objective;
  task.source = &source;
  task.targets_per_sample = static_cast<double>(window);
  if (streams.validation.size() < 2) {
    log::Warn("the text is too short to hold any of it out: no validation, no best checkpoint");
  } else {
    task.evaluate = [&] { return Validate(*model, streams, window, communicator); };
  }
  precision->Join(task, options.run.trainer);
  task.write_files = [&](const std::string& folder, io::Dtype dtype) {
    io::WriteModelConfig(folder, shape, dtype);
    if (tokenizer_path == "byte") {
      WriteFileAtomically(folder + "/tokenizer_config.json",
                          Json{{"tokenizer_class", "ByteTokenizer"}}.dump(2) + "\n");
    } else {
      io::CopyTokenizer(tokenizer_path, folder);
    }
  };
  Json identity = schema.ToJson();
  identity["init"] = options.init;
  identity["seed"] = common.seed;
  train::Trainer trainer(options.run.trainer, std::move(task), communicator, options.output,
                         identity, common.seed);
  const train::RunState state = trainer.Run();
  if (!leads) {
    return 0;
  }
  Record record;
  record.verb = "train";
  record.seed = common.seed;
  record.config = identity;
  record.config["ranks"] = communicator.size();
  record.metrics = {{"parameters", train::CountParameters(shape)},
                    {"steps", state.step},
                    {"training_tokens", state.targets},
                    {"epochs", static_cast<double>(state.step) *
                                   static_cast<double>(options.run.trainer.batch_size) /
                                   static_cast<double>(sampler.windows_per_epoch())},
                    {"training_seconds", state.seconds},
                    {"tokens_per_second", state.targets / std::max(state.seconds, 1e-9)},
                    {"peak_memory_gb", static_cast<double>(PeakMemory()) / 1e9}};
  if (state.best_step >= 0) {
    record.metrics["validation_loss"] = state.best_loss;
    record.metrics["validation_perplexity"] = std::exp(state.best_loss);
  }
  record.series = trainer.Series();
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  WriteRecord(options.output + "/record.json", record);
  if (!common.json.empty()) {
    WriteRecord(common.json, record);
  }
  fmt::print("{}\n", options.output + (state.best_step >= 0 ? "/best" : "/last"));
  return 0;
}

}  // namespace

int RunTrain(int argc, char** argv) {
  TrainOptions options;
  Schema schema;
  options.run.AddFields(schema);
  std::vector<std::string> data;
  std::string precision;
  CommandLine line("train",
                   "Train a language model on text; the same command resumes a stopped run.",
                   "tersor train --data notes/ --train.max_minutes 10 -o out/notes");
  line.Option("-o,--output", "folder of the run", &options.output, /*required=*/true)
      .Option("--data", "text to train on; the same as --data.train", &data)
      .Option("--precision", "of linear layers; the same as --precision.linear", &precision)
      .Option("--init", "model folder to start from instead of random weights", &options.init)
      .Option("--nproc", "local ranks to start", &options.nproc)
      .Fields(&schema);
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
  return TrainHere(options, schema, line.common(), *communicator);
}

}  // namespace tersor::cli
