// Definitions of BPE tokenizers from files: tokenizer.json, or the older vocab.json with
// merges.txt; tokenizer_config.json beside them names the beginning and end tokens.
#include <algorithm>
#include <filesystem>
#include <sstream>
#include <unordered_set>

#include "tersor/io/bpe_tokenizer.h"
#include "tersor/io/pre_tokenizer.h"
#include "tersor/io/special_tokens.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

namespace fs = std::filesystem;

/// A member of an object, or null where it is absent.
const SortedJson& Member(const SortedJson& json, const char* key) {
  static const SortedJson none;
  const auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() ? *found : none;
}

std::string TextOf(const SortedJson& json, const char* key, const std::string& otherwise) {
  const SortedJson& value = Member(json, key);
  return value.is_string() ? value.get<std::string>() : otherwise;
}

bool FlagOf(const SortedJson& json, const char* key, bool otherwise) {
  const SortedJson& value = Member(json, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

int64_t IdOf(const SortedJson& value, const std::string& token, const std::string& source) {
  TERSOR_CHECK(
      value.is_number_integer() && value.get<int64_t>() >= 0 && value.get<int64_t>() < 1 << 24,
      source, ": token ", Quoted(token), " has no valid id");
  return value.get<int64_t>();
}

void ReadVocab(const SortedJson& vocab, const std::string& source, BpeDefinition& out) {
  TERSOR_CHECK(vocab.is_object(), source, ": the vocabulary is missing");
  for (const auto& [token, id] : vocab.items()) {
    out.vocab.emplace(token, IdOf(id, token, source));
  }
}

void AddMerge(const std::string& line, const std::string& source, BpeDefinition& out) {
  const size_t space = line.find(' ');
  TERSOR_CHECK(space != std::string::npos && space > 0 && space + 1 < line.size(), source,
               ": merge ", Quoted(line), " is not two tokens");
  out.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
}

void ReadModel(const SortedJson& model, const std::string& source, BpeDefinition& out) {
  const std::string type = TextOf(model, "type", "BPE");
  TERSOR_CHECK(model.is_object() && type == "BPE", source, ": model type ", Quoted(type),
               " is not supported; supported: BPE (or a tokenizer.model)");
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    TERSOR_CHECK(TextOf(model, affix, "").empty(), source, ": ", affix, " is not supported");
  }
  ReadVocab(Member(model, "vocab"), source, out);
  const SortedJson& merges = Member(model, "merges");
  TERSOR_CHECK(merges.is_array(), source, ": merges are missing");
  for (const SortedJson& merge : merges) {
    if (merge.is_string()) {
      AddMerge(merge.get<std::string>(), source, out);
    } else {
      TERSOR_CHECK(
          merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string(),
          source, ": a merge is neither a text nor two texts");
      out.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    }
  }
  out.ignore_merges = FlagOf(model, "ignore_merges", false);
}

/// The steps of a normalizer, pre-tokenizer or decoder: none, itself, or those of a Sequence.
std::vector<SortedJson> Steps(const SortedJson& json, const char* key) {
  if (json.is_null()) {
    return {};
  }
  if (TextOf(json, "type", "") != "Sequence") {
    return std::vector<SortedJson>(1, json);
  }
  const SortedJson& steps = Member(json, key);
  return std::vector<SortedJson>(steps.begin(), steps.end());
}

/// A literal text as a pattern.
std::string Quote(const std::string& text) {
  std::string pattern;
  for (const char c : text) {
    pattern += std::string_view("\\^$.[]|()*+?{}#").find(c) != std::string_view::npos ? "\\" : "";
    pattern += c;
  }
  return pattern;
}

void ReadPreTokenizer(const SortedJson& step, const std::string& source, BpeDefinition& out) {
  const std::string type = TextOf(step, "type", "");
  if (type == "ByteLevel") {
    out.byte_level = true;
    out.add_prefix_space = FlagOf(step, "add_prefix_space", true);
    TERSOR_CHECK(!out.add_prefix_space || out.patterns.empty(), source,
                 ": ByteLevel with add_prefix_space after another pre-tokenizer is not supported");
    if (FlagOf(step, "use_regex", true)) {
      out.patterns.emplace_back(kGpt2Pattern);
    }
  } else if (type == "Digits") {
    out.patterns.emplace_back(FlagOf(step, "individual_digits", false) ? R"(\p{N})" : R"(\p{N}+)");
  } else if (type == "Split") {
    const std::string behavior = TextOf(step, "behavior", "Isolated");
    // "Removed" of what does not match keeps the matches, and these patterns match everything.
    TERSOR_CHECK(behavior == "Isolated" || (behavior == "Removed" && FlagOf(step, "invert", false)),
                 source, ": pre-tokenizer Split with behavior ", Quoted(behavior),
                 " is not supported");
    const SortedJson& pattern = Member(step, "pattern");
    const std::string regex = TextOf(pattern, "Regex", "");
    const std::string literal = TextOf(pattern, "String", "");
    TERSOR_CHECK(!regex.empty() || !literal.empty(), source, ": Split without a pattern");
    out.patterns.push_back(regex.empty() ? Quote(literal) : regex);
  } else {
    Fail(source, ": pre-tokenizer ", Quoted(type),
         " is not supported; supported: ByteLevel, Split, Digits");
  }
}

void ReadNormalizer(const SortedJson& normalizer, const std::string& source, BpeDefinition& out) {
  for (const SortedJson& step : Steps(normalizer, "normalizers")) {
    const std::string type = TextOf(step, "type", "");
    TERSOR_CHECK(type == "NFC", source, ": normalizer ", Quoted(type),
                 " is not supported; supported: NFC");
    out.compose = true;
  }
}

constexpr std::string_view kMark = "\xe2\x96\x81";  // U+2581

/// Llama 2: Prepend U+2581, then Replace every space by it.
bool ReadMarkingNormalizer(const SortedJson& normalizer, const std::string& source,
                           SpaceMarks& out) {
  bool replaces = false;
  for (const SortedJson& step : Steps(normalizer, "normalizers")) {
    const std::string type = TextOf(step, "type", "");
    if (type == "Prepend" && TextOf(step, "prepend", "") == kMark) {
      out.prefix = SpaceMarks::Prefix::kEvery;
    } else {
      TERSOR_CHECK(type == "Replace" && TextOf(Member(step, "pattern"), "String", "") == " " &&
                       TextOf(step, "content", "") == kMark,
                   source, ": normalizer ", Quoted(type),
                   " is not supported here; supported: Prepend and Replace of spaces by U+2581");
      replaces = true;
    }
  }
  return replaces;
}

/// Metaspace, which marks the spaces itself.
void ReadMetaspace(const SortedJson& step, const std::string& source, SpaceMarks& out) {
  TERSOR_CHECK(TextOf(step, "replacement", "") == kMark, source,
               ": Metaspace with another replacement than U+2581 is not supported");
  const bool adds = FlagOf(step, "add_prefix_space", true);  // the older form
  const std::string scheme = TextOf(step, "prepend_scheme", adds ? "always" : "never");
  TERSOR_CHECK(scheme == "always" || scheme == "first" || scheme == "never", source,
               ": Metaspace with prepend_scheme ", Quoted(scheme), " is not supported");
  if (out.prefix == SpaceMarks::Prefix::kNever && scheme != "never") {
    out.prefix = scheme == "first" ? SpaceMarks::Prefix::kFirst : SpaceMarks::Prefix::kAlways;
  }
  out.split = FlagOf(step, "split", true);
}

SpaceMarks ReadSpaceMarks(const SortedJson& json, const std::string& source) {
  SpaceMarks marks;
  const bool replaces = ReadMarkingNormalizer(Member(json, "normalizer"), source, marks);
  bool metaspace = false;
  for (const SortedJson& step : Steps(Member(json, "pre_tokenizer"), "pretokenizers")) {
    const std::string type = TextOf(step, "type", "");
    if (type == "Metaspace") {
      ReadMetaspace(step, source, marks);
      metaspace = true;
    } else {
      // Gemma splits at spaces, of which the normalizer has left none.
      TERSOR_CHECK(
          type == "Split" && replaces && TextOf(Member(step, "pattern"), "String", "") == " ",
          source, ": pre-tokenizer ", Quoted(type),
          " is not supported with byte_fallback; supported: Metaspace");
    }
  }
  TERSOR_CHECK(replaces || metaspace, source,
               ": byte_fallback without Metaspace or a normalizer that marks spaces by U+2581");
  for (const SortedJson& step : Steps(Member(json, "decoder"), "decoders")) {
    const std::string type = TextOf(step, "type", "");
    const SortedJson& start = Member(step, "start");
    marks.strip_first = marks.strip_first ||
                        (type == "Strip" && start.is_number_integer() && start != 0) ||
                        (type == "Metaspace" && marks.prefix != SpaceMarks::Prefix::kNever);
  }
  return marks;
}

void ReadAddedTokens(const SortedJson& tokens, const std::string& source, BpeDefinition& out) {
  std::unordered_set<std::string> seen;
  for (const SortedJson& token : tokens) {
    AddedToken added;
    added.content = TextOf(token, "content", "");
    TERSOR_CHECK(!added.content.empty(), source, ": an added token has no content");
    added.id = static_cast<int32_t>(IdOf(Member(token, "id"), added.content, source));
    added.special = FlagOf(token, "special", false);
    added.lstrip = FlagOf(token, "lstrip", false);
    added.rstrip = FlagOf(token, "rstrip", false);
    added.single_word = FlagOf(token, "single_word", false);
    added.normalized = FlagOf(token, "normalized", false);
    TERSOR_CHECK(seen.insert(added.content).second, source, ": token ", Quoted(added.content),
                 " is added twice");
    out.added.push_back(std::move(added));
  }
}

std::optional<int32_t> FindToken(const BpeDefinition& definition, const std::string& content) {
  for (const AddedToken& token : definition.added) {
    if (token.content == content) {
      return token.id;
    }
  }
  const auto found = definition.vocab.find(content);
  return found == definition.vocab.end() ? std::nullopt
                                         : std::optional(static_cast<int32_t>(found->second));
}

/// A template that begins with a special token adds that token before the text.
void ReadPostProcessor(const SortedJson& processor, BpeDefinition& out) {
  const std::string type = TextOf(processor, "type", "");
  if (type == "Sequence") {
    for (const SortedJson& inner : Member(processor, "processors")) {
      ReadPostProcessor(inner, out);
    }
    return;
  }
  const SortedJson& single = Member(processor, "single");
  if (type != "TemplateProcessing" || !single.is_array() || single.empty()) {
    return;
  }
  const std::string first = TextOf(Member(single[0], "SpecialToken"), "id", "");
  if (!first.empty()) {
    out.bos = FindToken(out, first);
    out.adds_bos = out.bos.has_value();
  }
}

void ReadCompanions(const std::string& folder, BpeDefinition& out) {
  const auto size = static_cast<int64_t>(out.vocab_size());
  const SpecialTokens tokens = ReadSpecialTokens(
      folder, size, [&](const std::string& token) { return FindToken(out, token); });
  out.bos = tokens.bos ? tokens.bos : out.bos;
  out.eos = tokens.eos ? tokens.eos : out.eos;
  out.adds_bos = tokens.adds_bos.value_or(out.adds_bos);
}

/// The older layout does not list its added tokens; beginning and end are special all the same.
void AddTextEnds(BpeDefinition& out) {
  for (const auto& [token, id] : out.vocab) {
    const bool known = std::any_of(out.added.begin(), out.added.end(),
                                   [id = id](const AddedToken& t) { return t.id == id; });
    if (!known && (out.bos == id || out.eos == id)) {
      out.added.push_back({.content = token, .id = static_cast<int32_t>(id), .special = true});
    }
  }
}

BpeDefinition ReadDefinition(std::string_view text, const std::string& source) {
  const SortedJson json = ParseSortedJson(text, source);
  TERSOR_CHECK(json.is_object(), source, ": not a JSON object");
  BpeDefinition definition;
  const SortedJson& model = Member(json, "model");
  ReadModel(model, source, definition);
  ReadAddedTokens(Member(json, "added_tokens"), source, definition);
  ReadPostProcessor(Member(json, "post_processor"), definition);
  if (FlagOf(model, "byte_fallback", false)) {
    definition.space_marks = ReadSpaceMarks(json, source);
    return definition;
  }
  ReadNormalizer(Member(json, "normalizer"), source, definition);
  for (const SortedJson& step : Steps(Member(json, "pre_tokenizer"), "pretokenizers")) {
    ReadPreTokenizer(step, source, definition);
  }
  TERSOR_CHECK(definition.byte_level, source,
               ": neither a ByteLevel pre-tokenizer nor byte_fallback; other BPE is not supported");
  return definition;
}

std::shared_ptr<const Tokenizer> MakeBpe(const BpeDefinition& definition,
                                         const std::string& source) {
  return definition.space_marks ? MakeSpaceMarkBpe(definition, source)
                                : MakeByteLevelBpe(definition, source);
}

}  // namespace

std::shared_ptr<const Tokenizer> ParseBpeTokenizer(std::string_view json,
                                                   const std::string& source) {
  return MakeBpe(ReadDefinition(json, source), source);
}

BpeDefinition ReadBpeDefinition(const std::string& path) {
  BpeDefinition definition = ReadDefinition(ReadFile(path), path);
  ReadCompanions(fs::path(path).parent_path().string(), definition);
  return definition;
}

BpeDefinition ReadVocabAndMerges(const std::string& folder) {
  const std::string source = folder + "/vocab.json";
  BpeDefinition definition;
  ReadVocab(ParseSortedJson(ReadFile(source), source), source, definition);
  std::istringstream lines(ReadFile(folder + "/merges.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && !line.starts_with("#version")) {
      AddMerge(line, folder + "/merges.txt", definition);
    }
  }
  definition.byte_level = true;
  definition.patterns.emplace_back(kGpt2Pattern);
  definition.added = ReadAddedTokens(folder);
  ReadCompanions(folder, definition);
  AddTextEnds(definition);
  return definition;
}

std::shared_ptr<const Tokenizer> LoadBpeTokenizer(const std::string& path) {
  return MakeBpe(ReadBpeDefinition(path), path);
}

std::shared_ptr<const Tokenizer> LoadVocabAndMerges(const std::string& folder) {
  return MakeByteLevelBpe(ReadVocabAndMerges(folder), folder + "/vocab.json");
}

}  // namespace tersor::io
