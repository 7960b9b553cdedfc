#include "tersor/io/chat_template.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

const std::vector<ChatMessage> kChat = {
    {"system", "Be brief."}, {"user", " Hi "}, {"assistant", "Yo"}, {"user", "Bye"}};

TEST(ChatTemplate, Named) {
  EXPECT_EQ(ChatTemplate::Named("chatml").Render(kChat, true),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi <|im_end|>\n"
            "<|im_start|>assistant\nYo<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n"
            "<|im_start|>assistant\n");
  EXPECT_EQ(ChatTemplate::Named("llama2").Render(kChat, true),
            "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Yo </s><s>[INST] Bye [/INST]");
  EXPECT_EQ(ChatTemplate::Named("llama3").Render(kChat, false),
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nYo<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>");
  EXPECT_EQ(ChatTemplate::Named("zephyr").Render(kChat, true),
            "<|system|>\nBe brief.</s>\n<|user|>\n Hi </s>\n<|assistant|>\nYo</s>\n"
            "<|user|>\nBye</s>\n<|assistant|>\n");
  EXPECT_EQ(ChatTemplate::Named("plain").Render(kChat, true),
            "Be brief.\n\nUser:  Hi \n\nAssistant: Yo\n\nUser: Bye\n\nAssistant:");
  EXPECT_THROW(ChatTemplate::Named("nope"), UsageError);
}

TEST(ChatTemplate, NamedFormatsSayWhatTheyRefuse) {
  const std::vector<ChatMessage> twice = {{"user", "a"}, {"user", "b"}};
  try {
    ChatTemplate::Named("llama2").Render(twice, true);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("chat template llama2:"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("turn by turn"), std::string::npos) << e.what();
  }
}

TEST(ChatTemplate, OfAFolder) {
  const testing::TemporaryFolder folder;
  EXPECT_FALSE(ChatTemplate::Load(folder.path()).has_value());
  testing::Spill(folder / "tokenizer_config.json", R"({"bos_token": "<s>"})");
  EXPECT_FALSE(ChatTemplate::Load(folder.path()).has_value());

  testing::Spill(folder / "special_tokens_map.json",
                 R"({"eos_token": "</s>", "bos_token": "<x>"})");
  testing::Spill(folder / "tokenizer_config.json",
                 R"({"bos_token": {"content": "<s>"}, "pad_token": null,
                     "chat_template": "{{ bos_token }}{{ messages[1].content }}{{ eos_token }}"})");
  EXPECT_EQ(ChatTemplate::Load(folder.path())->Render(kChat, true), "<s> Hi </s>");

  testing::Spill(folder / "tokenizer_config.json",
                 R"({"chat_template": [{"name": "tool_use", "template": "tools"},
                                       {"name": "default", "template": "{{ messages|length }}"}]})");
  EXPECT_EQ(ChatTemplate::Load(folder.path())->Render(kChat, true), "4");

  testing::Spill(folder / "chat_template.jinja", "{{ add_generation_prompt }}\n");
  EXPECT_EQ(ChatTemplate::Load(folder.path())->Render(kChat, true), "True");
}

TEST(ChatTemplate, OfAJsonFileBeside) {
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "chat_template.json", R"({"chat_template": "x{{ bos_token }}"})");
  EXPECT_EQ(ChatTemplate::Load(folder.path())->Render(kChat, false), "x");
}

TEST(ChatTemplate, FaultsNameTheFile) {
  const testing::TemporaryFolder folder;
  for (const char* bad :
       {"[]", R"({"chat_template": 7})", R"({"chat_template": [{"name": "default"}]})",
        R"({"chat_template": []})", R"({"chat_template": "a\n{{ 1 + }}"})",
        R"({"chat_template": [{"name": "a", "template": ""}, {"name": "b", "template": ""}]})"}) {
    testing::Spill(folder / "tokenizer_config.json", bad);
    try {
      ChatTemplate::Load(folder.path());
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).find(folder / "tokenizer_config.json"), 0u) << e.what();
    }
  }
}

TEST(ChatTemplate, ContentsOfParts) {
  const Json messages = Json::parse(
      R"([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}])");
  const auto plain = ChatTemplate::Parse("{% for m in messages %}{{ m.content }}{% endfor %}", "t");
  EXPECT_EQ(plain.Render(messages, false), "ab");
  const auto parts = ChatTemplate::Parse(
      "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}"
      "{% for p in m.content %}<{{ p.text }}>{% endfor %}{% endif %}{% endfor %}",
      "t");
  EXPECT_EQ(parts.Render(messages, false), "<a><b>");
  const Json image = Json::parse(R"([{"role": "user", "content": [{"type": "image"}]}])");
  EXPECT_THROW(plain.Render(image, false), Error);
  EXPECT_THROW(plain.Render(Json::parse(R"({"role": "user"})"), false), Error);
  EXPECT_THROW(plain.Render(Json::parse(R"(["user"])"), false), Error);
}

TEST(ChatTemplate, ToolsAndFurtherVariables) {
  const auto chat = ChatTemplate::Parse(
      "{%- if tools is not none %}\n{{ tools | map(attribute='function.name') | join(',') }};\n"
      "{%- endif %}\n{%- for m in messages %}\n"
      "{%- for call in m.tool_calls or [] %}{{ call.function.arguments | tojson }}{% endfor %}\n"
      "{%- endfor %}\n{{- 'think' if enable_thinking is defined and enable_thinking }}",
      "t");
  const Json messages = Json::parse(
      R"([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": "é"}}}]}])");
  const Json tools = Json::parse(R"([{"function": {"name": "f"}}, {"function": {"name": "g"}}])");
  EXPECT_EQ(chat.Render(messages, true, tools), "f,g;{\"a\": \"é\"}");
  EXPECT_EQ(chat.Render(messages, true, nullptr, {{"enable_thinking", true}}),
            "{\"a\": \"é\"}think");
}

/// What recent models' templates do all at once: thoughts cut out of earlier turns, the last user
/// turn sought from behind, tools as JSON lines, results of tools gathered into one turn.
TEST(ChatTemplate, ThoughtsAndTools) {
  const auto chat = ChatTemplate::Parse(R"({%- macro text_of(content) -%}
    {%- if content is string -%}
        {{- content }}
    {%- elif content is iterable and content is not mapping -%}
        {%- for part in content if part.type == 'text' -%}
            {{- part.text }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
{%- if tools %}
    {{- '[tools]\n' }}
    {%- for tool in tools %}
        {{- tool | tojson ~ '\n' }}
    {%- endfor %}
{%- endif %}
{%- set ns = namespace(searching=true, last=messages | length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = messages | length - 1 - loop.index0 %}
    {%- if ns.searching and message.role == 'user' %}
        {%- set ns.searching = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == 'user' %}
        {{- '[user]' + text_of(message.content) + '\n' }}
    {%- elif message.role == 'assistant' %}
        {%- set content = text_of(message.content) %}
        {%- set thought = '' %}
        {%- if '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {{- '[assistant]' }}
        {%- if loop.index0 > ns.last and thought %}
            {{- '<think>' + thought.strip() + '</think>' }}
        {%- endif %}
        {{- content }}
        {%- for call in message.tool_calls or [] %}
            {%- set call = call.function %}
            {{- '{"name": "' ~ call.name ~ '", "arguments": ' }}
            {{- call.arguments if call.arguments is string else call.arguments | tojson }}
            {{- '}' }}
        {%- endfor %}
        {{- '\n' }}
    {%- elif message.role == 'tool' %}
        {%- if loop.first or loop.previtem.role != 'tool' %}{{- '[results]' }}{% endif %}
        {{- '(' ~ text_of(message.content) ~ ')' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- '\n' }}{% endif %}
    {%- else %}
        {{- raise_exception('unknown role ' ~ message.role) }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '[assistant]' }}
{%- endif %}
)",
                                        "t");
  const Json messages = Json::parse(R"([
      {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image"}]},
      {"role": "assistant", "content": "<think>\nhm\n</think>\n\nb"},
      {"role": "user", "content": "c"},
      {"role": "assistant", "content": "<think>\nso\n</think>\n\n", "tool_calls": [
          {"function": {"name": "f", "arguments": {"x": 1}}},
          {"function": {"name": "g", "arguments": "{}"}}]},
      {"role": "tool", "content": "1"},
      {"role": "tool", "content": "2"}])");
  EXPECT_EQ(chat.Render(messages, true, Json::parse(R"([{"name": "f", "strict": true}])")),
            "[tools]\n{\"name\": \"f\", \"strict\": true}\n[user]a\n[assistant]b\n[user]c\n"
            "[assistant]<think>so</think>{\"name\": \"f\", \"arguments\": {\"x\": 1}}"
            "{\"name\": \"g\", \"arguments\": {}}\n[results](1)(2)\n[assistant]");
  EXPECT_THROW(chat.Render(Json::parse(R"([{"role": "x", "content": ""}])"), true), Error);
}

TEST(ChatTemplate, RepairsTextThatIsNoUtf8) {
  const auto chat = ChatTemplate::Parse("{{ messages[0].content }}", "t");
  const std::vector<ChatMessage> messages = {{"user", "a\xff"}};
  EXPECT_EQ(chat.Render(messages, false), "a\xef\xbf\xbd");
}

}  // namespace
}  // namespace tersor::io
