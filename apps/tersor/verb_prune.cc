// `tersor prune`: zeros in the blocks' matrices of a language model, and what they cost.
#include <ATen/ATen.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include "cli.h"
#include "tersor/data/token_file.h"
#include "tersor/eval/perplexity.h"
#include "tersor/io/checkpoint_files.h"
#include "tersor/io/safetensors.h"
#include "tersor/nn/tensor_io.h"
#include "tersor/prune/model_pruning.h"
#include "tersor/prune/redundancy.h"
#include "tersor/runtime/packed_model.h"
#include "tersor/runtime/weight_format.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/memory.h"
#include "tersor/util/progress.h"
#include "tersor/util/record.h"
#include "text_source.h"
#include "torch_setup.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

namespace fs = std::filesystem;

/// Of the calibration text, for what allocations measure; no sample is drawn from it.
constexpr int64_t kHeldOutShare = 10, kMostHeldOut = 1 << 13;
/// How far random allocations lie from the target.
constexpr double kRandomRange = 0.15;

struct PruneArguments {
  std::vector<std::string> models, calibration, evaluate, choices, sensitivity;
  std::string output, pack, pattern, metric = "wanda", cache = "out/cache";
  double sparsity = -1;
  int64_t samples = 128, length = 0, max_windows = 0, random = 0;
  int64_t questions = kDefaultQuestions;
  bool pruned_only = false;
  prune::PruneOptions options;
};

/// Calibration text of a model.
struct Calibration {
  at::Tensor samples;
  std::vector<int32_t> held_out;
};

void CheckArguments(PruneArguments& a) {
  prune::PruneOptions& options = a.options;
  if (a.models.size() != 1) {
    FailUsage("tersor prune: one model folder, not ", a.models.size());
  }
  options.pattern = prune::Pattern::Parse(a.pattern);
  if (options.pattern.structured() == (a.sparsity >= 0)) {
    FailUsage("tersor prune: --sparsity or --pattern, one of them");
  }
  options.sparsity = options.pattern.structured() ? options.pattern.sparsity() : a.sparsity;
  if (!(options.sparsity >= 0 && options.sparsity < 1)) {
    FailUsage("tersor prune: --sparsity ", options.sparsity, " is not in [0, 1)");
  }
  if (a.samples < 1 || a.length < 0 || a.max_windows < 0 || a.random < 0 || a.questions < 1) {
    FailUsage(
        "tersor prune: --samples and --questions must be above 0; --length, --max-windows, "
        "--random "
        "not below");
  }
  if (a.random > 0 && options.pattern.structured()) {
    FailUsage("tersor prune: --random is for unstructured sparsity");
  }
  if (!a.pack.empty() && (a.output.empty() || !a.pack.starts_with("sparse-") ||
                          runtime::FindFormat(a.pack) == nullptr)) {
    FailUsage("tersor prune: --pack takes sparse-bf16, sparse-int8 or sparse-f32, and needs -o");
  }
  options.metric = prune::MetricByName(a.metric);
  options.cache = a.cache;
  options.allocation.Validate();
  const std::unique_ptr<prune::Allocation> allocation = prune::MakeAllocation(options.allocation);
  const bool needs_text = prune::MakePruner(options.metric)->needs_input() ||
                          allocation->needs_norms() || allocation->needs_perplexity() ||
                          !a.sensitivity.empty() || a.random > 0;
  if (needs_text && a.calibration.empty()) {
    FailUsage("tersor prune: --calibration TEXT is needed for --metric ", a.metric,
              " with --allocation ", options.allocation.name);
  }
}

std::vector<double> SensitivitySparsities(const PruneArguments& a) {
  std::vector<double> result;
  for (const std::string& text : a.sensitivity) {
    char* end = nullptr;
    result.push_back(std::strtod(text.c_str(), &end));
    if (text.empty() || *end != '\0' || !(result.back() > 0 && result.back() < 1)) {
      FailUsage("tersor prune: --sensitivity ", text, " is not a sparsity in (0, 1)");
    }
  }
  return result;
}

Calibration ReadCalibration(const PruneArguments& a, const io::Tokenizer& tokenizer,
                            int64_t longest, uint64_t seed) {
  Calibration calibration;
  if (a.calibration.empty()) {
    return calibration;
  }
  const int64_t length = a.length == 0 ? longest : a.length;
  if (length > longest) {
    FailUsage("tersor prune: --length ", length, " is more than the model's ", longest, " tokens");
  }
  const data::TokenFile tokens =
      data::TokenFile::Build(ReadNamedText(a.calibration, "train"), tokenizer,
                             TokenizerIdentity(a.models.front()), a.cache);
  const int64_t held = std::min(tokens.size() / kHeldOutShare, kMostHeldOut);
  const int64_t limit = tokens.size() - held;
  calibration.samples = prune::DrawCalibration(tokens, limit, a.samples, length, seed);
  calibration.held_out = tokens.Tokens(limit, held);
  return calibration;
}

eval::LikelihoodSums Evaluate(const PruneArguments& a, model::LanguageModel& model,
                              const std::string& text, const io::Tokenizer& tokenizer) {
  const data::TokenFile tokens = data::TokenFile::Build(
      ReadNamedText({text}, "test"), tokenizer, TokenizerIdentity(a.models.front()), a.cache);
  eval::PerplexityOptions options;
  options.max_windows = a.max_windows;
  const std::vector<int32_t> stream = tokens.Tokens(0, tokens.size());
  return eval::SumLikelihood(model, stream, options);
}

/// The pruned model as a folder of its own, which appears whole or not at all. Weights keep the
/// type that they had.
void WriteModel(const PruneArguments& a, const model::LanguageModel& model) {
  const std::string& from = a.models.front();
  const io::TensorStore store = io::TensorStore::Open(from);
  const io::Dtype stored = store.tensors().begin()->second.dtype;
  const std::string fresh = a.output + ".new";
  MakeFolders(fresh);
  nn::SaveTensors(fresh + "/model.safetensors", nn::Named(model.Parameters()), stored,
                  {{"format", "pt"}});
  io::WriteModelConfig(fresh, model.config(), stored);
  io::CopyTokenizer(from, fresh);
  ReplaceFolder(fresh, a.output);
}

Json Curve(const std::vector<double>& values, const char* label) {
  Json x = Json::array();
  for (size_t i = 0; i < values.size(); ++i) {
    x.push_back(i);
  }
  return {{"x", x}, {"y", values}, {"x_label", "layer"}, {"y_label", label}};
}

void Describe(const prune::PruneResult& result, Record& record) {
  int64_t weights = 0, zeros = 0;
  for (const prune::PrunedMatrix& matrix : result.matrices) {
    weights += matrix.weights;
    zeros += matrix.zeros;
    record.rows.push_back(
        {{"matrix", matrix.name},
         {"weights", matrix.weights},
         {"zeros", matrix.zeros},
         {"sparsity", static_cast<double>(matrix.zeros) / static_cast<double>(matrix.weights)}});
  }
  std::vector<double> sparsity, dense, redundancy;
  for (const prune::PrunedLayer& layer : result.layers) {
    sparsity.push_back(layer.sparsity);
    dense.push_back(layer.dense_redundancy);
    redundancy.push_back(layer.redundancy);
  }
  record.metrics["sparsity"] = static_cast<double>(zeros) / static_cast<double>(weights);
  record.metrics["zeros_before"] = result.zeros_before;
  record.metrics["redundancy_spread"] = prune::Spread(redundancy);
  record.metrics["dense_redundancy_spread"] = prune::Spread(dense);
  record.series["sparsity by layer"] = Curve(sparsity, "sparsity");
  record.series["redundancy by layer, dense"] = Curve(dense, "share of non-outliers");
  record.series["redundancy by layer, pruned"] = Curve(redundancy, "share of non-outliers");
}

/// A bar a phase.
prune::PruneProgress ShowProgress() {
  struct State {
    std::optional<Progress> bar;
    std::string phase;
  };
  return [state = std::make_shared<State>()](const char* phase, int64_t done, int64_t total) {
    if (state->phase != phase || !state->bar) {
      state->bar.emplace(phase, total, "block");
      state->phase = phase;
    }
    state->bar->Update(done);
    if (done == total) {
      state->bar->Finish();
      state->bar.reset();
    }
  };
}

/// The paper's third claim, on random allocations: does even redundancy go with low perplexity?
void Correlate(const PruneArguments& a, prune::ModelPruning& pruning, Record& record) {
  std::vector<double> spreads, perplexities;
  for (const prune::RandomAllocation& one :
       pruning.TryRandomly(a.random, kRandomRange, record.seed)) {
    spreads.push_back(one.redundancy_spread);
    perplexities.push_back(one.perplexity);
  }
  record.metrics["random_allocations"] = a.random;
  record.metrics["redundancy_spread_to_perplexity_spearman"] =
      prune::SpearmanCorrelation(spreads, perplexities);
  record.metrics["random_perplexity_lowest"] = std::ranges::min(perplexities);
  record.metrics["random_perplexity_highest"] = std::ranges::max(perplexities);
}

void PruneModel(const PruneArguments& a, Record& record) {
  const std::string& folder = a.models.front();
  TERSOR_CHECK(a.output.empty() || !fs::exists(a.output) || !fs::equivalent(folder, a.output),
               a.output, ": is the model itself; choose another folder");
  prune::PrunableModel model = prune::PrunableModel::Load(folder);
  model::LanguageModel& language_model = model.language_model();
  const std::shared_ptr<const io::Tokenizer> tokenizer = io::LoadTokenizer(folder);
  const Calibration calibration =
      ReadCalibration(a, *tokenizer, language_model.config().max_position_embeddings, record.seed);
  const auto measure = [&](const std::string& prefix) {
    for (const std::string& text : a.evaluate) {
      const eval::LikelihoodSums sums = Evaluate(a, language_model, text, *tokenizer);
      const double perplexity = eval::Perplexity(sums);
      record.metrics[prefix + "perplexity " + text] = perplexity;
      record.metrics[prefix + "accuracy " + text] = sums.correct / sums.tokens;
      log::Info("{}perplexity {:.4g} on {}", prefix.empty() ? "pruned " : prefix, perplexity, text);
    }
    for (const std::string& name : a.choices) {
      const eval::ChoiceResult result = eval::AnswerQuestions(
          language_model, *tokenizer, ReadNamedQuestions(name, a.questions), nullptr);
      record.metrics[prefix + "choice_accuracy " + name] = result.accuracy;
      record.metrics[prefix + "choice_accuracy_normalized " + name] = result.accuracy_normalized;
      log::Info("{}accuracy {:.3g} on the choices of {}", prefix.empty() ? "pruned " : prefix,
                result.accuracy_normalized, name);
    }
  };
  if (!a.pruned_only) {
    measure("dense ");
  }
  const auto began = std::chrono::steady_clock::now();
  prune::ModelPruning pruning(model, calibration.samples, calibration.held_out, a.options,
                              ShowProgress());
  for (const double sparsity : SensitivitySparsities(a)) {
    record.series[fmt::format("sensitivity at {:g}", sparsity)] =
        Curve(pruning.Sensitivity(sparsity), "perplexity with this block pruned");
  }
  if (a.random > 0) {
    Correlate(a, pruning, record);
  }
  Describe(pruning.Run(), record);
  record.metrics["pruning_seconds"] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (!a.output.empty()) {
    WriteModel(a, language_model);
  }
  if (!a.pack.empty()) {
    const runtime::PackedModelSummary summary =
        runtime::WritePackedModel(a.output, a.output + "/packed", a.pack);
    record.metrics["bytes"] = summary.bytes_was;
    record.metrics["packed_bytes"] = summary.bytes;
    record.metrics["matrices_left_dense"] = summary.dense;
  }
  measure("");
  record.metrics["peak_memory_mb"] = PeakMemory() / 1000000;
}

}  // namespace

int RunPrune(int argc, char** argv) {
  PruneArguments a;
  Schema schema;
  a.options.allocation.AddFields(schema);
  CommandLine line("prune", "Prune a language model, layer by layer as much as it bears.",
                   "tersor prune models/llama-12m --sparsity 0.7 --metric wanda --allocation mrp"
                   " --calibration corpus:debian-docs -o out/sparse");
  line.Positionals("model", "model folder in Hugging Face's layout", &a.models, 1)
      .Option("--sparsity", "share of the blocks' weights that become zero, in [0, 1)", &a.sparsity)
      .Option("--pattern", "N:M instead: of each M neighbours N stay, such as 2:4", &a.pattern)
      .Option("--metric", "what goes first: magnitude, wanda, sparsegpt", &a.metric)
      .Option("--allocation", "sparsity of each layer: " + std::string(prune::kAllocationNames),
              &a.options.allocation.name)
      .Option("--calibration", "text: file, folder, glob or corpus:NAME", &a.calibration)
      .Option("--samples", "windows of calibration text", &a.samples)
      .Option("--length", "tokens a window (0: the model's length)", &a.length)
      .Option("--damping", "sparsegpt: share of the Hessian's mean diagonal that is added to it",
              &a.options.damping)
      .Option("--sensitivity",
              "sparsities at which each block is pruned alone and the perplexity taken",
              &a.sensitivity)
      .Option("--evaluate", "texts whose perplexity is taken before and after (the test split)",
              &a.evaluate)
      .Option("--max-windows", "of each text evaluate the first windows only (0: all)",
              &a.max_windows)
      .Option("--choices",
              "multiple-choice questions answered before and after: .jsonl files, or texts whose "
              "own continuations are to be found",
              &a.choices)
      .Option("--questions", "how many are made of a text", &a.questions)
      .Option("--pruned-only", "evaluate after pruning only", &a.pruned_only)
      .Option("--cache", "folder of tokenized texts and of calibration statistics", &a.cache)
      .Option("--random", "also try this many random allocations: does even redundancy help?",
              &a.random)
      .Option("--pack",
              "also write OUTPUT/packed for the runtime: sparse-bf16, sparse-int8, sparse-f32",
              &a.pack)
      .Option("-o,--output", "folder to write; without it the model is only measured", &a.output)
      .Fields(&schema);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  CheckArguments(a);
  SensitivitySparsities(a);
  SetUpTorch();
  CatchInterrupts();
  const auto began = std::chrono::steady_clock::now();
  Record record;
  record.verb = "prune";
  record.seed = line.common().seed;
  record.config = schema.ToJson();
  record.config.update({{"model", a.models.front()},
                        {"sparsity", a.options.sparsity},
                        {"pattern", a.pattern},
                        {"metric", a.metric},
                        {"allocation_name", a.options.allocation.name},
                        {"calibration", a.calibration},
                        {"samples", a.samples},
                        {"length", a.length},
                        {"damping", a.options.damping},
                        {"pack", a.pack},
                        {"output", a.output}});
  PruneModel(a, record);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  for (const auto& [name, value] : record.metrics.items()) {
    fmt::print("{:<40} {:.6g}\n", name, value.get<double>());
  }
  if (!a.output.empty()) {
    fmt::print("{}\n", a.output);
  }
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
