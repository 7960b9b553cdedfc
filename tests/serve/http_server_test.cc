#include "tersor/serve/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
#include <thread>

#include "../runtime/random_model.h"
#include "tersor/serve/scheduler.h"

namespace tersor::serve {
namespace {

using runtime::Engine;

/// A server of a small random model on a free port.
class ServerTest : public ::testing::Test {
 protected:
  void TearDown() override {
    server_->Stop();
    thread_.join();
  }

  void Start(ServerOptions options = {}, const SchedulerOptions& scheduling = {}) {
    testing::WriteRandomModel(folder_.path(), testing::SmallLlama());
    engine_ = Engine::Load(folder_.path());
    ApiContext api;
    api.model = "small";
    api.vocab_size = engine_->config().vocab_size;
    api.context = engine_->context();
    api.max_tokens = 80;
    api.encode = [this](std::string_view text) { return engine_->Encode(text); };
    api.encode_chat = [this](const Json& messages) {
      return engine_->Encode(messages.back().value("content", ""));
    };
    scheduler_ = std::make_unique<Scheduler>(*engine_, scheduling);
    options.port = 0;
    server_ = std::make_unique<HttpServer>(*scheduler_, api, options);
    thread_ = std::thread([this] { server_->Serve(); });
    for (int i = 0; i < 200 && !Client().Get("/health"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  httplib::Client Client() const {
    httplib::Client client("127.0.0.1", server_->port());
    client.set_read_timeout(60);
    return client;
  }

  Json Post(const std::string& path, const Json& body, int status = 200) const {
    const httplib::Result result = Client().Post(path, body.dump(), "application/json");
    EXPECT_TRUE(result);
    EXPECT_EQ(result->status, status) << result->body;
    return Json::parse(result->body);
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

Json Greedy(const std::string& prompt, int tokens) {
  return {{"prompt", prompt}, {"max_tokens", tokens}, {"temperature", 0}, {"ignore_eos", true}};
}

TEST_F(ServerTest, AnswersAsTheEngineDoes) {
  Start();
  const Json answer = Post("/v1/completions", Greedy("hello", 12));
  const auto alone = Engine::Load(folder_.path());
  runtime::GenerateOptions options;
  options.max_tokens = 12;
  options.sampling.temperature = 0;
  options.ignore_eos = true;
  EXPECT_EQ(answer["choices"][0]["text"], alone->Generate(alone->Encode("hello"), options).text);
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 6);
  EXPECT_EQ(answer["usage"]["completion_tokens"], 12);
  EXPECT_EQ(answer["model"], "small");
  EXPECT_EQ(Json::parse(Client().Get("/v1/models")->body)["data"][0]["id"], "small");
}

TEST_F(ServerTest, StreamsWhatItAnswers) {
  Start();
  Json body = {{"messages", {{{"role", "user"}, {"content", "stream this"}}}},
               {"max_tokens", 20},
               {"seed", 5},
               {"ignore_eos", true}};
  const std::string whole = Post("/v1/chat/completions", body)["choices"][0]["message"]["content"];
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  const httplib::Result result =
      Client().Post("/v1/chat/completions", body.dump(), "application/json");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->get_header_value("Content-Type"), "text/event-stream");
  std::istringstream lines(result->body);
  std::string text, last;
  int64_t events = 0, completion_tokens = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      continue;
    }
    ASSERT_TRUE(line.starts_with("data: "));
    last = line.substr(6);
    if (last == "[DONE]") {
      continue;
    }
    const Json event = Json::parse(last);
    ++events;
    if (event["choices"].empty()) {
      completion_tokens = event["usage"]["completion_tokens"];
    } else {
      text += event["choices"][0]["delta"].value("content", "");
    }
  }
  EXPECT_EQ(last, "[DONE]");
  EXPECT_EQ(text, whole);
  EXPECT_EQ(completion_tokens, 20);
  EXPECT_GT(events, 3);
}

TEST_F(ServerTest, ReusesTheCommonBeginning) {
  Start();
  const std::string common = "a long common beginning of prompts, ";
  Post("/v1/completions", Greedy(common + "one", 2));
  const Json again = Post("/v1/completions", Greedy(common + "two", 2));
  // The beginning-of-text token is in common too.
  EXPECT_EQ(again["usage"]["prompt_tokens_details"]["cached_tokens"], common.size() + 1);
}

TEST_F(ServerTest, RefusesInItsFormat) {
  Start();
  Json error = Post("/v1/completions", {{"prompt", Json::array()}}, 400)["error"];
  EXPECT_EQ(error["type"], "invalid_request_error");
  EXPECT_EQ(error["param"], "prompt");
  error = Post("/v1/nothing", Json::object(), 404)["error"];
  EXPECT_EQ(error["message"], "there is nothing at /v1/nothing");
}

/// The texts are equal, or part where two tokens are nearly equally likely: products over other
/// numbers of rows round differently.
void ExpectSameText(Engine& engine, const std::string& prompt, const std::vector<int32_t>& expected,
                    const std::string& text) {
  std::vector<int32_t> tokens = engine.Encode(prompt);
  std::string so_far;
  for (const int32_t token : expected) {
    const std::string next = so_far + engine.tokenizer().TokenBytes(token);
    if (text.compare(0, next.size(), next) != 0) {
      std::vector<float> logits = engine.Logits(tokens);
      const auto last = logits.end() - engine.config().vocab_size;
      std::nth_element(last, last + 1, logits.end(), std::greater<>());
      EXPECT_LT(*last - *(last + 1), 1e-3) << prompt << ": " << text;
      return;
    }
    so_far = next;
    tokens.push_back(token);
  }
  EXPECT_EQ(text, so_far) << prompt;
}

TEST_F(ServerTest, ManyClientsAtOnceGetTheirOwnAnswers) {
  Start();
  constexpr int kClients = 32, kRequests = 1000;
  const auto alone = Engine::Load(folder_.path());
  runtime::GenerateOptions options;
  options.max_tokens = 6;
  options.sampling.temperature = 0;
  options.ignore_eos = true;
  std::vector<std::string> prompts, answers(kRequests);
  for (int i = 0; i < kRequests; ++i) {
    prompts.push_back(std::string(i % 7, '#') + "request " + std::to_string(i * 7919) + " of many");
  }
  std::atomic<int> next = 0, answered = 0;
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      httplib::Client client("127.0.0.1", server_->port());
      client.set_read_timeout(120);
      client.set_keep_alive(c % 2 == 0);  // the others connect anew each time
      for (int i; (i = next++) < kRequests;) {
        Json body = Greedy(prompts[static_cast<size_t>(i)], 6);
        const httplib::Result result =
            client.Post("/v1/completions", body.dump(), "application/json");
        if (result && result->status == 200) {
          answers[static_cast<size_t>(i)] = Json::parse(result->body)["choices"][0]["text"];
          ++answered;
        } else {
          answers[static_cast<size_t>(i)] =
              result ? std::to_string(result->status) + result->body : to_string(result.error());
        }
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(answered, kRequests);
  for (size_t i = 0; i < kRequests; ++i) {
    const runtime::Generated expected = alone->Generate(alone->Encode(prompts[i]), options);
    if (answers[i] != expected.text) {
      ExpectSameText(*alone, prompts[i], expected.tokens, answers[i]);
    }
  }
}

int Connect(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return socket;
}

void Send(int socket, const std::string& bytes) {
  EXPECT_EQ(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
}

std::string RawPost(const std::string& body) {
  return "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(ServerTest, SurvivesBrokenRequests) {
  Start();
  const std::string good = RawPost(Greedy("abc", 2).dump());
  for (uint64_t i = 0; i < 300; ++i) {
    const Rng rng(9, i);
    std::string bytes = good;
    for (uint64_t k = 0; k < 1 + rng.Below(0, 6); ++k) {
      bytes[rng.Below(2 * k + 1, bytes.size())] = static_cast<char>(rng.Below(2 * k + 2, 256));
    }
    const int socket = Connect(server_->port());
    Send(socket, bytes.substr(0, rng.Below(99, bytes.size()) + 1));
    ::close(socket);
  }
  EXPECT_EQ(Post("/v1/completions", Greedy("abc", 2))["usage"]["completion_tokens"], 2);
}

TEST_F(ServerTest, AClientThatLeavesFreesItsSlot) {
  SchedulerOptions one;
  one.slots = 1;
  Start({}, one);
  // Answers of this length, one after another, would take far longer than the test waits.
  const Json body = {
      {"prompt", "x"}, {"n", 16}, {"max_tokens", 80}, {"ignore_eos", true}, {"stream", true}};
  std::vector<int> leavers;
  for (int i = 0; i < 40; ++i) {
    leavers.push_back(Connect(server_->port()));
    Send(leavers.back(), RawPost(body.dump()));
  }
  for (const int socket : leavers) {
    ::close(socket);
  }
  EXPECT_EQ(Post("/v1/completions", Greedy("abc", 2))["usage"]["completion_tokens"], 2);
}

TEST_F(ServerTest, LimitsAndKeys) {
  ServerOptions options;
  options.api_key = "secret";
  options.max_body_bytes = 1000;
  Start(options);
  Post("/v1/completions", Greedy("a", 1), 401);
  httplib::Client client = Client();
  client.set_default_headers({{"Authorization", "Bearer secret"}});
  httplib::Result result =
      client.Post("/v1/completions", Greedy("a", 1).dump(), "application/json");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  result = client.Post("/v1/completions", std::string(2000, ' '), "application/json");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 413);
  client.set_default_headers({{"Authorization", "Bearer secre"}});
  result = client.Get("/v1/models");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 401);
}

TEST_F(ServerTest, TakenPortAndOpenHostAreRefused) {
  Start();
  ServerOptions options;
  options.port = server_->port();
  try {
    HttpServer second(*scheduler_, {}, options);
    FAIL() << "two servers on one port";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("choose another with --port"), std::string::npos);
  }
  options.host = "0.0.0.0";
  EXPECT_THROW(HttpServer(*scheduler_, {}, options), UsageError);
}

}  // namespace
}  // namespace tersor::serve
