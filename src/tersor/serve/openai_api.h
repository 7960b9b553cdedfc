// The OpenAI-compatible interface as values: requests from JSON, answers to JSON. No sockets here.
#ifndef TERSOR_SERVE_OPENAI_API_H_
#define TERSOR_SERVE_OPENAI_API_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/runtime/engine.h"
#include "tersor/util/error.h"
#include "tersor/util/json.h"

namespace tersor::serve {

/// A request that is refused; `param` names the field, where there is one.
class ApiError : public Error {
 public:
  ApiError(int status, const std::string& message, std::string param = "")
      : Error(message), status_(status), param_(std::move(param)) {}
  int status() const { return status_; }
  const std::string& param() const { return param_; }

 private:
  int status_;
  std::string param_;
};

/// What a request may ask for, and how its texts become tokens.
struct ApiContext {
  std::string model;  // name in answers
  int64_t vocab_size = 0;
  int64_t context = 0;       // longest sequence
  int64_t max_tokens = 0;    // longest answer that is allowed
  int64_t max_choices = 16;  // prompts times n
  std::function<std::vector<int32_t>(std::string_view)> encode;
  /// Messages to prompt tokens; throws Error for those that the template refuses.
  std::function<std::vector<int32_t>(const Json& messages)> encode_chat;
};

struct ApiRequest {
  bool chat = false;
  std::vector<std::vector<int32_t>> prompts;  // one a choice
  std::vector<std::string> echoes;            // text that each choice begins with; empty: none
  runtime::GenerateOptions options;           // choice i draws with seed + i
  bool stream = false, include_usage = false;
};

/// Body of /v1/completions (`chat` false) or /v1/chat/completions. Fields of the interface that
/// would change the answer and are not supported are refused, not ignored. Throws ApiError.
ApiRequest ParseApiRequest(std::string_view body, bool chat, const ApiContext& context);

struct Choice {
  std::string text;
  runtime::FinishReason reason = runtime::FinishReason::kNone;
};

struct Usage {
  int64_t prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0;
};

/// Answers of one request; they share its id and time of creation.
class ApiWriter {
 public:
  ApiWriter(bool chat, std::string model, std::string id, int64_t created)
      : chat_(chat), model_(std::move(model)), id_(std::move(id)), created_(created) {}

  std::string Whole(const std::vector<Choice>& choices, const Usage& usage) const;

  /// Server-sent events of a stream: the first one of a choice (chat: names the role), a piece of
  /// text, the end of a choice, the usage, and the last line.
  std::string Begin(int64_t index) const;
  std::string Piece(int64_t index, const std::string& text) const;
  std::string End(int64_t index, runtime::FinishReason reason) const;
  std::string UsageEvent(const Usage& usage) const;
  static std::string Done() { return "data: [DONE]\n\n"; }

 private:
  Json Head(bool stream) const;
  std::string Event(Json choice) const;

  bool chat_;
  std::string model_, id_;
  int64_t created_;
};

std::string ErrorBody(const std::string& message, int status, const std::string& param = "");
std::string ModelsBody(const std::string& model, int64_t created);

}  // namespace tersor::serve

#endif  // TERSOR_SERVE_OPENAI_API_H_
