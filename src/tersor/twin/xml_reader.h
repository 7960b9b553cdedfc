// XML input as SUMO writes it: elements and typed attributes whose errors name the file, the line,
// the column, the element and the attribute.
#ifndef TERSOR_TWIN_XML_READER_H_
#define TERSOR_TWIN_XML_READER_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <pugixml.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/util/error.h"

namespace tersor::twin {

/// The whole of `text`, blanks around it aside, as a finite number.
std::optional<double> ParseNumber(std::string_view text);

/// The words of `text` between blanks, or between `separator` with the blanks around them taken
/// off. Empty words are left out.
std::vector<std::string_view> SplitWords(std::string_view text, char separator = ' ');

/// "; did you mean 'x'?", or "" where no known name is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

class XmlElement;

/// A parsed text. It must outlive its elements and the texts that they return.
class XmlDocument {
 public:
  /// Reads a file, compressed by gzip or not. Throws Error naming the file, the line and the
  /// column.
  static XmlDocument Read(const std::string& path);
  /// The same of a text; `name` stands for it in messages.
  XmlDocument(std::string text, std::string name);

  /// The outermost element. Throws Error where it is not called `name`.
  XmlElement Root(std::string_view name) const;
  XmlElement Root() const;
  const std::string& name() const { return contents_->name; }

 private:
  friend class XmlElement;
  struct Contents {
    std::string name, text;
    std::vector<size_t> line_ends;
    pugi::xml_document document;

    /// "file:line:column"; columns count bytes.
    std::string Place(size_t offset) const;
  };
  std::unique_ptr<Contents> contents_;
};

/// One element; cheap to copy. Attributes without a fallback must be there.
class XmlElement {
 public:
  std::string_view name() const { return node_.name(); }
  bool Has(const char* attribute) const { return !node_.attribute(attribute).empty(); }

  std::string_view Text(const char* attribute) const;
  std::string_view Text(const char* attribute, std::string_view fallback) const;
  std::vector<std::string_view> Words(const char* attribute) const;  // none where it is missing
  double Number(const char* attribute) const;                        // finite
  double Number(const char* attribute, double fallback) const;
  double Positive(const char* attribute) const;
  double Positive(const char* attribute, double fallback) const;
  double NonNegative(const char* attribute, double fallback) const;
  double InRange(const char* attribute, double low, double high, double fallback) const;
  int32_t Integer(const char* attribute) const;
  int32_t Integer(const char* attribute, int32_t fallback) const;
  int32_t Index(const char* attribute) const;  // an integer that is not negative
  bool Flag(const char* attribute, bool fallback) const;
  /// Seconds, or [days:]hours:minutes:seconds.
  double Time(const char* attribute) const;
  double Time(const char* attribute, double fallback) const;

  std::vector<const char*> Attributes() const;  // names
  std::vector<XmlElement> Children() const;
  std::vector<XmlElement> Children(const char* name) const;

  /// Throws Error: the element's place and what it is called, then `parts`.
  template <typename... Parts>
  [[noreturn]] void Fail(const Parts&... parts) const {
    tersor::Fail(Place(""), ": ", Label(), parts...);
  }
  /// The same with the place and the name of an attribute.
  template <typename... Parts>
  [[noreturn]] void FailAt(const char* attribute, const Parts&... parts) const {
    tersor::Fail(Place(attribute), ": ", Label(), ", ", attribute, parts...);
  }
  /// "file:line:column" of an attribute, or of the element where it has no such one.
  std::string Place(const char* attribute) const;
  /// The element's name and id, such as "lane 'A0_0'".
  std::string Label() const;

 private:
  friend class XmlDocument;
  XmlElement(const XmlDocument::Contents* contents, pugi::xml_node node)
      : contents_(contents), node_(node) {}

  const XmlDocument::Contents* contents_;
  pugi::xml_node node_;
};

/// What a reader tells the user of its input, each once however often it meets it.
class InputWarnings {
 public:
  /// Attributes that nobody reads, by the element's and the attribute's name.
  void UnknownAttributes(const XmlElement& element, std::initializer_list<std::string_view> known);
  void UnknownAttribute(const XmlElement& element, const char* attribute);
  void Once(const XmlElement& element, const std::string& warning);

 private:
  std::set<std::string> said_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_XML_READER_H_
