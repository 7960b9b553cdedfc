#include "tersor/twin/xml_reader.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "tersor/util/config.h"
#include "tersor/util/file.h"
#include "tersor/util/log.h"
#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

// Beyond any real network; a small .gz that claims more is hostile.
constexpr size_t kMaxTextBytes = size_t{1} << 30;

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool IsGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

/// All members of a gzip file, one after another.
std::string Inflated(std::string_view bytes, const std::string& name) {
  z_stream stream = {};
  TERSOR_CHECK(::inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK, name, ": cannot start zlib");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, ::inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  size_t unread = bytes.size();
  std::string text;
  while (true) {
    constexpr size_t kPiece = size_t{1} << 16;
    const size_t size = text.size();
    TERSOR_CHECK(size < kMaxTextBytes, name, ": more than 1 GiB when decompressed");
    text.resize(size + kPiece);
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + size);
    stream.avail_out = kPiece;
    const uInt given = static_cast<uInt>(std::min(unread, kMaxTextBytes));
    stream.avail_in = given;
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    unread -= given - stream.avail_in;
    text.resize(size + kPiece - stream.avail_out);
    if (status == Z_STREAM_END) {
      if (!IsGzip(bytes.substr(bytes.size() - unread))) {
        return text;
      }
      ::inflateReset(&stream);
    } else {
      TERSOR_CHECK(status == Z_OK, name, ": broken or truncated gzip data");
    }
  }
}

/// The attribute's own position in the text, which pugixml parses in place.
size_t Offset(const char* position, const std::string& text) {
  return static_cast<size_t>(position - text.data());
}

}  // namespace

std::optional<double> ParseNumber(std::string_view text) {
  text = Trimmed(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> SplitWords(std::string_view text, char separator) {
  const std::string_view ends = separator == ' ' ? kBlanks : std::string_view(&separator, 1);
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(ends), text.size());
    const std::string_view word = Trimmed(text.substr(0, end));
    if (!word.empty()) {
      words.push_back(word);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& known) {
  const std::string nearest = NearestName(word, known);
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

XmlDocument XmlDocument::Read(const std::string& path) {
  std::string bytes = ReadFile(path);
  return XmlDocument(IsGzip(bytes) ? Inflated(bytes, path) : std::move(bytes), path);
}

XmlDocument::XmlDocument(std::string text, std::string name)
    : contents_(std::make_unique<Contents>()) {
  contents_->name = std::move(name);
  contents_->text = std::move(text);
  std::string& bytes = contents_->text;
  TERSOR_CHECK(bytes.size() <= kMaxTextBytes, contents_->name, ": more than 1 GiB");
  for (size_t i = bytes.find('\n'); i != std::string::npos; i = bytes.find('\n', i + 1)) {
    contents_->line_ends.push_back(i);
  }
  const size_t zero = bytes.find('\0');
  TERSOR_CHECK(zero == std::string::npos, contents_->Place(zero),
               ": a zero byte; this is no XML text");
  // One encoding, so that positions are those of the file.
  const pugi::xml_parse_result result = contents_->document.load_buffer_inplace(
      bytes.data(), bytes.size(), pugi::parse_default, pugi::encoding_utf8);
  TERSOR_CHECK(result, contents_->Place(static_cast<size_t>(std::max<ptrdiff_t>(result.offset, 0))),
               ": broken XML: ", result.description());
}

XmlElement XmlDocument::Root() const {
  return XmlElement(contents_.get(), contents_->document.document_element());
}

XmlElement XmlDocument::Root(std::string_view name) const {
  const XmlElement root = Root();
  TERSOR_CHECK(root.name() == name, root.Place(""), ": expected <", name, ">, found <", root.name(),
               ">");
  return root;
}

std::string XmlDocument::Contents::Place(size_t offset) const {
  const auto line = std::lower_bound(line_ends.begin(), line_ends.end(), offset);
  const size_t begin = line == line_ends.begin() ? 0 : *std::prev(line) + 1;
  return internal::Concat(name, ':', line - line_ends.begin() + 1, ':', offset - begin + 1);
}

std::string XmlElement::Place(const char* attribute) const {
  const pugi::xml_attribute found = node_.attribute(attribute);
  return contents_->Place(Offset(found ? found.name() : node_.name(), contents_->text));
}

std::string XmlElement::Label() const {
  const pugi::xml_attribute id = node_.attribute("id");
  return id ? internal::Concat(name(), ' ', Quoted(id.value())) : std::string(name());
}

std::string_view XmlElement::Text(const char* attribute) const {
  const pugi::xml_attribute found = node_.attribute(attribute);
  if (!found) {
    Fail(": attribute ", attribute, " is missing");
  }
  return found.value();
}

std::string_view XmlElement::Text(const char* attribute, std::string_view fallback) const {
  const pugi::xml_attribute found = node_.attribute(attribute);
  return found ? found.value() : fallback;
}

std::vector<std::string_view> XmlElement::Words(const char* attribute) const {
  return SplitWords(Text(attribute, ""));
}

double XmlElement::Number(const char* attribute) const {
  const std::string_view text = Text(attribute);
  const std::optional<double> value = ParseNumber(text);
  if (!value) {
    FailAt(attribute, ": ", Quoted(text), " is not a finite number");
  }
  return *value;
}

double XmlElement::Number(const char* attribute, double fallback) const {
  return Has(attribute) ? Number(attribute) : fallback;
}

double XmlElement::Positive(const char* attribute) const {
  const double value = Number(attribute);
  if (value <= 0) {
    FailAt(attribute, ": ", Quoted(Text(attribute)), " must be greater than 0");
  }
  return value;
}

double XmlElement::Positive(const char* attribute, double fallback) const {
  return Has(attribute) ? Positive(attribute) : fallback;
}

double XmlElement::NonNegative(const char* attribute, double fallback) const {
  const double value = Number(attribute, fallback);
  if (value < 0) {
    FailAt(attribute, ": ", Quoted(Text(attribute)), " must not be negative");
  }
  return value;
}

double XmlElement::InRange(const char* attribute, double low, double high, double fallback) const {
  const double value = Number(attribute, fallback);
  if (value < low || value > high) {
    FailAt(attribute, ": ", Quoted(Text(attribute)), " must be within ", low, " and ", high);
  }
  return value;
}

int32_t XmlElement::Integer(const char* attribute) const {
  const std::string_view text = Trimmed(Text(attribute));
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    FailAt(attribute, ": ", Quoted(text), " is not an integer of 32 bits");
  }
  return value;
}

int32_t XmlElement::Integer(const char* attribute, int32_t fallback) const {
  return Has(attribute) ? Integer(attribute) : fallback;
}

int32_t XmlElement::Index(const char* attribute) const {
  const int32_t value = Integer(attribute);
  if (value < 0) {
    FailAt(attribute, ": ", value, " must not be negative");
  }
  return value;
}

bool XmlElement::Flag(const char* attribute, bool fallback) const {
  const std::string_view text = Trimmed(Text(attribute, fallback ? "1" : "0"));
  for (const std::string_view yes : {"1", "true", "yes", "on", "x"}) {
    if (text == yes) {
      return true;
    }
  }
  for (const std::string_view no : {"0", "false", "no", "off", "-"}) {
    if (text == no) {
      return false;
    }
  }
  FailAt(attribute, ": ", Quoted(text), " is neither true nor false");
}

double XmlElement::Time(const char* attribute) const {
  const std::string_view text = Text(attribute);
  if (text.find(':') == std::string_view::npos) {
    return Number(attribute);
  }
  const std::vector<std::string_view> parts = SplitWords(text, ':');
  const double days = parts.size() == 4 ? ParseNumber(parts[0]).value_or(-1) : 0;
  double seconds = days;
  bool valid = parts.size() == 3 || parts.size() == 4;
  for (size_t i = parts.size() - (valid ? 3 : 0); i < parts.size(); ++i) {
    const double part = ParseNumber(parts[i]).value_or(-1);
    valid = valid && part >= 0 && part < (i + 3 == parts.size() ? 24e3 : 60);
    seconds = seconds * (i + 3 == parts.size() ? 24 : 60) + part;
  }
  if (!valid || days < 0) {
    FailAt(attribute, ": ", Quoted(text), " is no time; write seconds or hours:minutes:seconds");
  }
  return seconds;
}

double XmlElement::Time(const char* attribute, double fallback) const {
  return Has(attribute) ? Time(attribute) : fallback;
}

std::vector<const char*> XmlElement::Attributes() const {
  std::vector<const char*> names;
  for (const pugi::xml_attribute attribute : node_.attributes()) {
    names.push_back(attribute.name());
  }
  return names;
}

std::vector<XmlElement> XmlElement::Children() const {
  std::vector<XmlElement> children;
  for (const pugi::xml_node child : node_.children()) {
    if (child.type() == pugi::node_element) {
      children.push_back(XmlElement(contents_, child));
    }
  }
  return children;
}

std::vector<XmlElement> XmlElement::Children(const char* name) const {
  std::vector<XmlElement> children;
  for (const pugi::xml_node child : node_.children(name)) {
    children.push_back(XmlElement(contents_, child));
  }
  return children;
}

void InputWarnings::UnknownAttributes(const XmlElement& element,
                                      std::initializer_list<std::string_view> known) {
  for (const char* const attribute : element.Attributes()) {
    if (std::find(known.begin(), known.end(), attribute) == known.end()) {
      UnknownAttribute(element, attribute);
    }
  }
}

void InputWarnings::UnknownAttribute(const XmlElement& element, const char* attribute) {
  const bool of_xml_itself = std::string_view(attribute).find(':') != std::string_view::npos;
  if (!of_xml_itself && said_.insert(internal::Concat(element.name(), ' ', attribute)).second) {
    log::Warn("{}: {}: the attribute {} is not known; it is ignored here and further on",
              element.Place(attribute), element.Label(), Quoted(attribute));
  }
}

void InputWarnings::Once(const XmlElement& element, const std::string& warning) {
  if (said_.insert(warning).second) {
    log::Warn("{}: {}: {}, here and further on", element.Place(""), element.Label(), warning);
  }
}

}  // namespace tersor::twin
