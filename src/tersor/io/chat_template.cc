#include "tersor/io/chat_template.h"

#include <filesystem>

#include "tersor/io/named_templates.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

namespace fs = std::filesystem;

Json ReadObject(const fs::path& path) {
  std::error_code none;
  if (!fs::exists(path, none)) {
    return Json::object();
  }
  Json json = ReadJsonFile(path.string());
  TERSOR_CHECK(json.is_object(), path.string(), ": not a JSON object");
  return json;
}

/// The template among {"name", "template"}s: the one named "default", or the only one.
std::string FromList(const Json& list, const std::string& source) {
  std::string text, names;
  for (const Json& entry : list) {
    TERSOR_CHECK(entry.is_object() && entry.contains("name") && entry["name"].is_string() &&
                     entry.contains("template") && entry["template"].is_string(),
                 source, ": an entry of chat_template has no name or no template");
    const auto name = entry["name"].get<std::string>();
    if (name == "default" || list.size() == 1) {
      return entry["template"].get<std::string>();
    }
    names += (names.empty() ? "" : ", ") + Quoted(name);
  }
  Fail(source, ": chat_template has ", names.empty() ? "no entry" : names, " but no 'default'");
}

struct Found {
  std::string text, source;
};

std::optional<Found> FindTemplate(const fs::path& folder, const Json& config) {
  const fs::path file = folder / "chat_template.jinja";
  std::error_code none;
  if (fs::exists(file, none)) {
    return Found{ReadFile(file.string()), file.string()};
  }
  const fs::path other = folder / "chat_template.json";
  const Json others = config.contains("chat_template") ? Json::object() : ReadObject(other);
  const bool is_other = others.contains("chat_template");
  const std::string source = (is_other ? other : folder / "tokenizer_config.json").string();
  const Json& holder = is_other ? others : config;
  if (!holder.contains("chat_template") || holder["chat_template"].is_null()) {
    return std::nullopt;
  }
  const Json& entry = holder["chat_template"];
  TERSOR_CHECK(entry.is_string() || entry.is_array(), source,
               ": chat_template is neither a text nor a list");
  return Found{entry.is_array() ? FromList(entry, source) : entry.get<std::string>(),
               source + ": chat_template"};
}

/// Every key that ends in "_token" and is a text or an object with its "content".
void ReadTokens(const Json& json, ChatTemplate& chat) {
  for (const auto& [key, value] : json.items()) {
    const Json* text = &value;
    if (value.is_object() && value.contains("content")) {
      text = &value["content"];
    }
    if (key.ends_with("_token") && text->is_string()) {
      chat.SetToken(key, text->get<std::string>());
    }
  }
}

/// A content of parts as one text; other parts than text are refused.
std::string JoinParts(const Json& parts, const std::string& source) {
  std::string text;
  for (const Json& part : parts) {
    const bool is_text = part.is_object() && part.contains("type") && part["type"] == "text" &&
                         part.contains("text") && part["text"].is_string();
    TERSOR_CHECK(is_text, source, ": a message's content has a part that is not text");
    text += part["text"].get<std::string>();
  }
  return text;
}

}  // namespace

std::optional<ChatTemplate> ChatTemplate::Load(const std::string& folder) {
  const Json config = ReadObject(fs::path(folder) / "tokenizer_config.json");
  const auto found = FindTemplate(folder, config);
  if (!found) {
    return std::nullopt;
  }
  ChatTemplate chat = Parse(found->text, found->source);
  ReadTokens(ReadObject(fs::path(folder) / "special_tokens_map.json"), chat);
  ReadTokens(config, chat);
  return chat;
}

ChatTemplate ChatTemplate::Parse(std::string_view text, const std::string& source) {
  ChatTemplate chat;
  chat.source_ = source;
  chat.template_ = jinja::Template::Parse(text, source);
  return chat;
}

ChatTemplate ChatTemplate::Named(std::string_view name) {
  std::string names;
  for (const NamedTemplate& entry : NamedTemplates()) {
    if (entry.name == name) {
      ChatTemplate chat = Parse(entry.text, "chat template " + std::string(name));
      chat.SetToken("bos_token", std::string(entry.bos));
      chat.SetToken("eos_token", std::string(entry.eos));
      return chat;
    }
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  FailUsage("no chat template ", Quoted(name), "; there are ", names);
}

void ChatTemplate::SetToken(const std::string& name, const std::string& text) {
  jinja::Value value = jinja::FromJson(text);
  for (auto& [key, old] : tokens_) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  tokens_.emplace_back(name, std::move(value));
}

std::string ChatTemplate::Render(std::span<const ChatMessage> messages,
                                 bool add_generation_prompt) const {
  Json json = Json::array();
  for (const ChatMessage& message : messages) {
    json.push_back({{"role", message.role}, {"content", message.content}});
  }
  return Render(json, add_generation_prompt);
}

bool ChatTemplate::TakesParts() const {
  // Tried out, since templates ask in many ways. One that knows texts only prints the list itself,
  // quotes and keys included, or fails.
  const Json parts = Json::array({{{"type", "text"}, {"text", "needle"}}});
  const Json probe = Json::array({{{"role", "user"}, {"content", parts}}});
  jinja::Variables variables = tokens_;
  variables.emplace_back("messages", jinja::FromJson(probe));
  variables.emplace_back("add_generation_prompt", false);
  try {
    const std::string text = template_.Render(std::move(variables));
    return text.find("needle") != std::string::npos && text.find("'needle'") == std::string::npos &&
           text.find("\"needle\"") == std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

std::string ChatTemplate::Render(const Json& messages, bool add_generation_prompt,
                                 const Json& tools, const Json& extra) const {
  TERSOR_CHECK(messages.is_array(), source_, ": messages are not a list");
  Json list = messages;
  std::optional<bool> takes_parts;
  for (Json& message : list) {
    TERSOR_CHECK(message.is_object() && message.contains("role"), source_,
                 ": a message is no object with a role");
    if (message.contains("content") && message["content"].is_array()) {
      takes_parts = takes_parts ? takes_parts : TakesParts();
      if (!*takes_parts) {
        message["content"] = JoinParts(message["content"], source_);
      }
    }
  }
  jinja::Variables variables = tokens_;
  const auto set = [&](const std::string& name, const Json& value) {
    std::erase_if(variables, [&](const auto& variable) { return variable.first == name; });
    try {
      variables.emplace_back(name, jinja::FromJson(value));
    } catch (const jinja::Problem& problem) {
      Fail(source_, ": ", name, ": ", problem.what());
    }
  };
  set("messages", list);
  set("tools", tools);
  set("documents", nullptr);
  set("add_generation_prompt", add_generation_prompt);
  if (extra.is_object()) {
    for (const auto& [name, value] : extra.items()) {
      set(name, value);
    }
  }
  return template_.Render(std::move(variables));
}

}  // namespace tersor::io
