// `tersor attention tune`: how sparse each head of a model may attend.
#include <ATen/ATen.h>
#include <fmt/core.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "attention_actions.h"
#include "cli.h"
#include "tersor/attention/tune_model.h"
#include "tersor/io/attention_settings.h"
#include "tersor/io/model_config.h"
#include "tersor/kernel/int8_value.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/progress.h"
#include "tersor/util/record.h"
#include "text_windows.h"
#include "torch_setup.h"

namespace tersor::cli {
namespace {

struct AttentionArguments {
  std::vector<std::string> data;
  std::string model, output, similarity = "cosine", cache = "out/cache";
  int64_t inputs = 5, held_out = 2, length = 0;
  bool float_values = false;
  attention::TuneOptions options;
};

void CheckArguments(AttentionArguments& a) {
  if (a.inputs < 1 || a.held_out < 1 || a.length < 0) {
    FailUsage("tersor attention: --inputs and --held-out must be above 0, --length not below");
  }
  if (a.similarity != "cosine" && a.similarity != "gram") {
    FailUsage("tersor attention: --similarity ", a.similarity,
              " is not known; there are: cosine, gram");
  }
  if (a.similarity == "gram") {
    a.options.similarity = kernel::Similarity::kGram;
  }
  if (a.float_values && !a.options.int8) {
    FailUsage("tersor attention tune: --float-values is for --int8");
  }
  // Where they are not in force their error is not measured either.
  a.options.int8_values = a.options.int8 && !a.float_values && kernel::FastInt8Values() != nullptr;
  a.options.Validate();
  if (a.output.empty()) {
    a.output = a.model + "/" + io::kAttentionSettingsFile;
  }
}

/// Rows of heads, and means over them.
void Describe(const std::vector<std::vector<attention::TunedHead>>& layers, Record& record) {
  double heads = 0, dense = 0, sparsity = 0, l1 = 0, held_out_sparsity = 0, held_out_l1 = 0;
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    for (size_t h = 0; h < layers[layer].size(); ++h) {
      const attention::TunedHead& head = layers[layer][h];
      record.rows.push_back({{"layer", layer},
                             {"head", h},
                             {"tau", head.settings.tau},
                             {"theta", head.settings.theta},
                             {"lambda", head.settings.lambda},
                             {"sparsity", head.tuned.sparsity},
                             {"relative_l1", head.tuned.relative_l1},
                             {"held_out_sparsity", head.held_out.sparsity},
                             {"held_out_relative_l1", head.held_out.relative_l1}});
      heads += 1;
      dense += head.dense ? 1 : 0;
      sparsity += head.tuned.sparsity;
      l1 += head.tuned.relative_l1;
      held_out_sparsity += head.held_out.sparsity;
      held_out_l1 += head.held_out.relative_l1;
    }
  }
  record.metrics["heads"] = heads;
  record.metrics["dense_heads"] = dense;
  record.metrics["sparsity"] = sparsity / heads;
  record.metrics["relative_l1"] = l1 / heads;
  record.metrics["held_out_sparsity"] = held_out_sparsity / heads;
  record.metrics["held_out_relative_l1"] = held_out_l1 / heads;
}

io::AttentionSettings Settings(const AttentionArguments& a,
                               const std::vector<std::vector<attention::TunedHead>>& layers) {
  io::AttentionSettings settings;
  settings.model = io::ModelFingerprint(a.model);
  settings.similarity = a.similarity;
  settings.int8 = a.options.int8;
  settings.int8_values = a.options.int8_values;
  settings.l1 = a.options.l1;
  settings.l2 = a.options.l2;
  for (const std::vector<attention::TunedHead>& layer : layers) {
    std::vector<io::HeadSettings>& heads = settings.layers.emplace_back();
    for (const attention::TunedHead& head : layer) {
      heads.push_back(head.settings);
    }
  }
  return settings;
}

void Tune(const AttentionArguments& a, Record& record) {
  const io::ModelConfig config = io::ReadModelConfig(a.model);
  const int64_t longest = config.max_position_embeddings;
  const int64_t length = a.length == 0 ? longest : a.length;
  if (length > longest) {
    FailUsage("tersor attention: --length ", length, " is more than the model's ", longest,
              " tokens");
  }
  const at::Tensor windows =
      TextWindows({a.model, a.data, "train", a.cache}, a.inputs + a.held_out, length, record.seed);
  std::optional<Progress> progress;
  const std::string partial = a.output + ".partial";
  const std::vector<std::vector<attention::TunedHead>> layers = attention::TuneModel(
      a.model, windows.narrow(0, 0, a.inputs), windows.narrow(0, a.inputs, a.held_out), a.options,
      partial, [&](int64_t done, int64_t total) {
        if (!progress) {
          progress.emplace("tuning", total, "head", done);
        }
        progress->Update(done);
      });
  progress->Finish();
  io::WriteAttentionSettings(a.output, Settings(a, layers));
  std::filesystem::remove(partial);
  Describe(layers, record);
}

}  // namespace

int RunAttentionTune(int argc, char** argv) {
  AttentionArguments a;
  CommandLine line("attention tune",
                   "Find how sparse each head of a model may attend within a bound of its error.",
                   "tersor attention tune --model models/llama-long --data corpus:debian-docs");
  line.Option("--model", "model folder in Hugging Face's layout", &a.model, true)
      .Option("--data", "text: file, folder, glob or corpus:NAME", &a.data, true)
      .Option("--l1", "bound of the first stage's error, sum |sparse - dense| / sum |dense|",
              &a.options.l1)
      .Option("--l2", "the same with the second filter", &a.options.l2)
      .Option("--inputs", "windows of text to tune on", &a.inputs)
      .Option("--held-out", "windows to check on", &a.held_out)
      .Option("--length", "tokens a window (0: the model's length)", &a.length)
      .Option("--similarity", "cosine, or gram (the paper's formula)", &a.similarity)
      .Option("--int8",
              "scores by INT8 products, and values where the processor has VNNI; their error "
              "counts too",
              &a.options.int8)
      .Option("--float-values", "with --int8: the values' products stay in float32",
              &a.float_values)
      .Option("--cache", "folder of tokenized texts", &a.cache)
      .Option("-o,--output", "file to write (default: attention.json beside the model)", &a.output);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  CheckArguments(a);
  SetUpTorch();
  CatchInterrupts();
  const auto began = std::chrono::steady_clock::now();
  Record record;
  record.verb = "attention";
  record.seed = line.common().seed;
  record.config = {{"model", a.model},
                   {"data", a.data},
                   {"l1", a.options.l1},
                   {"l2", a.options.l2},
                   {"inputs", a.inputs},
                   {"held_out", a.held_out},
                   {"length", a.length},
                   {"similarity", a.similarity},
                   {"int8", a.options.int8},
                   {"output", a.output},
                   {"int8_values", a.options.int8_values}};
  Tune(a, record);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  for (const auto& [name, value] : record.metrics.items()) {
    fmt::print("{:<28} {:.6g}\n", name, value.get<double>());
  }
  fmt::print("{}\n", a.output);
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
