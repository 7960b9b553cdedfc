#include "tersor/runtime/engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "tersor/io/attention_settings.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/memory.h"

namespace tersor::runtime {
namespace {

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

kernel::FloatType CacheType(const std::string& name) {
  if (name != "f32" && name != "bf16") {
    FailUsage("cache type ", name, " is not known; use f32 or bf16");
  }
  return name == "f32" ? kernel::FloatType::kF32 : kernel::FloatType::kBF16;
}

/// The context that is asked for, or as much of the model's as memory has room for. `int8`: keys
/// and values are there in INT8 as well.
int64_t FitContext(const std::string& model, const Weights& weights, const EngineOptions& options,
                   bool int8) {
  const io::ModelConfig& config = weights.config;
  const int64_t longest = config.max_position_embeddings;
  TERSOR_CHECK(options.context >= 0 && options.context <= longest, model, ": a context of ",
               options.context, " tokens is longer than the model's ", longest);
  const int64_t wanted = options.context > 0 ? options.context : longest;
  const int64_t available = AvailableMemory();
  if (available == 0) {
    return wanted;  // unknown
  }
  const int64_t room = available - weights.BytesPerToken();
  const auto gigabytes = [](int64_t bytes) {
    return std::round(static_cast<double>(bytes) / 1e7) / 100;
  };
  TERSOR_CHECK(room > 0, model, ": its weights take ", gigabytes(weights.BytesPerToken()),
               " GB, but only ", gigabytes(available), " GB of memory are free; try int8 weights");
  const kernel::FloatType type = CacheType(options.cache);
  const auto bytes = [&](int64_t positions) {
    return options.sequences * (KvCache::Bytes(config, positions, type) +
                                (int8 ? Int8Cache::Bytes(config, positions) : 0));
  };
  const int64_t fits = room / bytes(1);
  TERSOR_CHECK(options.context == 0 || wanted <= fits, model, ": keys and values of ",
               options.sequences, " times ", wanted, " tokens take ", gigabytes(bytes(wanted)),
               " GB, but memory has room for ", fits, " tokens beside the weights");
  if (fits < wanted) {
    log::Warn("{}: memory has room for a context of {} tokens, not the model's {}", model, fits,
              wanted);
  }
  return std::min(wanted, fits);
}

/// How prompts attend; what `tersor attention tune` found for the model, where that is asked for.
std::optional<io::AttentionSettings> ReadAttention(const std::string& name,
                                                   const std::string& model,
                                                   const io::ModelConfig& config) {
  if (name == "dense") {
    return std::nullopt;
  }
  if (name == "int8") {
    io::AttentionSettings all;
    all.int8 = all.int8_values = true;
    all.layers.assign(static_cast<size_t>(config.num_hidden_layers),
                      std::vector<io::HeadSettings>(static_cast<size_t>(config.num_attention_heads),
                                                    io::HeadSettings{}));
    return all;
  }
  const std::string path = name == "sparge" ? model + "/" + io::kAttentionSettingsFile : name;
  TERSOR_CHECK(std::filesystem::exists(path), path,
               ": is not there; `tersor attention tune --model ", model, "` writes such a file");
  io::AttentionSettings settings = io::ReadAttentionSettings(path);
  io::CheckSettingsFit(settings, path, config, model);
  return settings;
}

}  // namespace

Generation::Generation(std::vector<int32_t> prompt, const GenerateOptions& options, KvCache cache,
                       int64_t reused)
    : tokens_(std::move(prompt)),
      prompt_tokens_(std::ssize(tokens_)),
      reused_(std::min(reused, prompt_tokens_ - 1)),
      options_(options),
      cache_(std::move(cache)),
      sampler_(options.sampling),
      stream_(options.stop) {
  cache_.Truncate(reused_);
}

void Generation::Finish(FinishReason reason) {
  reason_ = reason;
  text_ += stream_.Finish();
}

Engine::Engine(std::string model, std::shared_ptr<const ModelSource> source, Weights weights,
               const EngineOptions& options)
    : model_(std::move(model)),
      source_(std::move(source)),
      transformer_(std::move(weights)),
      tokenizer_(source_->LoadTokenizer()),
      options_(options) {
  for (const int64_t id : config().eos_token_ids) {
    ends_.push_back(static_cast<int32_t>(id));
  }
  if (config().eos_token_id) {
    ends_.push_back(static_cast<int32_t>(*config().eos_token_id));
  }
  if (tokenizer_->eos_id()) {
    ends_.push_back(*tokenizer_->eos_id());
  }
}

std::unique_ptr<Engine> Engine::Load(const std::string& model, const EngineOptions& options) {
  CacheType(options.cache);
  if (options.prefill_chunk < 1) {
    FailUsage("prefill chunk must be at least 1, not ", options.prefill_chunk);
  }
  std::shared_ptr<const ModelSource> source = OpenModel(model);
  Weights weights = LoadWeights(source, options.weights);
  EngineOptions fitted = options;
  const std::optional<io::AttentionSettings> attention =
      ReadAttention(options.attention, model, weights.config);
  fitted.context = FitContext(model, weights, options, attention && attention->int8);
  std::unique_ptr<Engine> engine(new Engine(model, std::move(source), std::move(weights), fitted));
  if (attention) {
    engine->transformer_.SetAttention(*attention);
  }
  return engine;
}

std::vector<int32_t> Engine::Encode(std::string_view text, bool parse_special) const {
  std::vector<int32_t> tokens = tokenizer_->Encode(text, parse_special);
  const std::optional<int32_t> bos = tokenizer_->bos_id();
  // A chat template may have written it already.
  if (bos && tokenizer_->adds_bos() && (tokens.empty() || tokens.front() != *bos)) {
    tokens.insert(tokens.begin(), *bos);
  }
  return tokens;
}

KvCache Engine::NewCache() const {
  return KvCache(config(), options_.context, CacheType(options_.cache));
}

void Engine::CheckPrompt(std::span<const int32_t> prompt) const {
  TERSOR_CHECK(!prompt.empty(), "the prompt is empty");
  TERSOR_CHECK(std::ssize(prompt) < options_.context, "the prompt has ", prompt.size(),
               " tokens, which leaves no room in the context of ", options_.context);
}

std::vector<float> Engine::Logits(std::span<const int32_t> tokens) {
  const int64_t vocab = config().vocab_size;
  std::vector<float> logits(tokens.size() * static_cast<size_t>(vocab));
  KvCache cache = NewCache();
  for (int64_t t = 0; t < std::ssize(tokens); t += options_.prefill_chunk) {
    const int64_t count = std::min(options_.prefill_chunk, std::ssize(tokens) - t);
    Segment segment{&cache, tokens.subspan(static_cast<size_t>(t), static_cast<size_t>(count))};
    segment.all_logits = logits.data() + t * vocab;
    transformer_.Run({&segment, 1});
  }
  return logits;
}

bool Engine::IsEnd(int32_t token) const {
  return std::find(ends_.begin(), ends_.end(), token) != ends_.end();
}

void Engine::FailNotFinite() const {
  const std::string tensor = FindNonFinite(*source_);
  TERSOR_CHECK(tensor.empty(), model_, ": tensor ", tensor, " holds a value that is not finite");
  Fail(model_, ": the output is not finite, although the weights are; float16 or int8 overflowed");
}

void Engine::Step(std::span<Generation* const> generations) {
  const int64_t vocab = config().vocab_size;
  logits_.resize(generations.size() * static_cast<size_t>(vocab));
  std::vector<Segment> segments;
  std::vector<Generation*> ready;  // whose next token this step gives
  int64_t budget = options_.prefill_chunk;
  const auto add = [&](Generation& generation, bool decodes) {
    const std::span<const int32_t> pending =
        generation.tokens().subspan(static_cast<size_t>(generation.cache_.length()));
    const int64_t count = std::min(budget, std::ssize(pending));
    if (generation.finished() || count == 0 || decodes != (pending.size() == 1)) {
      return;
    }
    budget -= count;
    Segment segment{&generation.cache_, pending.first(static_cast<size_t>(count))};
    if (count == std::ssize(pending)) {
      segment.last_logits = logits_.data() + std::ssize(ready) * vocab;
      ready.push_back(&generation);
    }
    segments.push_back(segment);
  };
  // Those that are answering go on; a long prompt takes what is left of the step.
  for (const bool decodes : {true, false}) {
    for (Generation* generation : generations) {
      add(*generation, decodes);
    }
  }
  if (segments.empty()) {
    return;
  }
  transformer_.Run(segments);
  for (size_t i = 0; i < ready.size(); ++i) {
    Accept(*ready[i],
           std::span(logits_).subspan(i * static_cast<size_t>(vocab), static_cast<size_t>(vocab)));
  }
}

void Engine::Accept(Generation& generation, std::span<float> logits) {
  const auto finite = [](float logit) { return std::isfinite(logit); };
  if (!std::all_of(logits.begin(), logits.end(), finite)) {
    FailNotFinite();
  }
  const int32_t token = generation.sampler_.Draw(logits, generation.tokens_);
  if (IsEnd(token) && !generation.options_.ignore_eos) {
    generation.Finish(FinishReason::kStop);
    return;
  }
  generation.tokens_.push_back(token);
  generation.text_ += generation.stream_.Add(tokenizer_->TokenBytes(token));
  const int64_t limit = generation.options_.max_tokens;
  if (generation.stream_.stopped()) {
    generation.Finish(FinishReason::kStop);
  } else if ((limit > 0 && std::ssize(generation.generated()) >= limit) ||
             std::ssize(generation.tokens_) >= options_.context) {
    generation.Finish(FinishReason::kLength);
  }
}

Generated Engine::Generate(std::span<const int32_t> prompt, const GenerateOptions& options,
                           const std::function<bool(std::string_view)>& on_text) {
  CheckPrompt(prompt);
  const auto began = Clock::now();
  Generation generation({prompt.begin(), prompt.end()}, options, NewCache());
  Generation* const one[] = {&generation};
  Generated result;
  while (!generation.finished()) {
    Step(one);
    if (result.first_token_seconds == 0 && !generation.generated().empty()) {
      result.first_token_seconds = Since(began);
    }
    const std::string text = generation.TakeText();
    result.text += text;
    if (on_text && !on_text(text)) {
      generation.Cancel();
    }
    if (!on_text) {
      ThrowIfInterrupted("generation stopped");
    }
  }
  result.tokens.assign(generation.generated().begin(), generation.generated().end());
  result.reason = generation.reason();
  result.seconds = Since(began);
  return result;
}

std::vector<Generated> Engine::GenerateBatch(const std::vector<std::vector<int32_t>>& prompts,
                                             const GenerateOptions& options) {
  const auto began = Clock::now();
  std::vector<std::unique_ptr<Generation>> generations;
  std::vector<Generation*> running;
  for (const std::vector<int32_t>& prompt : prompts) {
    CheckPrompt(prompt);
    generations.push_back(std::make_unique<Generation>(prompt, options, NewCache()));
    running.push_back(generations.back().get());
  }
  std::vector<Generated> results(prompts.size());
  while (std::any_of(running.begin(), running.end(), [](auto* g) { return !g->finished(); })) {
    Step(running);
    for (size_t i = 0; i < running.size(); ++i) {
      results[i].text += running[i]->TakeText();
      if (results[i].first_token_seconds == 0 && !running[i]->generated().empty()) {
        results[i].first_token_seconds = Since(began);
      }
      if (running[i]->finished() && results[i].reason == FinishReason::kNone) {
        results[i].reason = running[i]->reason();
        results[i].seconds = Since(began);
      }
    }
    ThrowIfInterrupted("generation stopped");
  }
  for (size_t i = 0; i < running.size(); ++i) {
    const std::span<const int32_t> tokens = running[i]->generated();
    results[i].tokens.assign(tokens.begin(), tokens.end());
  }
  return results;
}

}  // namespace tersor::runtime
