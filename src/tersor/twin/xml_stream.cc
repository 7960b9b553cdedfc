#include "tersor/twin/xml_stream.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "tersor/util/error.h"
#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

constexpr size_t kChunk = size_t{1} << 18;
constexpr size_t kLongestTag = size_t{1} << 24;  // longer ones are no traffic data

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

bool EndsName(char c) {
  return IsSpace(c) || c == '/' || c == '>' || c == '=' || c == '\0' || c == '<';
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    *out += static_cast<char>(code);
    return;
  }
  const int tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  *out += static_cast<char>(kLead[tail] | (code >> (6 * tail)));
  for (int i = tail - 1; i >= 0; --i) {
    *out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
  }
}

// What `&entity;` stands for; false for an unknown one.
bool AppendEntity(std::string_view entity, std::string* out) {
  constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [name, letter] : kNamed) {
    if (entity == name) {
      *out += letter;
      return true;
    }
  }
  if (!entity.starts_with('#')) {
    return false;
  }
  const bool hexadecimal = entity.starts_with("#x");
  entity.remove_prefix(hexadecimal ? 2 : 1);
  uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(entity.data(), entity.data() + entity.size(), code, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != entity.data() + entity.size() || code > 0x10FFFF ||
      code == 0) {
    return false;
  }
  AppendUtf8(code, out);
  return true;
}

}  // namespace

struct XmlStream::Gzip {
  gzFile file = nullptr;
  ~Gzip() {
    if (file != nullptr) {
      gzclose(file);
    }
  }
};

XmlStream::XmlStream(const std::string& path)
    : path_(path), file_(std::make_unique<Gzip>()), buffer_(kChunk + 1) {
  TERSOR_CHECK(!std::filesystem::is_directory(path), path, ": is a folder, not an XML file");
  file_->file = gzopen(path.c_str(), "rb");
  TERSOR_CHECK(file_->file != nullptr, path, ": cannot be opened: ", std::strerror(errno));
  gzbuffer(file_->file, kChunk);
}

XmlStream::~XmlStream() = default;

std::string XmlStream::WhereIs(size_t offset) const {
  const char* begin = buffer_.data();
  const auto lines = std::count(begin, begin + offset, '\n');
  size_t column = offset + column_;
  for (size_t i = offset; i > 0; --i) {
    if (begin[i - 1] == '\n') {
      column = offset - i;
      break;
    }
  }
  return internal::Concat(path_, ":", lines_ + lines + 1, ":", column + 1);
}

bool XmlStream::Refill(size_t keep) {
  if (ended_) {
    return false;
  }
  const char* begin = buffer_.data();
  lines_ += std::count(begin, begin + keep, '\n');
  const char* line = begin + keep;
  while (line > begin && line[-1] != '\n') {
    --line;
  }
  column_ = static_cast<size_t>(begin + keep - line) + (line == begin ? column_ : 0);
  std::memmove(buffer_.data(), begin + keep, filled_ - keep);
  filled_ -= keep;
  at_ -= keep;
  tag_ -= std::min(tag_, keep);
  if (buffer_.size() < filled_ + kChunk + 1) {
    TERSOR_CHECK(filled_ < kLongestTag, WhereIs(at_), ": a tag that does not end");
    buffer_.resize(filled_ + kChunk + 1);
  }
  const int got = gzread(file_->file, buffer_.data() + filled_, kChunk);
  int code = Z_OK;
  const char* message = gzerror(file_->file, &code);
  TERSOR_CHECK(got >= 0 && (code == Z_OK || code == Z_STREAM_END), path_,
               ": cannot be read: ", message);
  filled_ += static_cast<size_t>(got);
  buffer_[filled_] = '\0';
  ended_ = got == 0;
  return !ended_;
}

void XmlStream::SkipPast(std::string_view end) {
  for (;;) {
    const std::string_view rest(buffer_.data() + at_, filled_ - at_);
    const size_t found = rest.find(end);
    if (found != std::string_view::npos) {
      at_ += found + end.size();
      return;
    }
    at_ = std::max(at_, filled_ - std::min(filled_, end.size() - 1));
    TERSOR_CHECK(Refill(at_), WhereIs(filled_), ": the file ends where '", end, "' should come");
  }
}

XmlStream::Event XmlStream::Next() {
  if (pending_end_) {
    pending_end_ = false;
    attributes_.clear();
    return Event::kEnd;
  }
  for (;;) {
    const auto* found =
        static_cast<const char*>(std::memchr(buffer_.data() + at_, '<', filled_ - at_));
    at_ = found != nullptr ? static_cast<size_t>(found - buffer_.data()) : filled_;
    if (found == nullptr) {
      if (Refill(at_)) {
        continue;
      }
      TERSOR_CHECK(depth_ == 0, WhereIs(filled_), ": the file ends within <", open_[depth_ - 1],
                   ">; it may be cut off");
      TERSOR_CHECK(seen_root_, path_, ": holds no XML element");
      return Event::kDone;
    }
    while (filled_ - at_ < 9 && Refill(at_)) {
    }
    const std::string_view rest(buffer_.data() + at_, filled_ - at_);
    if (rest.starts_with("<!--")) {
      at_ += 4;
      SkipPast("-->");
    } else if (rest.starts_with("<![CDATA[")) {
      SkipPast("]]>");
    } else if (rest.starts_with("<?")) {
      SkipPast("?>");
    } else if (rest.starts_with("<!")) {
      SkipPast(">");
    } else {
      tag_ = at_;
      while (!ParseTag()) {
        TERSOR_CHECK(Refill(tag_), WhereIs(tag_),
                     ": the file ends within a tag; it may be cut off");
        at_ = tag_ = 0;
      }
      return closing_ ? Ended() : Started();
    }
  }
}

XmlStream::Event XmlStream::Started() {
  TERSOR_CHECK(depth_ > 0 || !seen_root_, Where(), ": a second root element <", name_, ">");
  seen_root_ = true;
  pending_end_ = self_closing_;
  if (!self_closing_) {
    if (open_.size() == depth_) {
      open_.emplace_back();
    }
    open_[depth_++].assign(name_);
  }
  return Event::kStart;
}

XmlStream::Event XmlStream::Ended() {
  TERSOR_CHECK(depth_ > 0, Where(), ": </", name_, "> closes nothing");
  TERSOR_CHECK(open_[depth_ - 1] == name_, Where(), ": </", name_, "> where </", open_[depth_ - 1],
               "> is due");
  --depth_;
  return Event::kEnd;
}

bool XmlStream::ParseTag() {
  const char* at = buffer_.data() + tag_ + 1;
  const char* end = buffer_.data() + filled_;
  closing_ = *at == '/';
  at += closing_ ? 1 : 0;
  const char* name = at;
  while (!EndsName(*at)) {
    ++at;
  }
  if (at == end) {
    return false;
  }
  TERSOR_CHECK(at != name, Where(), ": a tag without a name");
  name_ = {name, static_cast<size_t>(at - name)};
  attributes_.clear();
  unescaped_.clear();
  return ParseAttributes(at);
}

bool XmlStream::ParseAttributes(const char* at) {
  const char* end = buffer_.data() + filled_;
  for (;;) {
    while (IsSpace(*at)) {
      ++at;
    }
    self_closing_ = *at == '/';
    at += self_closing_ ? 1 : 0;
    if (at == end) {
      return false;
    }
    if (*at == '>') {
      at_ = static_cast<size_t>(at + 1 - buffer_.data());
      return true;
    }
    const char* name = at;
    while (!EndsName(*at)) {
      ++at;
    }
    const std::string_view attribute(name, static_cast<size_t>(at - name));
    while (IsSpace(*at)) {
      ++at;
    }
    if (at == end) {
      return false;
    }
    TERSOR_CHECK(*at == '=' && !attribute.empty() && !closing_ && !self_closing_, Where(), ": <",
                 name_, ">: not an attribute at ",
                 Quoted({name, size_t(std::min(end - name, ptrdiff_t{20}))}));
    ++at;
    while (IsSpace(*at)) {
      ++at;
    }
    if (at == end) {
      return false;
    }
    TERSOR_CHECK(*at == '"' || *at == '\'', Where(), ": <", name_, ">: the value of ", attribute,
                 " is not in quotes");
    const char* value = at + 1;
    const auto* quote =
        static_cast<const char*>(std::memchr(value, *at, static_cast<size_t>(end - value)));
    if (quote == nullptr) {
      return false;
    }
    attributes_.push_back({attribute, Unescaped({value, static_cast<size_t>(quote - value)})});
    at = quote + 1;
  }
}

std::string_view XmlStream::Unescaped(std::string_view value) {
  size_t mark = value.find('&');
  if (mark == std::string_view::npos) {
    return value;
  }
  std::string out;
  size_t done = 0;
  while (mark != std::string_view::npos) {
    out += value.substr(done, mark - done);
    const size_t semicolon = value.find(';', mark);
    TERSOR_CHECK(semicolon != std::string_view::npos &&
                     AppendEntity(value.substr(mark + 1, semicolon - mark - 1), &out),
                 Where(), ": <", name_, ">: an '&' that begins no known entity in ", Quoted(value),
                 "; write &amp;");
    done = semicolon + 1;
    mark = value.find('&', done);
  }
  out += value.substr(done);
  return unescaped_.emplace_back(std::move(out));
}

}  // namespace tersor::twin
