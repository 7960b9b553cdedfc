#include "tersor/io/special_tokens.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

namespace fs = std::filesystem;

/// An empty object where the file is not there.
SortedJson ReadObject(const fs::path& path) {
  std::error_code none;
  if (!fs::exists(path, none)) {
    return SortedJson::object();
  }
  SortedJson json = ParseSortedJson(ReadFile(path.string()), path.string());
  TERSOR_CHECK(json.is_object(), path.string(), ": not a JSON object");
  return json;
}

/// A token is written as a text or as an object with its content.
std::optional<int32_t> TokenByName(const SortedJson& json, const char* key,
                                   const TokenLookup& lookup) {
  const auto found = json.find(key);
  if (found == json.end()) {
    return std::nullopt;
  }
  const SortedJson* text = &*found;
  if (found->is_object() && found->contains("content")) {
    text = &found->at("content");
  }
  return text->is_string() ? lookup(text->get<std::string>()) : std::nullopt;
}

/// An id, or the first of several; a negative one means none.
std::optional<int32_t> TokenById(const SortedJson& json, const char* key, int64_t vocab_size,
                                 const std::string& source) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) {
    return std::nullopt;
  }
  const SortedJson& id = found->is_array() && !found->empty() ? found->front() : *found;
  TERSOR_CHECK(id.is_number_integer() && id.get<int64_t>() < vocab_size, source, ": ", key, " is ",
               id.dump(), ", not an id of the tokenizer's ", vocab_size, " tokens");
  return id.get<int64_t>() < 0 ? std::nullopt : std::optional(id.get<int32_t>());
}

constexpr int64_t kMaxId = 1 << 24;

/// "32000": {"content": "<|im_start|>", "special": true, ...}
AddedToken DecoderEntry(const std::string& key, const SortedJson& entry,
                        const std::string& source) {
  int64_t id = -1;
  const auto end = std::from_chars(key.data(), key.data() + key.size(), id);
  const bool named = entry.is_object() && entry.contains("content") && entry["content"].is_string();
  TERSOR_CHECK(named && end.ptr == key.data() + key.size() && id >= 0 && id < kMaxId, source,
               ": added token ", Quoted(key), " has no content or no valid id");
  const auto flag = [&](const char* name) {
    const auto found = entry.find(name);
    return found != entry.end() && found->is_boolean() && found->get<bool>();
  };
  return {.content = entry["content"].get<std::string>(),
          .id = static_cast<int32_t>(id),
          .special = flag("special"),
          .lstrip = flag("lstrip"),
          .rstrip = flag("rstrip"),
          .single_word = flag("single_word"),
          .normalized = flag("normalized")};
}

}  // namespace

std::vector<AddedToken> ReadAddedTokens(const std::string& folder) {
  const fs::path base = folder;
  std::vector<AddedToken> tokens;
  std::string source = (base / "tokenizer_config.json").string();
  const SortedJson config = ReadObject(source);
  if (config.contains("added_tokens_decoder")) {
    for (const auto& [id, entry] : config["added_tokens_decoder"].items()) {
      tokens.push_back(DecoderEntry(id, entry, source));
    }
  } else {
    source = (base / "added_tokens.json").string();
    const SortedJson ids = ReadObject(source);
    for (const auto& [content, id] : ids.items()) {
      TERSOR_CHECK(id.is_number_integer() && id.get<int64_t>() >= 0 && id.get<int64_t>() < kMaxId,
                   source, ": added token ", Quoted(content), " has no valid id");
      tokens.push_back({.content = content, .id = id.get<int32_t>(), .special = true});
    }
  }
  std::sort(tokens.begin(), tokens.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  for (size_t i = 1; i < tokens.size(); ++i) {
    TERSOR_CHECK(tokens[i].id != tokens[i - 1].id, source, ": id ", tokens[i].id, " belongs to ",
                 Quoted(tokens[i - 1].content), " and to ", Quoted(tokens[i].content));
  }
  return tokens;
}

SpecialTokens ReadSpecialTokens(const std::string& folder, int64_t vocab_size,
                                const TokenLookup& lookup) {
  const fs::path base = folder;
  SpecialTokens tokens;
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const SortedJson json = ReadObject(base / name);
    tokens.bos = tokens.bos ? tokens.bos : TokenByName(json, "bos_token", lookup);
    tokens.eos = tokens.eos ? tokens.eos : TokenByName(json, "eos_token", lookup);
    const auto adds = json.find("add_bos_token");
    if (!tokens.adds_bos && adds != json.end() && adds->is_boolean()) {
      tokens.adds_bos = adds->get<bool>();
    }
  }
  if (!tokens.bos || !tokens.eos) {
    const std::string source = (base / "config.json").string();
    const SortedJson json = ReadObject(source);
    tokens.bos = tokens.bos ? tokens.bos : TokenById(json, "bos_token_id", vocab_size, source);
    tokens.eos = tokens.eos ? tokens.eos : TokenById(json, "eos_token_id", vocab_size, source);
  }
  return tokens;
}

}  // namespace tersor::io
