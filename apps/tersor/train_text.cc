// `tersor train` on text: from documents to a trained and measured language model.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>

#include "tersor/attention/sparse_attention.h"
#include "tersor/data/sampler.h"
#include "tersor/data/token_file.h"
#include "tersor/eval/perplexity.h"
#include "tersor/io/checkpoint_files.h"
#include "tersor/io/tokenizer.h"
#include "tersor/model/checkpoint.h"
#include "tersor/precision/plant_outliers.h"
#include "tersor/train/text_batches.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"
#include "text_source.h"
#include "train_kinds.h"

namespace tersor::cli {
namespace {

namespace fs = std::filesystem;

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

/// A model's configuration, saying how its weights are quantized.
io::ModelConfig Quantized(io::ModelConfig config, std::optional<io::Quantization> quantization) {
  config.quantization = quantization;
  return config;
}

/// The tokenizer's path and what the texts are in it. The leading rank makes what the others then
/// find made.
std::string PrepareTokens(const TrainRun& run, const Texts& texts) {
  std::string tokenizer_path;
  for (const bool turn : {true, false}) {
    if (turn == run.leads()) {
      tokenizer_path = ChooseTokenizer(run.options(), run.leads(), texts.train);
      Tokenize(run.options(), texts, *OpenTokenizer(tokenizer_path), tokenizer_path);
    }
    run.communicator().Barrier();
  }
  return tokenizer_path;
}

std::unique_ptr<model::LanguageModel> StartModel(const TrainRun& run,
                                                 const io::Tokenizer& tokenizer,
                                                 const std::string& tokenizer_path,
                                                 const model::Plugs& plugs) {
  const std::string& init = run.options().init;
  std::unique_ptr<model::LanguageModel> model;
  if (init.empty()) {
    io::ModelConfig shape = run.config().Shape(tokenizer.vocab_size());
    shape.bos_token_id = tokenizer.bos_id();
    shape.eos_token_id = tokenizer.eos_id();
    model = model::MakeLanguageModel(shape, plugs);
    model->InitWeights(run.seed());
  } else {
    model = model::LoadLanguageModel(init, plugs);
    TERSOR_CHECK(tokenizer.vocab_size() <= model->config().vocab_size, tokenizer_path, ": has ",
                 tokenizer.vocab_size(), " tokens, but the model of ", init, " only ",
                 model->config().vocab_size);
  }
  if (run.config().glu_outliers > 0) {
    nn::ParameterList parameters = model->Parameters();
    precision::PlantGluOutliers(parameters, run.config().glu_outliers,
                                run.config().glu_outlier_factor, run.seed());
  }
  model->SetRecompute(run.config().recompute);
  return model;
}

}  // namespace

void TrainText(TrainRun& run) {
  const Texts texts = ReadTexts(run.config());
  const std::string tokenizer_path = PrepareTokens(run, texts);
  const std::shared_ptr<const io::Tokenizer> tokenizer = OpenTokenizer(tokenizer_path);
  const TokenStreams streams = Tokenize(run.options(), texts, *tokenizer, tokenizer_path);
  log::Info("training text: {:.1f} MB, {:.2f}M tokens ({:.2f} bytes each)",
            static_cast<double>(streams.train.text_bytes()) / 1e6,
            static_cast<double>(streams.train.size()) / 1e6, streams.bytes_per_token);

  const std::unique_ptr<precision::Precision> precision = run.MakePrecision();
  const io::ModelConfig start = run.options().init.empty()
                                    ? run.config().Shape(tokenizer->vocab_size())
                                    : io::ReadModelConfig(run.options().init);
  attention::SparsityCounts sparsity;
  precision->plugs.attention = attention::MakeAttention(
      run.config().attention, start.num_hidden_layers, start.num_attention_heads, &sparsity);
  const std::unique_ptr<model::LanguageModel> model =
      StartModel(run, *tokenizer, tokenizer_path, precision->plugs);
  const io::ModelConfig& shape = model->config();
  const int64_t window = std::min(run.config().window, shape.max_position_embeddings);
  run.PrintEstimate(
      train::CountParameters(shape),
      train::EstimateMemory(shape, run.MicroBatch() * run.config().window, run.config().recompute),
      train::TrainingFlopsPerToken(shape, run.config().window) *
          static_cast<double>(run.config().window));

  const data::WindowSampler sampler(streams.train, window, run.seed());
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
    task.evaluate = [&] { return Validate(*model, streams, window, run.communicator()); };
  }
  const auto writer = [&](io::ModelConfig config) {
    return [&, config](const std::string& folder, io::Dtype dtype) {
      io::WriteModelConfig(folder, config, dtype);
      if (tokenizer_path == "byte") {
        WriteFileAtomically(folder + "/tokenizer_config.json",
                            Json{{"tokenizer_class", "ByteTokenizer"}}.dump(2) + "\n");
      } else {
        io::CopyTokenizer(tokenizer_path, folder);
      }
    };
  };
  task.write_files = writer(Quantized(shape, std::nullopt));
  task.write_best_files = writer(Quantized(shape, precision->Quantization()));
  const at::Tensor probe = source.Get(0, 1).inputs;
  precision->SetProbe([&, probe] {
    const at::NoGradGuard no_grad;
    return model->Forward(probe).hidden;
  });
  run.Train(*precision, std::move(task), [&](const train::RunState& state) {
    Json metrics = Json::object();
    if (state.best_step >= 0) {
      metrics["validation_perplexity"] = std::exp(state.best_loss);
    }
    if (run.config().attention.name != "dense") {
      metrics["attention_sparsity"] = sparsity.Sparsity();
      metrics["attention_int8_values"] = sparsity.done.int8_groups > 0 ? 1 : 0;
    }
    return metrics;
  });
}

}  // namespace tersor::cli
