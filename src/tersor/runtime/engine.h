// Inference of a model folder: load, generate, logits. The whole C++ interface on one page.
//
//   const auto engine = tersor::runtime::Engine::Load("models/llama-12m");
//   tersor::runtime::GenerateOptions options;
//   options.max_tokens = 100;
//   std::cout << engine->Generate(engine->Encode("The index"), options).text;
#ifndef TERSOR_RUNTIME_ENGINE_H_
#define TERSOR_RUNTIME_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tersor/io/model_config.h"
#include "tersor/io/tokenizer.h"
#include "tersor/runtime/kv_cache.h"
#include "tersor/runtime/model_source.h"
#include "tersor/runtime/sampling.h"
#include "tersor/runtime/text_stream.h"
#include "tersor/runtime/transformer.h"

namespace tersor::runtime {

struct EngineOptions {
  std::string weights;          // a name of kFormatNames; "": as the model says or is stored
  std::string cache = "f32";    // keys and values: "f32" or "bf16"
  int64_t context = 0;          // longest sequence in tokens; 0: the model's
  int64_t prefill_chunk = 512;  // prompt tokens a pass
  int64_t sequences = 1;        // whose caches memory must have room for
  /// dense; int8: dense, prompts in INT8; sparge: as attention.json beside the model says; or such
  /// a file.
  std::string attention = "dense";
};

struct GenerateOptions {
  int64_t max_tokens = 256;  // 0: until the context is full
  SamplingOptions sampling;
  std::vector<std::string> stop;  // texts that end the answer and are not part of it
  bool ignore_eos = false;        // go on after an end-of-text token
};

enum class FinishReason { kNone, kStop, kLength };

/// One answer in the making: what Engine::Step advances. Its cache can be reused by the next
/// generation whose prompt begins the same.
class Generation {
 public:
  /// `cache`: at most `reused` of its positions, which must be those of the prompt's first tokens,
  /// are kept; at least the last prompt token is always run.
  Generation(std::vector<int32_t> prompt, const GenerateOptions& options, KvCache cache,
             int64_t reused = 0);

  bool finished() const { return reason_ != FinishReason::kNone; }
  FinishReason reason() const { return reason_; }
  int64_t prompt_tokens() const { return prompt_tokens_; }
  int64_t reused_tokens() const { return reused_; }
  /// Prompt and generated tokens; an end-of-text token is not kept.
  std::span<const int32_t> tokens() const { return tokens_; }
  std::span<const int32_t> generated() const {
    return tokens().subspan(static_cast<size_t>(prompt_tokens_));
  }
  /// Text that has become certain since the last call.
  std::string TakeText() { return std::exchange(text_, {}); }
  /// Ends it from outside, as if at max_tokens.
  void Cancel() { Finish(FinishReason::kLength); }
  /// Those of tokens() whose keys and values are in the cache.
  std::span<const int32_t> cached_tokens() const {
    return tokens().first(static_cast<size_t>(cache_.length()));
  }
  const KvCache& cache() const { return cache_; }
  KvCache TakeCache() { return std::move(cache_); }

 private:
  friend class Engine;
  void Finish(FinishReason reason);

  std::vector<int32_t> tokens_;
  int64_t prompt_tokens_, reused_;
  GenerateOptions options_;
  KvCache cache_;
  TokenSampler sampler_;
  TextStream stream_;
  std::string text_;
  FinishReason reason_ = FinishReason::kNone;
};

struct Generated {
  std::string text;
  std::vector<int32_t> tokens;  // without the prompt
  FinishReason reason = FinishReason::kNone;
  double first_token_seconds = 0, seconds = 0;  // from the call's beginning
};

/// Not thread-safe: one call at a time.
class Engine {
 public:
  /// `model`: a folder in Hugging Face's layout, or a .gguf file. Throws Error: what is wrong with
  /// which file, a model that does not fit in memory, a context longer than the model's.
  static std::unique_ptr<Engine> Load(const std::string& model, const EngineOptions& options = {});

  const io::ModelConfig& config() const { return transformer_.config(); }
  const io::Tokenizer& tokenizer() const { return *tokenizer_; }
  const ModelSource& source() const { return *source_; }
  const Weights& weights() const { return transformer_.weights(); }
  int64_t context() const { return options_.context; }

  /// Prompt tokens of a text: begins with the beginning-of-text token where the model's users
  /// expect it. `parse_special`: texts such as "<|eot|>" become their tokens (chat templates).
  std::vector<int32_t> Encode(std::string_view text, bool parse_special = false) const;

  /// Logits [tokens, vocab] of a whole sequence.
  std::vector<float> Logits(std::span<const int32_t> tokens);

  /// Runs one prompt to its end. `on_text` is called after every step with the text that has become
  /// certain, possibly none; it returns false to stop. Throws Error: an empty prompt, one longer
  /// than the context, a model whose output is not finite (naming the tensor).
  Generated Generate(std::span<const int32_t> prompt, const GenerateOptions& options,
                     const std::function<bool(std::string_view)>& on_text = {});

  /// Several prompts at once: each weight is read once for all of them.
  std::vector<Generated> GenerateBatch(const std::vector<std::vector<int32_t>>& prompts,
                                       const GenerateOptions& options);

  /// Advances every unfinished generation by one token, or by a chunk of its prompt. What a server
  /// calls with whoever is there.
  void Step(std::span<Generation* const> generations);

  KvCache NewCache() const;
  /// Throws Error for a prompt that is empty or leaves no room in the context.
  void CheckPrompt(std::span<const int32_t> prompt) const;

 private:
  Engine(std::string model, std::shared_ptr<const ModelSource> source, Weights weights,
         const EngineOptions& options);
  void Accept(Generation& generation, std::span<float> logits);
  bool IsEnd(int32_t token) const;
  [[noreturn]] void FailNotFinite() const;

  std::string model_;
  std::shared_ptr<const ModelSource> source_;
  Transformer transformer_;
  std::shared_ptr<const io::Tokenizer> tokenizer_;
  EngineOptions options_;
  std::vector<int32_t> ends_;  // end-of-text tokens
  std::vector<float> logits_;  // [generations, vocab] of a step
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_ENGINE_H_
