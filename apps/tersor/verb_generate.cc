// `tersor generate`: continues a text with a model, or talks with it, token by token.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "chat_prompt.h"
#include "cli.h"
#include "engine_options.h"
#include "tersor/runtime/engine.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/memory.h"
#include "tersor/util/record.h"
#include "tersor/util/utf8.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

struct Options {
  std::string model, prompt, prompt_file, chat_template, system;
  bool chat = false;
  runtime::EngineOptions engine;
  runtime::GenerateOptions generate;
};

std::string ReadPrompt(const Options& options) {
  if (!options.prompt.empty() && !options.prompt_file.empty()) {
    FailUsage("tersor generate: --prompt and --prompt-file exclude each other");
  }
  std::string prompt = options.prompt;
  if (!options.prompt_file.empty()) {
    prompt = ReadFile(options.prompt_file);
  } else if (prompt.empty() && ::isatty(STDIN_FILENO) == 0) {
    prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  }
  if (prompt.empty()) {
    FailUsage("tersor generate: a prompt is needed: --prompt TEXT, --prompt-file FILE or stdin");
  }
  const int64_t bad = RepairUtf8(prompt);
  if (bad > 0) {
    log::Warn("the prompt has {} bytes that are not UTF-8; they count as U+FFFD", bad);
  }
  return prompt;
}

/// Prints the answer as it comes; false where the user stopped it.
bool Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0 && !InterruptRequested();
}

/// Reads messages from stdin line by line and answers each with all that was said before. Ctrl-C
/// stops an answer; at the prompt, or at the end of stdin, it ends the conversation.
void Converse(runtime::Engine& engine, const Options& options) {
  const ChatPrompt chat(engine, options.chat_template);
  const bool terminal = ::isatty(STDIN_FILENO) != 0;
  Json messages = Json::array();
  if (!options.system.empty()) {
    messages.push_back({{"role", "system"}, {"content", options.system}});
  }
  runtime::KvCache cache = engine.NewCache();
  std::vector<int32_t> cached;  // tokens whose keys and values are in it
  std::string text;
  while ((!terminal || std::fputs("> ", stderr) >= 0) && std::getline(std::cin, text)) {
    if (text.empty()) {
      continue;
    }
    RepairUtf8(text);
    messages.push_back({{"role", "user"}, {"content", text}});
    std::vector<int32_t> prompt = chat.Encode(messages);
    engine.CheckPrompt(prompt);
    const auto common = std::mismatch(cached.begin(), cached.end(), prompt.begin(), prompt.end());
    const int64_t reused = common.first - cached.begin();
    cache.Truncate(reused);
    runtime::Generation answer(std::move(prompt), options.generate, std::move(cache), reused);
    runtime::Generation* const step[] = {&answer};
    std::string said;
    while (!answer.finished()) {
      engine.Step(step);
      const std::string piece = answer.TakeText();
      said += piece;
      if (!Print(piece)) {
        answer.Cancel();
        ForgetInterrupt();
      }
    }
    fmt::print("\n");
    std::fflush(stdout);
    messages.push_back({{"role", "assistant"}, {"content", said}});
    cached.assign(answer.cached_tokens().begin(), answer.cached_tokens().end());
    cache = answer.TakeCache();
  }
}

void Measure(const runtime::Engine& engine, size_t prompt, const runtime::Generated& generated,
             double load_seconds, Record& record) {
  const auto tokens = static_cast<double>(generated.tokens.size());
  const double decode = generated.seconds - generated.first_token_seconds;
  record.metrics["prompt_tokens"] = prompt;
  record.metrics["tokens"] = generated.tokens.size();
  record.metrics["load_seconds"] = load_seconds;
  record.metrics["first_token_seconds"] = generated.first_token_seconds;
  if (generated.tokens.size() > 1) {
    record.metrics["tokens_per_second"] = (tokens - 1) / decode;
  }
  record.metrics["weights_gb"] = static_cast<double>(engine.weights().BytesPerToken()) / 1e9;
  record.metrics["peak_memory_gb"] = static_cast<double>(PeakMemory()) / 1e9;
}

}  // namespace

int RunGenerate(int argc, char** argv) {
  Options options;
  runtime::SamplingOptions& sampling = options.generate.sampling;
  CommandLine line(
      "generate", "Continue a text with a model. Only the text goes to stdout.",
      "tersor generate --model models/llama-12m --prompt 'The index' --max-tokens 100");
  line.Option("--model", "model folder in Hugging Face's layout, or .gguf file", &options.model,
              true)
      .Option("--prompt", "text to continue (default: read from stdin)", &options.prompt)
      .Option("--prompt-file", "file with the text to continue", &options.prompt_file)
      .Option("--max-tokens", "tokens to generate (0: until the context is full)",
              &options.generate.max_tokens)
      .Option("--temperature", "0: always the most likely token", &sampling.temperature)
      .Option("--top-k", "keep the k most likely tokens (0: all)", &sampling.top_k)
      .Option("--top-p", "keep the fewest tokens that reach this probability", &sampling.top_p)
      .Option("--min-p", "keep tokens at least this fraction as likely as the best",
              &sampling.min_p)
      .Option("--repetition-penalty", "above 1: tokens seen lately become less likely",
              &sampling.repetition_penalty)
      .Option("--repetition-window", "how many of the last tokens count as seen",
              &sampling.repetition_window)
      .Option("--stop", "texts that end the answer, separated by commas", &options.generate.stop)
      .Option("--ignore-eos", "go on after an end-of-text token",
              ConfigField::Target(&options.generate.ignore_eos))
      .Option("--chat", "a conversation: messages from stdin, one a line, with history",
              ConfigField::Target(&options.chat))
      .Option("--chat-template",
              "file, or chatml, llama2, llama3, zephyr, plain (default: the model's)",
              &options.chat_template)
      .Option("--system", "what a conversation begins with", &options.system);
  AddEngineOptions(line, options.engine);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  sampling.seed = line.common().seed;
  sampling.Validate();
  if (options.generate.max_tokens < 0) {
    FailUsage("tersor generate: --max-tokens must be 0 or more");
  }
  options.chat = options.chat || !options.chat_template.empty() || !options.system.empty();
  const std::string prompt = options.chat ? "" : ReadPrompt(options);
  CatchInterrupts();
  const auto began = std::chrono::steady_clock::now();
  const auto since = [began] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  const std::unique_ptr<runtime::Engine> engine =
      runtime::Engine::Load(options.model, options.engine);
  const double load_seconds = since();
  if (options.chat) {
    Converse(*engine, options);
    return 0;
  }
  const std::vector<int32_t> tokens = engine->Encode(prompt);
  const runtime::Generated generated = engine->Generate(tokens, options.generate, Print);
  fmt::print("\n");
  Record record;
  record.verb = "generate";
  record.seed = sampling.seed;
  record.config = {{"model", options.model},
                   {"weights", options.engine.weights},
                   {"attention", options.engine.attention},
                   {"cache", options.engine.cache},
                   {"max_tokens", options.generate.max_tokens},
                   {"temperature", sampling.temperature},
                   {"top_k", sampling.top_k},
                   {"top_p", sampling.top_p},
                   {"min_p", sampling.min_p}};
  record.rows.push_back({{"prompt", prompt}, {"text", generated.text}});
  Measure(*engine, tokens.size(), generated, load_seconds, record);
  record.seconds = since();
  if (::isatty(STDERR_FILENO) != 0 && record.metrics.contains("tokens_per_second")) {
    log::Info("{} tokens, {:.1f} tokens/s, first after {:.3f}s", generated.tokens.size(),
              record.metrics["tokens_per_second"].get<double>(), generated.first_token_seconds);
  }
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
