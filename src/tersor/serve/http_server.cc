#include "tersor/serve/http_server.h"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "tersor/serve/chat_page.h"

namespace tersor::serve {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{200};  // between looks at whether the client is still there

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Equal in a time that does not tell how much of the key was right.
bool SameKey(std::string_view given, std::string_view key) {
  unsigned difference = given.size() != key.size();
  for (size_t i = 0; i < given.size(); ++i) {
    difference |=
        static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(key[i % key.size()]);
  }
  return difference == 0;
}

/// The tickets of one request and what they have said so far.
class Answer {
 public:
  Answer(Scheduler& scheduler, const ApiRequest& request, ApiWriter writer)
      : writer_(std::move(writer)), include_usage_(request.include_usage) {
    for (size_t i = 0; i < request.prompts.size(); ++i) {
      runtime::GenerateOptions options = request.options;
      options.sampling.seed += i;
      try {
        tickets_.push_back(scheduler.Submit(request.prompts[i], options));
      } catch (...) {
        Cancel();
        throw;
      }
      choices_.push_back({request.echoes[i]});
    }
    finished_.resize(tickets_.size());
  }

  /// A client that has left frees its slots.
  ~Answer() { Cancel(); }

  /// Waits a little for news of any choice and takes them in; `on_news` sees each.
  template <typename OnNews>
  void Gather(const OnNews& on_news) {
    for (size_t i = 0; i < tickets_.size(); ++i) {
      if (finished_[i]) {
        continue;
      }
      // The others' news wait while the first unfinished choice is waited for: they run in step.
      const Ticket::News news = tickets_[i]->Wait(kPatience / static_cast<int>(tickets_.size()));
      if (!news.error.empty()) {
        throw ApiError(500, news.error);
      }
      finished_[i] = news.finished;
      choices_[i].reason = news.reason;
      on_news(i, news);
    }
  }

  bool Finished() const {
    return std::all_of(finished_.begin(), finished_.end(), [](bool done) { return done; });
  }

  /// Waits for the first news, whose failure is still worth a status of its own.
  void WaitForStart() {
    while (!started_) {
      Gather([&](size_t i, const Ticket::News& news) {
        choices_[i].text += news.text;
        started_ |= news.finished || !news.text.empty();
      });
    }
  }

  bool WriteWhole(httplib::DataSink& sink) {
    while (!Finished()) {
      if (!sink.is_writable()) {
        return false;
      }
      Gather([&](size_t i, const Ticket::News& news) { choices_[i].text += news.text; });
    }
    return Send(sink, writer_.Whole(choices_, UsageSoFar()));
  }

  bool WriteStream(httplib::DataSink& sink) {
    bool alive = true;
    for (size_t i = 0; i < tickets_.size(); ++i) {
      const auto index = static_cast<int64_t>(i);
      alive = alive && Send(sink, writer_.Begin(index));
      if (!choices_[i].text.empty()) {
        alive = alive && Send(sink, writer_.Piece(index, choices_[i].text));
      }
      if (finished_[i]) {
        alive = alive && Send(sink, writer_.End(index, choices_[i].reason));
      }
    }
    while (alive && !Finished()) {
      Gather([&](size_t i, const Ticket::News& news) {
        const auto index = static_cast<int64_t>(i);
        if (!news.text.empty()) {
          alive = alive && Send(sink, writer_.Piece(index, news.text));
        }
        if (news.finished) {
          alive = alive && Send(sink, writer_.End(index, news.reason));
        }
      });
      alive = alive && sink.is_writable();
    }
    if (alive && include_usage_) {
      alive = Send(sink, writer_.UsageEvent(UsageSoFar()));
    }
    return alive && Send(sink, ApiWriter::Done());
  }

 private:
  static bool Send(httplib::DataSink& sink, const std::string& text) {
    return text.empty() || sink.write(text.data(), text.size());
  }

  Usage UsageSoFar() const {
    Usage usage;
    for (const std::shared_ptr<Ticket>& ticket : tickets_) {
      usage.prompt_tokens += ticket->prompt_tokens();
      usage.cached_tokens += ticket->cached_tokens();
      usage.completion_tokens += ticket->completion_tokens();
    }
    return usage;
  }

  void Cancel() {
    for (const std::shared_ptr<Ticket>& ticket : tickets_) {
      ticket->Cancel();
    }
  }

  ApiWriter writer_;
  bool include_usage_;
  std::vector<std::shared_ptr<Ticket>> tickets_;
  std::vector<Choice> choices_;
  std::vector<bool> finished_;
  bool started_ = false;
};

void SendError(httplib::Response& response, const std::string& message, int status,
               const std::string& param = "") {
  response.status = status;
  response.set_content(ErrorBody(message, status, param), "application/json");
}

bool IsLoopback(const std::string& host) {
  return host == "127.0.0.1" || host == "localhost" || host == "::1";
}

}  // namespace

struct HttpServer::State {
  Scheduler& scheduler;
  ApiContext api;
  ServerOptions options;
  int64_t created = Now();
  std::atomic<uint64_t> requests = 0;
  httplib::Server server{};
  int port = 0;

  void Complete(const httplib::Request& request, httplib::Response& response, bool chat);
  void Route();
  bool Authorized(const httplib::Request& request) const {
    const std::string given = request.get_header_value("Authorization");
    return options.api_key.empty() || SameKey(given, "Bearer " + options.api_key);
  }
};

void HttpServer::State::Complete(const httplib::Request& http, httplib::Response& response,
                                 bool chat) {
  const ApiRequest request = ParseApiRequest(http.body, chat, api);
  const std::string id =
      (chat ? "chatcmpl-" : "cmpl-") + std::to_string(created) + "-" + std::to_string(++requests);
  const auto answer =
      std::make_shared<Answer>(scheduler, request, ApiWriter(chat, api.model, id, Now()));
  answer->WaitForStart();
  const bool stream = request.stream;
  response.set_chunked_content_provider(
      stream ? "text/event-stream" : "application/json",
      [answer, stream](size_t, httplib::DataSink& sink) {
        try {
          if (!(stream ? answer->WriteStream(sink) : answer->WriteWhole(sink))) {
            return false;
          }
        } catch (const ApiError& e) {
          // The status is sent already; the client learns by the body.
          const std::string body = ErrorBody(e.what(), e.status());
          const std::string text = stream ? "data: " + body + "\n\n" : body;
          sink.write(text.data(), text.size());
        }
        sink.done();
        return true;
      });
}

void HttpServer::State::Route() {
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(ChatPage(), "text/html; charset=utf-8");
  });
  server.Get("/health", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("{\"status\":\"ok\"}", "application/json");
  });
  server.Get("/v1/models", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(ModelsBody(api.model, created), "application/json");
  });
  server.Post("/v1/completions",
              [this](const httplib::Request& request, httplib::Response& response) {
                Complete(request, response, /*chat=*/false);
              });
  server.Post("/v1/chat/completions",
              [this](const httplib::Request& request, httplib::Response& response) {
                Complete(request, response, /*chat=*/true);
              });
  server.set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        if (request.path.starts_with("/v1/") && !Authorized(request)) {
          SendError(response, "a valid API key is needed: Authorization: Bearer KEY", 401);
          return httplib::Server::HandlerResponse::Handled;
        }
        return httplib::Server::HandlerResponse::Unhandled;
      });
  server.set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, std::exception_ptr failure) {
        try {
          std::rethrow_exception(failure);
        } catch (const ApiError& e) {
          SendError(response, e.what(), e.status(), e.param());
        } catch (const Overloaded& e) {
          SendError(response, e.what(), 503);
        } catch (const Error& e) {
          SendError(response, e.what(), 400);
        } catch (const std::exception&) {
          SendError(response, "the server failed on this request", 500);
        }
      });
  server.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (response.body.empty()) {
      const std::string what = response.status == 404   ? "there is nothing at " + request.path
                               : response.status == 413 ? "the request is too large"
                                                        : "the request cannot be read";
      SendError(response, what, response.status);
    }
  });
}

constexpr int kBacklog = 1024;  // connections that wait to be accepted

HttpServer::HttpServer(Scheduler& scheduler, ApiContext api, const ServerOptions& options)
    : state_(new State{scheduler, std::move(api), options}) {
  if (!IsLoopback(options.host) && options.api_key.empty()) {
    FailUsage("serving on ", options.host,
              " needs an API key: set TERSOR_API_KEY; without one "
              "only this machine (127.0.0.1) may connect");
  }
  httplib::Server& server = state_->server;
  server.new_task_queue = [n = options.connections] {
    return new httplib::ThreadPool(static_cast<size_t>(n));
  };
  server.set_payload_max_length(static_cast<size_t>(options.max_body_bytes));
  server.set_read_timeout(options.read_timeout_seconds);
  server.set_write_timeout(options.write_timeout_seconds);
  server.set_tcp_nodelay(true);
  // The library's default would let a second server share the port and take half the requests.
  int listener = -1;
  server.set_socket_options([&listener](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    listener = socket;
  });
  state_->Route();
  errno = 0;
  const int port = static_cast<int>(options.port);
  state_->port = port == 0                                 ? server.bind_to_any_port(options.host)
                 : server.bind_to_port(options.host, port) ? port
                                                           : -1;
  TERSOR_CHECK(state_->port > 0, options.host, " port ", port, ": cannot be served on",
               errno != 0 ? std::string(": ") + std::strerror(errno) : "",
               "; choose another with --port");
  // The library lets five connections wait to be accepted; the kernel resets some of those beyond.
  ::listen(listener, kBacklog);
  server.set_socket_options([](socket_t) {});  // the old ones end with this function
}

HttpServer::~HttpServer() { Stop(); }

int HttpServer::port() const { return state_->port; }

void HttpServer::Serve() { state_->server.listen_after_bind(); }

void HttpServer::Stop() { state_->server.stop(); }

}  // namespace tersor::serve
