// `tersor eval`: perplexity, bits per byte and accuracy of a model on text, multiple choice, and
// the accuracy of an image classifier.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <optional>

#include "attention_options.h"
#include "cli.h"
#include "eval_images.h"
#include "tersor/attention/sparse_attention.h"
#include "tersor/data/image_set.h"
#include "tersor/data/token_file.h"
#include "tersor/eval/multiple_choice.h"
#include "tersor/eval/ngram.h"
#include "tersor/eval/perplexity.h"
#include "tersor/eval/retrieval.h"
#include "tersor/eval/xz.h"
#include "tersor/io/model_config.h"
#include "tersor/io/tokenizer.h"
#include "tersor/io/vit_config.h"
#include "tersor/model/checkpoint.h"
#include "tersor/precision/precision.h"
#include "tersor/runtime/engine.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/progress.h"
#include "tersor/util/record.h"
#include "text_source.h"
#include "text_windows.h"
#include "torch_setup.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

struct EvalOptions {
  std::string model, tokenizer, choices, cache = "out/cache";
  std::string engine;
  attention::AttentionConfig attention;
  runtime::EngineOptions runtime;
  std::vector<std::string> data, baselines;
  int64_t window = 0, max_windows = 0, max_images = 0, questions = kDefaultQuestions;
  int64_t retrieval = 0, retrieval_documents = 8;
};

void MeasureText(eval::WindowScorer& scorer, int64_t vocab_size, const io::Tokenizer& tokenizer,
                 const EvalOptions& options, Record& record) {
  const data::TokenFile tokens = data::TokenFile::Build(
      ReadNamedText(options.data, "test"), tokenizer,
      TokenizerIdentity(options.tokenizer.empty() ? options.model : options.tokenizer),
      options.cache);
  const std::vector<int32_t> stream = tokens.Tokens(0, tokens.size());
  for (const int32_t id : stream) {
    TERSOR_CHECK(id < vocab_size, options.model, ": the tokenizer's token ", id,
                 " is outside the model's vocabulary of ", vocab_size);
  }
  eval::PerplexityOptions perplexity;
  perplexity.window = options.window;
  perplexity.max_windows = options.max_windows;
  std::optional<Progress> progress;
  perplexity.progress = [&](int64_t done, int64_t total) {
    if (!progress) {
      progress.emplace("evaluating", total, "window");
    }
    progress->Update(done);
  };
  const eval::LikelihoodSums sums = eval::SumLikelihood(scorer, stream, perplexity);
  if (progress) {
    progress->Finish();
  }
  // Where windows are left out, the bytes count in proportion to the tokens that were predicted.
  const double bytes = static_cast<double>(tokens.text_bytes()) * sums.predicted /
                       static_cast<double>(tokens.size() - 1);
  record.metrics["perplexity"] = eval::Perplexity(sums);
  record.metrics["bits_per_byte"] = eval::BitsPerByte(sums, bytes);
  record.metrics["accuracy"] = sums.correct / sums.tokens;
  record.metrics["tokens"] = static_cast<int64_t>(sums.tokens);
  record.metrics["bytes"] = static_cast<int64_t>(bytes);
}

/// Bits per byte of what a language model must beat on the same text, given the same training text:
/// a modified Kneser-Ney 5-gram over the same tokens, and xz alone and after the training text.
void MeasureBaselines(const io::Tokenizer& tokenizer, const EvalOptions& options, Record& record) {
  const std::string identity =
      TokenizerIdentity(options.tokenizer.empty() ? options.model : options.tokenizer);
  const std::vector<data::Document> training = ReadNamedText(options.baselines, "train");
  const std::vector<data::Document> held = ReadNamedText(options.data, "test");
  const data::TokenFile train =
      data::TokenFile::Build(training, tokenizer, identity, options.cache);
  const data::TokenFile test = data::TokenFile::Build(held, tokenizer, identity, options.cache);
  log::Info("counting 5-grams of {:.2f}M tokens", static_cast<double>(train.size()) / 1e6);
  const eval::NgramModel ngram(train.Tokens(0, train.size()), 5, tokenizer.vocab_size());
  const std::vector<int32_t> stream = test.Tokens(0, test.size());
  const double nll = ngram.NegativeLogLikelihood(stream);
  const auto bytes = static_cast<double>(test.text_bytes());
  record.metrics["ngram_perplexity"] = std::exp(nll / static_cast<double>(stream.size() - 1));
  record.metrics["ngram_bits_per_byte"] = nll / std::numbers::ln2 / bytes;
  log::Info("compressing with xz -9e");
  const auto join = [](const std::vector<data::Document>& documents) {
    std::string text;
    for (const data::Document& document : documents) {
      text += document.text + "\n\n";
    }
    return text;
  };
  const std::string before = join(training), text = join(held);
  record.metrics["xz_bits_per_byte"] = 8 * static_cast<double>(eval::XzSize(text)) / bytes;
  record.metrics["xz_after_training_text_bits_per_byte"] =
      8 * static_cast<double>(eval::XzSize(before + text) - eval::XzSize(before)) / bytes;
}

void MeasureChoices(model::LanguageModel& model, const io::Tokenizer& tokenizer,
                    const EvalOptions& options, Record& record) {
  const std::vector<eval::Question> questions =
      ReadNamedQuestions(options.choices, options.questions);
  Progress progress("answering", static_cast<int64_t>(questions.size()), "question");
  const eval::ChoiceResult result = eval::AnswerQuestions(
      model, tokenizer, questions, [&](int64_t done) { progress.Update(done); });
  progress.Finish();
  record.metrics["questions"] = result.questions;
  record.metrics["choice_accuracy"] = result.accuracy;
  record.metrics["choice_accuracy_normalized"] = result.accuracy_normalized;
}

/// Texts of so many tokens with records that are asked for at their end.
void MeasureRetrieval(model::LanguageModel& model, const io::Tokenizer& tokenizer,
                      const EvalOptions& options, Record& record) {
  const std::vector<data::Document> documents =
      RetrievalTexts(tokenizer, options.retrieval, options.retrieval_documents, record.seed);
  Progress progress("retrieving", options.retrieval_documents, "text");
  const eval::RetrievalResult result = eval::MeasureRetrieval(
      model, tokenizer, documents, [&](int64_t done) { progress.Update(done); });
  progress.Finish();
  record.metrics["retrieval_accuracy"] = result.accuracy;
  record.metrics["retrieval_queries"] = result.queries;
  record.metrics["retrieval_longest_text"] = result.longest;
}

/// The engine that serves it, for models that were made to be served packed.
std::string DefaultEngine(const std::string& model, bool images) {
  const bool quantized = images ? io::ReadVitConfig(model).quantization.has_value()
                                : std::filesystem::exists(model + "/config.json") &&
                                      io::ReadModelConfig(model).quantization.has_value();
  return quantized || model.ends_with(".gguf") ? "runtime" : "torch";
}

/// Options that the other kind of model has.
void CheckKind(const EvalOptions& options, bool images) {
  if (!images) {
    if (options.max_images != 0) {
      FailUsage("tersor eval: --max-images is for image models");
    }
    for (const std::string& name : options.data) {
      if (data::IsImageSetName(name)) {
        FailUsage("tersor eval: ", name, " needs an image model, not ", options.model);
      }
    }
    return;
  }
  const bool text = !options.choices.empty() || options.retrieval > 0 ||
                    !options.baselines.empty() || !options.tokenizer.empty() ||
                    options.window != 0 || options.max_windows != 0;
  if (text) {
    FailUsage("tersor eval: ", options.model,
              " is an image model; it takes --data, --max-images, --engine and --weights");
  }
  if (options.data.size() != 1 || options.max_images < 0) {
    FailUsage("tersor eval: an image model takes one --data, and --max-images of 0 or more");
  }
}

/// Everything that can be measured of a language model.
void EvalText(const EvalOptions& options, Record& record) {
  const bool served = options.engine == "runtime";
  attention::SparsityCounts sparsity;
  std::unique_ptr<precision::Precision> precision;
  std::unique_ptr<model::LanguageModel> model;
  std::unique_ptr<runtime::Engine> engine;
  if (served) {
    engine = runtime::Engine::Load(options.model, options.runtime);
  } else {
    const io::ModelConfig config = io::ReadModelConfig(options.model);
    precision = precision::MakePrecision(config.quantization);
    precision->plugs.attention = attention::MakeAttention(
        options.attention, config.num_hidden_layers, config.num_attention_heads, &sparsity);
    model = model::LoadLanguageModel(options.model, precision->plugs);
  }
  const std::unique_ptr<eval::WindowScorer> scorer =
      served ? eval::MakeScorer(*engine) : eval::MakeScorer(*model);
  const std::shared_ptr<const io::Tokenizer> tokenizer =
      !options.tokenizer.empty() ? io::LoadTokenizer(options.tokenizer)
      : served                   ? engine->source().LoadTokenizer()
                                 : io::LoadTokenizer(options.model);
  if (!options.data.empty()) {
    MeasureText(*scorer, served ? engine->config().vocab_size : model->config().vocab_size,
                *tokenizer, options, record);
    if (!options.baselines.empty()) {
      MeasureBaselines(*tokenizer, options, record);
    }
  }
  if (!options.choices.empty()) {
    MeasureChoices(*model, *tokenizer, options, record);
  }
  if (options.retrieval > 0) {
    MeasureRetrieval(*model, *tokenizer, options, record);
  }
  if (options.attention.name != "dense") {
    record.metrics["attention_sparsity"] = sparsity.Sparsity();
    record.metrics["attention_int8_values"] = sparsity.done.int8_groups > 0 ? 1 : 0;
    record.metrics["attention_seconds"] = sparsity.seconds;
    record.metrics["attention_planning_seconds"] = sparsity.planning_seconds;
  }
}

}  // namespace

int RunEval(int argc, char** argv) {
  EvalOptions options;
  Schema schema;
  options.attention.AddFields(schema);
  CommandLine line(
      "eval",
      "Measure a language model on text or on multiple-choice questions, or an image model.",
      "tersor eval --model models/llama-12m --data corpus:gcide --json eval.json");
  line.Option("--model", "model folder in Hugging Face's layout", &options.model, true)
      .Option("--data",
              "text: file, folder, glob or corpus:NAME; images: images:NAME or a folder "
              "with a sub-folder a class (the test split)",
              &options.data)
      .Option("--baselines",
              "training text: also measure a 5-gram model and xz given it on the same text",
              &options.baselines)
      .Option("--choices",
              "multiple choice: a .jsonl file of {context, choices, answer}, or a text whose own "
              "continuations are to be found",
              &options.choices)
      .Option("--questions", "how many are made of a text", &options.questions)
      .Option("--retrieval", "tokens a text in which codes are to be found again (0: none are)",
              &options.retrieval)
      .Option("--retrieval-texts", "how many such texts", &options.retrieval_documents)
      .Option("--tokenizer", "tokenizer folder or file (default: the model's)", &options.tokenizer)
      .Option("--engine",
              "torch, or runtime: the engine that serves (default: runtime for .gguf files and "
              "models with quantized products, else torch)",
              &options.engine)
      .Option("--weights",
              "runtime: serve as f32, bf16, f16, int8, mxfp4, mxfp4-w4a4, sparse-f32, sparse-bf16 "
              "or sparse-int8 (default: as stored)",
              &options.runtime.weights)
      .Option("--window", "tokens a window (0: the model's length)", &options.window)
      .Option("--max-windows", "use the first windows only (0: all)", &options.max_windows)
      .Option("--max-images", "use the first images only (0: all)", &options.max_images)
      .Option("--cache", "folder of tokenized texts", &options.cache)
      .Fields(&schema);
  AddAttentionOption(options.attention, line);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  if (options.data.empty() && options.choices.empty() && options.retrieval == 0) {
    FailUsage("tersor eval: --data, --choices or --retrieval is needed");
  }
  if (options.retrieval < 0 || options.retrieval_documents < 1) {
    FailUsage("tersor eval: --retrieval must not be below 0, --retrieval-texts above 0");
  }
  if (options.window < 0 || options.window == 1 || options.max_windows < 0) {
    FailUsage("tersor eval: --window must be 0 or at least 2, --max-windows 0 or more");
  }
  if (options.questions < 1) {
    FailUsage("tersor eval: --questions must be above 0");
  }
  const bool images = IsImageModelFolder(options.model);
  CheckKind(options, images);
  if (options.engine.empty()) {
    options.engine = DefaultEngine(options.model, images);
  }
  if (options.engine != "torch" && options.engine != "runtime") {
    FailUsage("tersor eval: --engine ", options.engine, " is not known; there are: torch, runtime");
  }
  const bool served = options.engine == "runtime";
  if (served ? !options.choices.empty() || options.retrieval > 0
             : !options.runtime.weights.empty()) {
    FailUsage(
        "tersor eval: --choices and --retrieval need --engine torch, --weights needs --engine "
        "runtime");
  }
  if (images || served) {
    if (options.attention.name != "dense") {
      FailUsage("tersor eval: --attention is for language models on --engine torch");
    }
  } else {
    ResolveAttention(options.model, options.attention);
  }
  SetUpTorch();
  CatchInterrupts();
  const auto began = std::chrono::steady_clock::now();
  Record record;
  record.verb = "eval";
  record.seed = line.common().seed;
  record.config = schema.ToJson();
  record.config.update({{"model", options.model},
                        {"data", options.data},
                        {"baselines", options.baselines},
                        {"choices", options.choices},
                        {"window", options.window},
                        {"max_windows", options.max_windows},
                        {"engine", options.engine},
                        {"weights", options.runtime.weights},
                        {"max_images", options.max_images},
                        {"retrieval", options.retrieval}});
  if (images) {
    EvalImages({options.model, options.data.front(), options.engine, options.runtime.weights,
                options.max_images},
               record);
  } else {
    EvalText(options, record);
  }
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  for (const auto& [name, value] : record.metrics.items()) {
    fmt::print("{:<28} {:.6g}\n", name, value.get<double>());
  }
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
