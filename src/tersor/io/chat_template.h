// Conversations as the text that a chat model was trained on.
#ifndef TERSOR_IO_CHAT_TEMPLATE_H_
#define TERSOR_IO_CHAT_TEMPLATE_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tersor/io/jinja/template.h"
#include "tersor/util/json.h"

namespace tersor::io {

struct ChatMessage {
  std::string role, content;
};

/// A model's chat template, rendered as transformers' apply_chat_template renders it. The result
/// holds its special tokens as text: encode it with `parse_special` and without a second
/// beginning-of-text token. Immutable; safe to use from several threads at once.
class ChatTemplate {
 public:
  /// The template of a model folder: chat_template.jinja, else "chat_template" in
  /// tokenizer_config.json or chat_template.json, one text or a list of {name, template} of which
  /// "default" counts; nullopt where there is none. bos_token, eos_token and other tokens come from
  /// tokenizer_config.json and special_tokens_map.json. Throws Error naming file, line and problem.
  static std::optional<ChatTemplate> Load(const std::string& folder);

  /// Parses a template; errors name `source` and the line. Throws Error.
  static ChatTemplate Parse(std::string_view text, const std::string& source);

  /// A template of our own for models without one: chatml, llama2, llama3, zephyr, plain. Throws
  /// UsageError naming these.
  static ChatTemplate Named(std::string_view name);

  /// Text of a token such as "bos_token", where it matters to the template.
  void SetToken(const std::string& name, const std::string& text);

  /// `add_generation_prompt`: ends with what the assistant's turn starts with. Throws Error: the
  /// template refuses the messages, uses what it does not have, or passes a bound.
  std::string Render(std::span<const ChatMessage> messages, bool add_generation_prompt) const;

  /// Messages in OpenAI's format: objects with "role" and what the template knows ("content",
  /// "tool_calls", ...). A content that is a list of {"type": "text", "text"} becomes one text
  /// unless the template takes such lists. `tools` and `extra` (an object of further variables,
  /// such as "enable_thinking") may be null.
  std::string Render(const Json& messages, bool add_generation_prompt, const Json& tools = nullptr,
                     const Json& extra = nullptr) const;

 private:
  /// Whether the template finds the text of a content that is a list of parts.
  bool TakesParts() const;

  std::string source_;
  jinja::Template template_;
  jinja::Variables tokens_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_CHAT_TEMPLATE_H_
