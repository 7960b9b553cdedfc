// `tersor serve`: a model behind OpenAI's HTTP interface and a chat page.
#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "chat_prompt.h"
#include "cli.h"
#include "engine_options.h"
#include "tersor/runtime/engine.h"
#include "tersor/serve/http_server.h"
#include "tersor/serve/scheduler.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

struct Options {
  std::string model, name, chat_template;
  runtime::EngineOptions engine;
  serve::SchedulerOptions scheduler;
  serve::ServerOptions server;
  int64_t max_tokens = 4096;
};

void Check(const Options& options) {
  const auto positive = [](int64_t value, const char* name) {
    if (value < 1) {
      FailUsage("tersor serve: --", name, " must be at least 1");
    }
  };
  positive(options.scheduler.slots, "slots");
  positive(options.scheduler.max_queue, "queue");
  positive(options.server.connections, "connections");
  positive(options.server.max_body_bytes, "max-body");
  positive(options.max_tokens, "max-tokens");
  if (options.server.port < 0 || options.server.port > 65535) {
    FailUsage("tersor serve: --port must be from 0 to 65535");
  }
  if (!(options.scheduler.timeout_seconds > 0)) {
    FailUsage("tersor serve: --timeout must be above 0");
  }
}

/// Stops the server when the user asks for it.
class StopOnInterrupt {
 public:
  explicit StopOnInterrupt(serve::HttpServer& server)
      : watcher_([this, &server] {
          while (!done_ && !InterruptRequested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
          }
          server.Stop();
        }) {}
  ~StopOnInterrupt() {
    done_ = true;
    watcher_.join();
  }

 private:
  std::atomic<bool> done_ = false;
  std::thread watcher_;
};

}  // namespace

int RunServe(int argc, char** argv) {
  Options options;
  CommandLine line("serve", "Serve a model: OpenAI's HTTP interface and a chat page.",
                   "tersor serve --model models/llama-12m --port 8080");
  line.Option("--model", "model folder in Hugging Face's layout, or .gguf file", &options.model,
              true)
      .Option("--host", "address to listen on; beyond this machine TERSOR_API_KEY must be set",
              &options.server.host)
      .Option("--port", "0: any free one", &options.server.port)
      .Option("--name", "the model's name in answers (default: its folder's)", &options.name)
      .Option("--chat-template",
              "file, or chatml, llama2, llama3, zephyr, plain (default: the model's)",
              &options.chat_template)
      .Option("--slots", "requests that run together", &options.scheduler.slots)
      .Option("--queue", "requests that may wait", &options.scheduler.max_queue)
      .Option("--connections", "clients that are served at once", &options.server.connections)
      .Option("--max-tokens", "longest answer that a request may ask for", &options.max_tokens)
      .Option("--max-body", "largest request in bytes", &options.server.max_body_bytes)
      .Option("--timeout", "seconds a request may take", &options.scheduler.timeout_seconds);
  AddEngineOptions(line, options.engine);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  Check(options);
  if (const char* key = std::getenv("TERSOR_API_KEY"); key != nullptr) {
    options.server.api_key = key;
  }
  CatchInterrupts();
  options.engine.sequences = options.scheduler.slots;
  const std::unique_ptr<runtime::Engine> engine =
      runtime::Engine::Load(options.model, options.engine);
  const ChatPrompt chat(*engine, options.chat_template);
  serve::ApiContext api;
  api.model = options.name.empty()
                  ? std::filesystem::weakly_canonical(options.model).filename().string()
                  : options.name;
  api.vocab_size = engine->config().vocab_size;
  api.context = engine->context();
  api.max_tokens = options.max_tokens;
  api.encode = [&engine](std::string_view text) { return engine->Encode(text); };
  api.encode_chat = [&chat](const Json& messages) { return chat.Encode(messages); };
  serve::Scheduler scheduler(*engine, options.scheduler);
  serve::HttpServer server(scheduler, std::move(api), options.server);
  {
    const StopOnInterrupt stop(server);
    log::Info("serving {} on http://{}:{}/", options.model, options.server.host, server.port());
    server.Serve();
  }
  log::Info("stopped");
  return 0;
}

}  // namespace tersor::cli
