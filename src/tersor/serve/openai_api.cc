#include "tersor/serve/openai_api.h"

#include <cmath>
#include <limits>

#include "tersor/util/utf8.h"

namespace tersor::serve {
namespace {

/// Fields of one request body, each read once with its type checked.
class Fields {
 public:
  explicit Fields(const Json& body) : body_(body) {}

  /// nullptr where it is absent or null.
  const Json* Find(const char* name) const {
    const auto found = body_.find(name);
    return found == body_.end() || found->is_null() ? nullptr : &*found;
  }

  double Number(const char* name, double fallback, double low, double high) const {
    const Json* value = Find(name);
    if (value == nullptr) {
      return fallback;
    }
    if (!value->is_number() || value->get<double>() < low || value->get<double>() > high) {
      throw ApiError(400, internal::Concat(name, " must be a number from ", low, " to ", high),
                     name);
    }
    return value->get<double>();
  }

  int64_t Integer(const char* name, int64_t fallback, int64_t low, int64_t high) const {
    const Json* value = Find(name);
    if (value == nullptr) {
      return fallback;
    }
    const bool fits = value->is_number_integer() &&
                      (!value->is_number_unsigned() ||
                       value->get<uint64_t>() <= std::numeric_limits<int64_t>::max());
    if (!fits || value->get<int64_t>() < low || value->get<int64_t>() > high) {
      throw ApiError(400, internal::Concat(name, " must be an integer from ", low, " to ", high),
                     name);
    }
    return value->get<int64_t>();
  }

  bool Flag(const char* name, bool fallback) const {
    const Json* value = Find(name);
    if (value != nullptr && !value->is_boolean()) {
      throw ApiError(400, internal::Concat(name, " must be true or false"), name);
    }
    return value == nullptr ? fallback : value->get<bool>();
  }

  /// Refuses a field that would change the answer, unless it holds what it means when absent.
  void Refuse(const char* name, const Json& harmless) const {
    const Json* value = Find(name);
    const bool empty = value != nullptr && value->is_structured() && value->empty();
    if (value != nullptr && !empty && *value != harmless) {
      throw ApiError(400, internal::Concat(name, " is not supported by this server"), name);
    }
  }

 private:
  const Json& body_;
};

Json ParseBody(std::string_view body) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) {
    throw ApiError(400, "the request's body is not a JSON object");
  }
  return json;
}

std::vector<std::string> ParseStop(const Fields& fields) {
  const Json* stop = fields.Find("stop");
  if (stop == nullptr) {
    return {};
  }
  const Json list = stop->is_array() ? *stop : Json::array({*stop});
  std::vector<std::string> texts;
  for (const Json& text : list) {
    if (!text.is_string() || list.size() > 16) {
      throw ApiError(400, "stop must be a text or up to 16 of them", "stop");
    }
    texts.push_back(text);
  }
  return texts;
}

void ParseSampling(const Fields& fields, runtime::SamplingOptions& sampling) {
  sampling.temperature = fields.Number("temperature", 1, 0, 100);
  sampling.top_p = fields.Number("top_p", 1, 1e-9, 1);
  sampling.top_k = fields.Integer("top_k", 0, 0, 1 << 30);
  sampling.min_p = fields.Number("min_p", 0, 0, 1);
  sampling.repetition_penalty = fields.Number("repetition_penalty", 1, 0.01, 100);
  const int64_t seed = fields.Integer("seed", 0, std::numeric_limits<int64_t>::min(),
                                      std::numeric_limits<int64_t>::max());
  sampling.seed = static_cast<uint64_t>(seed);
}

void RefuseUnsupported(const Fields& fields, bool chat) {
  fields.Refuse("presence_penalty", 0);
  fields.Refuse("frequency_penalty", 0);
  fields.Refuse("logit_bias", nullptr);
  fields.Refuse("logprobs", chat ? Json(false) : Json(nullptr));
  fields.Refuse("top_logprobs", 0);
  fields.Refuse("best_of", 1);
  fields.Refuse("suffix", "");
  fields.Refuse("tools", nullptr);
  fields.Refuse("functions", nullptr);
  fields.Refuse("response_format", Json{{"type", "text"}});
}

std::vector<int32_t> ParseTokens(const Json& list, const ApiContext& context) {
  std::vector<int32_t> tokens;
  for (const Json& token : list) {
    if (!token.is_number_integer() || token.get<int64_t>() < 0 ||
        token.get<int64_t>() >= context.vocab_size) {
      throw ApiError(400,
                     internal::Concat("prompt: tokens must be integers below ", context.vocab_size),
                     "prompt");
    }
    tokens.push_back(token.get<int32_t>());
  }
  return tokens;
}

struct Prompt {
  std::vector<int32_t> tokens;
  std::string text;
};

/// A text, a list of texts, a list of tokens or a list of lists of tokens.
std::vector<Prompt> ParsePrompts(const Fields& fields, const ApiContext& context) {
  const Json* prompt = fields.Find("prompt");
  if (prompt == nullptr || !(prompt->is_string() || prompt->is_array()) || prompt->empty()) {
    throw ApiError(400, "prompt is needed: a text, or a list of texts or tokens", "prompt");
  }
  const bool one = prompt->is_string() || prompt->front().is_number();
  std::vector<Prompt> prompts;
  for (const Json& item : one ? Json::array({*prompt}) : *prompt) {
    if (item.is_string()) {
      prompts.push_back({context.encode(item.get_ref<const std::string&>()), item});
    } else if (item.is_array()) {
      prompts.push_back({ParseTokens(item, context), ""});
    } else {
      throw ApiError(400, "prompt must be a text, or a list of texts or tokens", "prompt");
    }
    if (static_cast<int64_t>(prompts.size()) > context.max_choices) {
      throw ApiError(400, internal::Concat("prompt: more than ", context.max_choices, " at once"),
                     "prompt");
    }
  }
  return prompts;
}

std::vector<Prompt> ParseMessages(const Fields& fields, const ApiContext& context) {
  const Json* messages = fields.Find("messages");
  if (messages == nullptr || !messages->is_array() || messages->empty()) {
    throw ApiError(400, "messages is needed: a list of {role, content}", "messages");
  }
  for (const Json& message : *messages) {
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string()) {
      throw ApiError(400, "messages: each must be an object with role and content", "messages");
    }
  }
  try {
    return {{context.encode_chat(*messages), ""}};
  } catch (const Error& e) {
    throw ApiError(400, e.what(), "messages");
  }
}

const char* Name(runtime::FinishReason reason) {
  return reason == runtime::FinishReason::kStop ? "stop" : "length";
}

Json ToJson(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

/// Text that is no UTF-8 (part of a prompt that was echoed) must not end the answer.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

ApiRequest ParseApiRequest(std::string_view body, bool chat, const ApiContext& context) {
  const Json json = ParseBody(body);
  const Fields fields(json);
  RefuseUnsupported(fields, chat);
  ApiRequest request;
  request.chat = chat;
  const char* limit = chat && fields.Find("max_completion_tokens") != nullptr
                          ? "max_completion_tokens"
                          : "max_tokens";
  request.options.max_tokens =
      fields.Integer(limit, chat ? context.max_tokens : 16, 1, std::numeric_limits<int32_t>::max());
  request.options.max_tokens = std::min(request.options.max_tokens, context.max_tokens);
  request.options.stop = ParseStop(fields);
  request.options.ignore_eos = fields.Flag("ignore_eos", false);
  ParseSampling(fields, request.options.sampling);
  request.stream = fields.Flag("stream", false);
  if (const Json* options = fields.Find("stream_options"); options != nullptr) {
    request.include_usage = options->is_object() && options->contains("include_usage") &&
                            (*options)["include_usage"] == true;
  }
  const bool echo = !chat && fields.Flag("echo", false);
  const std::vector<Prompt> prompts =
      chat ? ParseMessages(fields, context) : ParsePrompts(fields, context);
  const int64_t n = fields.Integer("n", 1, 1, context.max_choices / std::ssize(prompts));
  for (const Prompt& prompt : prompts) {
    if (prompt.tokens.empty() || std::ssize(prompt.tokens) >= context.context) {
      throw ApiError(
          400,
          internal::Concat("the prompt has ", prompt.tokens.size(),
                           " tokens; this model's context holds 1 to ", context.context - 1),
          chat ? "messages" : "prompt");
    }
    for (int64_t i = 0; i < n; ++i) {
      request.prompts.push_back(prompt.tokens);
      request.echoes.push_back(echo ? prompt.text : "");
    }
  }
  return request;
}

Json ApiWriter::Head(bool stream) const {
  const char* object =
      chat_ ? (stream ? "chat.completion.chunk" : "chat.completion") : "text_completion";
  return {{"id", id_}, {"object", object}, {"created", created_}, {"model", model_}};
}

std::string ApiWriter::Whole(const std::vector<Choice>& choices, const Usage& usage) const {
  Json json = Head(false);
  json["choices"] = Json::array();
  for (size_t i = 0; i < choices.size(); ++i) {
    Json choice = {{"index", i}};
    if (chat_) {
      choice["message"] = {{"role", "assistant"}, {"content", choices[i].text}};
    } else {
      choice["text"] = choices[i].text;
    }
    choice["logprobs"] = nullptr;
    choice["finish_reason"] = Name(choices[i].reason);
    json["choices"].push_back(std::move(choice));
  }
  json["usage"] = ToJson(usage);
  return Dump(json);
}

std::string ApiWriter::Event(Json choice) const {
  Json json = Head(true);
  json["choices"] = Json::array({std::move(choice)});
  return "data: " + Dump(json) + "\n\n";
}

std::string ApiWriter::Begin(int64_t index) const {
  if (!chat_) {
    return {};
  }
  return Event({{"index", index},
                {"delta", {{"role", "assistant"}, {"content", ""}}},
                {"logprobs", nullptr},
                {"finish_reason", nullptr}});
}

std::string ApiWriter::Piece(int64_t index, const std::string& text) const {
  Json choice = {{"index", index}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
  if (chat_) {
    choice["delta"] = {{"content", text}};
  } else {
    choice["text"] = text;
  }
  return Event(std::move(choice));
}

std::string ApiWriter::End(int64_t index, runtime::FinishReason reason) const {
  Json choice = {{"index", index}, {"logprobs", nullptr}, {"finish_reason", Name(reason)}};
  if (chat_) {
    choice["delta"] = Json::object();
  } else {
    choice["text"] = "";
  }
  return Event(std::move(choice));
}

std::string ApiWriter::UsageEvent(const Usage& usage) const {
  Json json = Head(true);
  json["choices"] = Json::array();
  json["usage"] = ToJson(usage);
  return "data: " + Dump(json) + "\n\n";
}

std::string ErrorBody(const std::string& message, int status, const std::string& param) {
  const char* type = status == 401   ? "authentication_error"
                     : status >= 500 ? "server_error"
                                     : "invalid_request_error";
  return Dump({{"error",
                {{"message", message},
                 {"type", type},
                 {"param", param.empty() ? Json(nullptr) : Json(param)},
                 {"code", nullptr}}}});
}

std::string ModelsBody(const std::string& model, int64_t created) {
  return Dump({{"object", "list"},
               {"data", Json::array({{{"id", model},
                                      {"object", "model"},
                                      {"created", created},
                                      {"owned_by", "tersor"}}})}});
}

}  // namespace tersor::serve
