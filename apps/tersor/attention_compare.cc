// `tersor attention compare`: what a model loses by each rule of what to skip, at equal sparsity.
#include <ATen/ATen.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "attention_actions.h"
#include "attention_options.h"
#include "bench_row.h"
#include "cli.h"
#include "mask_map.h"
#include "tersor/attention/compare_rules.h"
#include "tersor/attention/sparse_attention.h"
#include "tersor/data/token_file.h"
#include "tersor/eval/perplexity.h"
#include "tersor/eval/retrieval.h"
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

namespace tersor::cli {
namespace {

using attention::AttentionConfig;

struct CompareArguments {
  std::vector<std::string> data, sparsities;
  std::string model, settings, cache = "out/cache";
  int64_t length = 0, inputs = 2, windows = 4, retrieval_texts = 4, first_token_repeats = 3;
  std::vector<double> targets;  // sparsities, parsed
};

void CheckArguments(CompareArguments& a) {
  for (const std::string& text : a.sparsities) {
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() ||
        !(value > 0 && value < 1)) {
      FailUsage("tersor attention: --sparsity ", text, " must be a number between 0 and 1");
    }
    a.targets.push_back(value);
  }
  const int64_t longest = io::ReadModelConfig(a.model).max_position_embeddings;
  a.length = a.length == 0 ? longest : a.length;
  if (a.length < 2 || a.length > longest) {
    FailUsage("tersor attention: --length must be 2 to the model's ", longest);
  }
  if (a.inputs < 1 || a.windows < 1 || a.retrieval_texts < 0 || a.first_token_repeats < 0) {
    FailUsage(
        "tersor attention: --inputs and --windows must be above 0, --retrieval-texts and "
        "--first-token-repeats not below");
  }
}

/// A rule as the table calls it.
struct NamedRule {
  std::string name;
  AttentionConfig config;
};

std::vector<NamedRule> RulesWithoutTuning() {
  std::vector<NamedRule> rules;
  const auto add = [&](const std::string& name, const std::string& rule) -> AttentionConfig& {
    rules.push_back({name, {}});
    rules.back().config.name = rule;
    return rules.back().config;
  };
  add("sparge-untuned", "sparge");
  add("sparge-no-judge", "sparge").theta = -1;
  for (const char* rule : {"top-share", "cumulative", "window", "oracle"}) {
    add(rule, rule);
  }
  return rules;
}

/// The model's text, read once.
struct Texts {
  std::vector<int32_t> stream;
  std::vector<data::Document> retrieval;
};

struct Quality {
  double perplexity = 0, retrieval = 0, sparsity = 0;
};

Quality Measure(const CompareArguments& a, const AttentionConfig& rule, const Texts& texts,
                const io::Tokenizer& tokenizer) {
  attention::SparsityCounts counts;
  const io::ModelConfig config = io::ReadModelConfig(a.model);
  const std::unique_ptr<precision::Precision> precision =
      precision::MakePrecision(config.quantization);
  precision->plugs.attention =
      attention::MakeAttention(rule, config.num_hidden_layers, config.num_attention_heads, &counts);
  const std::unique_ptr<model::LanguageModel> model =
      model::LoadLanguageModel(a.model, precision->plugs);
  eval::PerplexityOptions options;
  options.window = a.length;
  options.max_windows = a.windows;
  Quality quality;
  quality.perplexity = eval::Perplexity(eval::SumLikelihood(*model, texts.stream, options));
  quality.sparsity = counts.Sparsity();
  if (!texts.retrieval.empty()) {
    quality.retrieval = eval::MeasureRetrieval(*model, tokenizer, texts.retrieval, {}).accuracy;
  }
  return quality;
}

/// Rows of the table, and what the charts are drawn from.
class Comparison {
 public:
  Comparison(const CompareArguments& a, Record& record) : a_(a), record_(record) {
    tokenizer_ = io::LoadTokenizer(a.model);
    const data::TokenFile tokens = data::TokenFile::Build(
        ReadNamedText(a.data, "test"), *tokenizer_, TokenizerIdentity(a.model), a.cache);
    texts_.stream = tokens.Tokens(0, tokens.size());
    TERSOR_CHECK(tokens.size() >= a.length, "the text has ", tokens.size(), " tokens, not the ",
                 a.length, " of one window");
    if (a.retrieval_texts > 0) {
      texts_.retrieval = RetrievalTexts(*tokenizer_, a.length, a.retrieval_texts, record.seed);
    }
  }

  void AddDense() {
    dense_ = Measure(a_, {}, texts_, *tokenizer_);
    AddRow("dense", 0, {}, {}, dense_);
    record_.metrics["dense_perplexity"] = dense_.perplexity;
    if (a_.retrieval_texts > 0) {
      record_.metrics["dense_retrieval"] = dense_.retrieval;
    }
  }

  /// `target`: the sparsity that was asked of the rule.
  void Add(const NamedRule& rule, double target, const attention::AttentionTrace& trace) {
    const attention::HeadMeasure measure = trace.Measure(rule.config);
    const Quality quality = Measure(a_, rule.config, texts_, *tokenizer_);
    AddRow(rule.name, target, rule.config, measure, quality);
    points_[rule.name].push_back(
        {quality.sparsity, measure.relative_l1, Change(quality), quality.retrieval});
  }

  /// Curves of the rules that were measured at several sparsities.
  void Draw() {
    const auto draw = [&](const char* label, size_t column) {
      for (auto& [name, points] : points_) {
        if (points.size() < 2) {
          continue;
        }
        std::sort(points.begin(), points.end());
        Json x = Json::array(), y = Json::array();
        for (const std::array<double, 4>& point : points) {
          x.push_back(point[0]);
          y.push_back(point[column]);
        }
        record_.series[name + ": " + label] = {
            {"x", x}, {"y", y}, {"x_label", "sparsity"}, {"y_label", label}};
      }
    };
    draw("relative L1", 1);
    draw("perplexity change, %", 2);
    if (a_.retrieval_texts > 0) {
      draw("retrieval accuracy", 3);
    }
  }

 private:
  double Change(const Quality& quality) const {
    return 100 * (quality.perplexity / dense_.perplexity - 1);
  }

  void AddRow(const std::string& name, double target, const AttentionConfig& rule,
              const attention::HeadMeasure& measure, const Quality& quality) {
    Json row = {{"rule", name}, {"asked_sparsity", target}};
    if (rule.name != "dense" && !rule.tuned) {
      row["parameter"] = attention::RuleParameter(rule);
      row["value"] = attention::RuleParameterValue(rule);
    }
    row["sparsity"] = quality.sparsity;
    row["relative_l1"] = measure.relative_l1;
    row["perplexity"] = quality.perplexity;
    row["perplexity_change_percent"] = Change(quality);
    if (a_.retrieval_texts > 0) {
      row["retrieval"] = quality.retrieval;
    }
    log::Info("{}: sparsity {:.3f}, relative L1 {:.4f}, perplexity {:.3f}, retrieval {:.3f}", name,
              quality.sparsity, measure.relative_l1, quality.perplexity, quality.retrieval);
    record_.rows.push_back(std::move(row));
  }

  const CompareArguments& a_;
  Record& record_;
  std::shared_ptr<const io::Tokenizer> tokenizer_;
  Texts texts_;
  Quality dense_;
  std::map<std::string, std::vector<std::array<double, 4>>> points_;
};

/// Masks of a few layers' first heads, as the rule draws them and as an oracle of the same sparsity
/// would.
void DrawMasks(const AttentionConfig& rule, const AttentionConfig& oracle,
               const attention::AttentionTrace& trace, Record& record) {
  constexpr int64_t kMostLayers = 3;
  const int64_t layers = trace.layers(), shown = std::min(kMostLayers, layers);
  for (int64_t i = 0; i < shown; ++i) {
    const int64_t layer = shown == 1 ? 0 : i * (layers - 1) / (shown - 1);
    const nn::AttentionInput& in = trace.input(layer, 0);
    for (const AttentionConfig* config : {&rule, &oracle}) {
      const auto planner =
          attention::MakePlanner(*config, static_cast<size_t>(layer), trace.heads());
      const kernel::BlockPlan plan = planner->Plan(in);
      record.maps.push_back(
          MaskMap(fmt::format("layer {}, head 0: {}", layer, config->name), plan, 0, in));
    }
  }
}

/// Time until the first token of an answer, in the engine that serves.
void TimeFirstToken(const CompareArguments& a, const at::Tensor& window, Record& record) {
  const auto* tokens = window.data_ptr<int64_t>();
  const std::vector<int32_t> prompt(tokens, tokens + a.length - 1);  // room for the answer
  const auto load = [&](const std::string& attention) {
    runtime::EngineOptions options;
    options.attention = attention;
    return runtime::Engine::Load(a.model, options);
  };
  const std::unique_ptr<runtime::Engine> dense = load("dense");
  const auto rate = [&](runtime::Engine& engine) {
    runtime::GenerateOptions options;
    options.max_tokens = 1;
    ThrowIfInterrupted("stopped while comparing");
    return static_cast<double>(prompt.size()) /
           engine.Generate(prompt, options).first_token_seconds;
  };
  BenchOptions options;
  options.repeats = a.first_token_repeats;
  for (const auto& [row, attention] :
       {std::pair("prompt_tokens_until_first_token", a.settings),
        std::pair("prompt_tokens_until_first_token_int8", std::string("int8"))}) {
    const std::unique_ptr<runtime::Engine> engine = load(attention);
    RunRow({row, "tokens/s", "dense attention", [&] { return rate(*engine); },
            [&] { return rate(*dense); }},
           options, record);
  }
}

void Compare(const CompareArguments& a, Record& record) {
  AttentionConfig tuned;
  tuned.name = "sparge";
  tuned.settings = a.settings;
  ResolveAttention(a.model, tuned);
  const at::Tensor windows =
      TextWindows({a.model, a.data, "validation", a.cache}, a.inputs, a.length, record.seed);
  Comparison comparison(a, record);
  comparison.AddDense();
  attention::WatchedModel watched(a.model);
  const attention::AttentionTrace trace(watched, windows);
  const double sparsity = trace.Measure(tuned).sparsity;
  record.metrics["tuned_sparsity"] = sparsity;
  std::vector<double> targets = {sparsity};
  targets.insert(targets.end(), a.targets.begin(), a.targets.end());
  const std::vector<NamedRule> rules = RulesWithoutTuning();
  Progress progress("comparing", 1 + std::ssize(targets) * std::ssize(rules), "rule");
  comparison.Add({"sparge-tuned", tuned}, sparsity, trace);
  int64_t done = 1;
  AttentionConfig oracle;
  for (const double target : targets) {
    for (const NamedRule& rule : rules) {
      progress.Update(done++);
      const AttentionConfig config = attention::AtSparsity(rule.config, target, trace);
      comparison.Add({rule.name, config}, target, trace);
      if (rule.name == "oracle" && target == sparsity) {
        oracle = config;
      }
    }
  }
  progress.Update(done);
  progress.Finish();
  comparison.Draw();
  DrawMasks(tuned, oracle, trace, record);
  if (a.first_token_repeats > 0) {
    TimeFirstToken(a, windows[0], record);
  }
}

}  // namespace

int RunAttentionCompare(int argc, char** argv) {
  CompareArguments a;
  CommandLine line("attention compare",
                   "Measure rules of what to skip on a model: each at the sparsity that tuned "
                   "SpargeAttn reaches.",
                   "tersor attention compare --model models/llama-long --data corpus:debian-docs");
  line.Option("--model", "model folder in Hugging Face's layout", &a.model, true)
      .Option("--data", "text: file, folder, glob or corpus:NAME (its test split is measured)",
              &a.data, true)
      .Option("--settings",
              "file of `tersor attention tune` (default: attention.json beside the model)",
              &a.settings)
      .Option("--sparsity", "other sparsities to compare at, for curves", &a.sparsities)
      .Option("--length", "tokens a window (0: the model's length)", &a.length)
      .Option("--inputs", "windows on which errors and equal sparsity are measured", &a.inputs)
      .Option("--windows", "windows on which perplexity is", &a.windows)
      .Option("--retrieval-texts", "texts in which codes are to be found again (0: none)",
              &a.retrieval_texts)
      .Option("--first-token-repeats", "how often the first token is timed (0: never)",
              &a.first_token_repeats)
      .Option("--cache", "folder of tokenized texts", &a.cache);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  CheckArguments(a);
  if (a.settings.empty()) {
    a.settings = a.model + "/" + io::kAttentionSettingsFile;
  }
  SetUpTorch();
  CatchInterrupts();
  const auto began = std::chrono::steady_clock::now();
  Record record;
  record.verb = "attention";
  record.seed = line.common().seed;
  record.config = {{"model", a.model},
                   {"data", a.data},
                   {"settings", a.settings},
                   {"length", a.length},
                   {"inputs", a.inputs},
                   {"windows", a.windows},
                   {"retrieval_texts", a.retrieval_texts}};
  Compare(a, record);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
