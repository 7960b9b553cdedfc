// The HTTP face of a Scheduler: OpenAI's /v1/completions, /v1/chat/completions and /v1/models, and
// a chat page at /.
#ifndef TERSOR_SERVE_HTTP_SERVER_H_
#define TERSOR_SERVE_HTTP_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tersor/serve/openai_api.h"
#include "tersor/serve/scheduler.h"

namespace tersor::serve {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int64_t port = 8080;       // 0: any free one
  std::string api_key;       // "": none is asked for
  int64_t connections = 64;  // that are served at once; more wait
  int64_t max_body_bytes = 4 << 20;
  int64_t read_timeout_seconds = 10, write_timeout_seconds = 10;  // a client that does not move
};

class HttpServer {
 public:
  /// Takes the port. Throws Error where it cannot be had, UsageError for a host beyond loopback
  /// without an API key.
  HttpServer(Scheduler& scheduler, ApiContext api, const ServerOptions& options);
  ~HttpServer();

  int port() const;

  /// Serves until `stop` is called, from any thread.
  void Serve();
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tersor::serve

#endif  // TERSOR_SERVE_HTTP_SERVER_H_
