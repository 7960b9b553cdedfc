#include "tersor/util/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cstdint>
#include <istream>
#include <set>
#include <streambuf>
#include <utility>

#include "tersor/util/error.h"

namespace tersor {
namespace {

// A recipe is a page of text. The limits are far above that and keep a hostile one cheap.
constexpr size_t kMaxYamlBytes = size_t{1} << 20;
constexpr size_t kMaxDepth = 16;

/// The length of the UTF-8 sequence that starts at `text`[0], or 0 where there is none.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) {
    return 0;
  }
  uint32_t code = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < kSmallest[length] || code > 0x10ffff || surrogate ? 0 : length;
}

/// Flattens the parser's events into entries. It builds no tree and refuses aliases, so that
/// neither a deep nor a self-multiplying document costs more than its own length.
class RecipeReader : public YAML::EventHandler {
 public:
  explicit RecipeReader(const std::string& source) : source_(source) {}

  std::vector<YamlEntry> TakeEntries() { return std::move(entries_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      FailUsage(At(mark), ": a second document starts here; keep one '---' at most");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (sections_.empty()) {
      return;  // a file of comments
    }
    CheckPlace(mark, anchor, "?");
    if (key_.empty()) {
      FailUsage(At(mark), ": a key is missing before ':'");
    }
    FailUsage(key_at_, ": ", key_, " has no value; give one or remove the line");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    FailUsage(At(mark), ": aliases (*name) are not supported; write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckPlace(mark, anchor, tag);
    CheckText(value, At(mark));  // an escape such as "\0" writes what the file itself may not
    if (in_list_) {
      entries_.back().items.push_back({value, tag == "!"});
    } else if (key_.empty()) {
      StartKey(mark, value);
    } else {
      Append(YamlEntry::Kind::kScalar).items.push_back({value, tag == "!"});
      key_.clear();
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    CheckPlace(mark, anchor, tag);
    if (in_list_ || key_.empty()) {
      FailUsage(At(mark),
                in_list_ ? ": lists hold plain values, not lists" : ": a list cannot be a key");
    }
    Append(YamlEntry::Kind::kList);
    in_list_ = true;
  }

  void OnSequenceEnd() override {
    in_list_ = false;
    key_.clear();
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    if (sections_.empty()) {
      sections_.emplace_back();
      return;
    }
    CheckPlace(mark, anchor, tag);
    if (in_list_ || key_.empty()) {
      FailUsage(At(mark), in_list_ ? ": lists hold plain values, not mappings"
                                   : ": a mapping cannot be a key");
    }
    if (sections_.size() >= kMaxDepth) {
      FailUsage(At(mark), ": nested more than ", kMaxDepth, " levels deep");
    }
    Append(YamlEntry::Kind::kSection);
    sections_.push_back(key_ + ".");
    key_.clear();
  }

  void OnMapEnd() override { sections_.pop_back(); }

 private:
  std::string At(const YAML::Mark& mark) const {
    return internal::Concat(source_, ":", mark.line + 1);
  }

  void CheckPlace(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) const {
    if (sections_.empty()) {
      FailUsage(At(mark), ": expected 'key: value' lines");
    }
    if (anchor != YAML::NullAnchor) {
      FailUsage(At(mark), ": anchors (&name) are not supported; write the value out");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      FailUsage(At(mark), ": tag ", Quoted(tag), " is not supported; remove it");
    }
  }

  void StartKey(const YAML::Mark& mark, const std::string& name) {
    key_ = sections_.back() + name;
    key_at_ = At(mark);
    if (name.empty() || key_.size() > kMaxYamlKeyBytes) {
      FailUsage(At(mark), ": key ", Quoted(key_), name.empty() ? " is empty" : " is too long");
    }
    if (name.find_first_of("\n\r\t") != std::string::npos) {
      FailUsage(At(mark), ": key ", Quoted(key_), " holds a line end or a tab");
    }
    if (!seen_.insert(key_).second) {
      FailUsage(At(mark), ": duplicate key ", Quoted(key_), "; keep one of them");
    }
  }

  YamlEntry& Append(YamlEntry::Kind kind) {
    return entries_.emplace_back(YamlEntry{key_, key_at_, kind, {}});
  }

  const std::string& source_;
  std::vector<YamlEntry> entries_;
  std::vector<std::string> sections_;  // prefixes of the open mappings, each ending in a dot
  std::string key_, key_at_;           // the key that waits for its value, and its line
  std::set<std::string> seen_;
  int documents_ = 0;
  bool in_list_ = false;
};

/// Reads a string without copying it, as YAML::Parser wants a stream.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // a get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace

// A record (JSON) cannot hold other bytes, and yaml-cpp takes one of the control characters for the
// end of the file.
void CheckText(std::string_view text, const std::string& source) {
  for (size_t i = 0, line = 1; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r');
    const size_t length = control || byte == 0x7f ? 0 : Utf8Length(text.substr(i));
    if (length == 0) {
      FailUsage(source, ": byte ", i + 1, " (line ", line, ") is not text; save it as UTF-8");
    }
    line += byte == '\n' ? 1 : 0;
    i += length;
  }
}

std::vector<YamlEntry> ParseYaml(std::string_view text, const std::string& source) {
  if (text.size() > kMaxYamlBytes) {
    FailUsage(source, ": larger than ", kMaxYamlBytes >> 20, " MiB, which no recipe is");
  }
  CheckText(text, source);
  // yaml-cpp notices an unclosed quote only where the text ends in something else than a line end.
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  RecipeReader reader(source);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(reader)) {
    }
  } catch (const YAML::Exception& e) {
    const std::string at =
        e.mark.is_null() ? source : internal::Concat(source, ":", e.mark.line + 1);
    FailUsage(at, ": not valid YAML: ", e.msg);
  }
  return reader.TakeEntries();
}

}  // namespace tersor
