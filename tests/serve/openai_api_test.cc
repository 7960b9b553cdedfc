#include "tersor/serve/openai_api.h"

#include <gtest/gtest.h>

#include "tersor/util/rng.h"

namespace tersor::serve {
namespace {

ApiContext Context() {
  ApiContext context;
  context.model = "m";
  context.vocab_size = 256;
  context.context = 64;
  context.max_tokens = 40;
  context.encode = [](std::string_view text) {
    return std::vector<int32_t>(text.begin(), text.end());
  };
  context.encode_chat = [](const Json& messages) {
    const Json content = messages.back().value("content", Json());
    TERSOR_CHECK(content.is_string() && content != "refuse", "the template refuses this");
    const std::string text = content;
    return std::vector<int32_t>(text.begin(), text.end());
  };
  return context;
}

ApiRequest Parse(const std::string& body, bool chat = false) {
  return ParseApiRequest(body, chat, Context());
}

void ExpectRefused(const std::string& body, const std::string& part, bool chat = false) {
  try {
    Parse(body, chat);
    FAIL() << "accepted: " << body;
  } catch (const ApiError& e) {
    EXPECT_EQ(e.status(), 400);
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(ApiRequest, DefaultsAreTheInterfaces) {
  const ApiRequest request = Parse(R"({"model": "x", "prompt": "ab"})");
  EXPECT_EQ(request.prompts, (std::vector<std::vector<int32_t>>{{'a', 'b'}}));
  EXPECT_EQ(request.options.max_tokens, 16);
  EXPECT_EQ(request.options.sampling.temperature, 1);
  EXPECT_EQ(request.options.sampling.top_k, 0);
  EXPECT_FALSE(request.stream);
  EXPECT_EQ(Parse(R"({"messages": [{"role": "user", "content": "a"}]})", true).options.max_tokens,
            40);
}

TEST(ApiRequest, ReadsEveryField) {
  const ApiRequest request = Parse(R"({"prompt": ["a", [1, 2]], "n": 2, "max_tokens": 5,
      "temperature": 0.5, "top_p": 0.9, "top_k": 3, "min_p": 0.1, "seed": -1, "echo": true,
      "stop": ["x", "y"], "stream": true, "stream_options": {"include_usage": true},
      "logit_bias": {}, "presence_penalty": 0, "user": "someone"})");
  EXPECT_EQ(request.prompts.size(), 4);
  EXPECT_EQ(request.prompts[3], (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(request.echoes, (std::vector<std::string>{"a", "a", "", ""}));
  EXPECT_EQ(request.options.stop, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(request.options.sampling.seed, ~uint64_t{0});
  EXPECT_TRUE(request.stream && request.include_usage);
}

TEST(ApiRequest, RefusesWithTheFieldNamed) {
  ExpectRefused("{", "not a JSON object");
  ExpectRefused("[]", "not a JSON object");
  ExpectRefused("{}", "prompt is needed");
  ExpectRefused(R"({"prompt": []})", "prompt is needed");
  ExpectRefused(R"({"prompt": [300]})", "integers below 256");
  ExpectRefused(R"({"prompt": [1.5]})", "integers below 256");
  ExpectRefused(R"({"prompt": [{}]})", "prompt must be a text");
  ExpectRefused(R"({"prompt": "a", "max_tokens": 0})", "max_tokens must be an integer");
  ExpectRefused(R"({"prompt": "a", "max_tokens": 18446744073709551615})", "max_tokens");
  ExpectRefused(R"({"prompt": "a", "temperature": "hot"})", "temperature must be a number");
  ExpectRefused(R"({"prompt": "a", "top_p": 0})", "top_p");
  ExpectRefused(R"({"prompt": "a", "n": 17})", "n must be an integer from 1 to 16");
  ExpectRefused(R"({"prompt": "a", "stop": [1]})", "stop must be");
  ExpectRefused(R"({"prompt": "a", "logprobs": 3})", "logprobs is not supported");
  ExpectRefused(R"({"prompt": "a", "logit_bias": {"5": 1}})", "logit_bias is not supported");
  ExpectRefused("{\"prompt\": \"" + std::string(64, 'a') + "\"}", "holds 1 to 63");
  ExpectRefused(R"({"messages": "hi"})", "messages is needed", true);
  ExpectRefused(R"({"messages": [{"content": "hi"}]})", "role and content", true);
  ExpectRefused(R"({"messages": [{"role": "user", "content": "refuse"}]})", "template refuses",
                true);
}

TEST(ApiRequest, AnyBodyIsParsedOrRefused) {
  const std::string good = R"({"prompt": ["ab", [1, 2]], "n": 2, "max_tokens": 5, "seed": 7,
      "temperature": 0.5, "stop": ["x"], "stream": true, "messages": [{"role": "user",
      "content": "a"}]})";
  for (uint64_t i = 0; i < 20000; ++i) {
    const Rng rng(3, i);
    std::string body = good;
    for (uint64_t k = 0; k < 1 + rng.Below(0, 4); ++k) {
      const uint64_t at = rng.Below(3 * k + 1, body.size());
      const auto byte = static_cast<char>(rng.Below(3 * k + 2, 256));
      switch (rng.Below(3 * k + 3, 3)) {
        case 0:
          body[at] = byte;
          break;
        case 1:
          body.erase(at, 1 + rng.Below(100 + k, 8));
          break;
        default:
          body.insert(at, body.substr(rng.Below(200 + k, body.size()), 12));
      }
    }
    try {
      EXPECT_FALSE(Parse(body, i % 2 == 0).prompts.empty());
    } catch (const ApiError& e) {
      EXPECT_EQ(e.status(), 400);
    }
  }
}

TEST(ApiWriter, WholeAnswers) {
  const ApiWriter text(false, "m", "cmpl-1", 12);
  const Json json = Json::parse(text.Whole({{"hi", runtime::FinishReason::kStop}}, {3, 1, 2}));
  EXPECT_EQ(json, Json::parse(R"({"id": "cmpl-1", "object": "text_completion", "created": 12,
      "model": "m", "choices": [{"index": 0, "text": "hi", "logprobs": null,
      "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 2,
      "total_tokens": 5, "prompt_tokens_details": {"cached_tokens": 1}}})"));
  const ApiWriter chat(true, "m", "chatcmpl-1", 12);
  const Json message =
      Json::parse(chat.Whole({{"hi", runtime::FinishReason::kLength}}, {}))["choices"][0];
  EXPECT_EQ(message, Json::parse(R"({"index": 0, "message": {"role": "assistant",
      "content": "hi"}, "logprobs": null, "finish_reason": "length"})"));
}

TEST(ApiWriter, StreamsAreEvents) {
  const ApiWriter chat(true, "m", "chatcmpl-1", 12);
  const std::string event = chat.Piece(0, "a\n\xff");
  ASSERT_TRUE(event.starts_with("data: ") && event.ends_with("\n\n"));
  EXPECT_EQ(event.find('\n'), event.size() - 2);
  const Json json = Json::parse(event.substr(6));
  EXPECT_EQ(json["object"], "chat.completion.chunk");
  EXPECT_EQ(json["choices"][0]["delta"]["content"], "a\n\ufffd");
  EXPECT_EQ(json["choices"][0]["finish_reason"], nullptr);
  EXPECT_EQ(ApiWriter(false, "m", "i", 1).Begin(0), "");
}

}  // namespace
}  // namespace tersor::serve
