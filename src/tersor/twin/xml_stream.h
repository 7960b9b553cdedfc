// XML read from front to back in constant memory, for files that may be larger than it: start and
// end tags with their attributes; text between tags is passed over.
#ifndef TERSOR_TWIN_XML_STREAM_H_
#define TERSOR_TWIN_XML_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tersor::twin {

class XmlStream {
 public:
  enum class Event { kStart, kEnd, kDone };
  struct Attribute {
    std::string_view name, value;  // the value with its entities replaced
  };

  /// Opens a file, plain or gzipped. Throws Error naming the path.
  explicit XmlStream(const std::string& path);
  ~XmlStream();
  XmlStream(const XmlStream&) = delete;
  XmlStream& operator=(const XmlStream&) = delete;

  /// The next tag; one that closes itself counts as both. Throws Error naming file, line and
  /// column: tags that do not match, broken attributes, a file that ends too early.
  Event Next();

  /// Of the tag that Next() met; valid until the next call.
  std::string_view name() const { return name_; }
  std::span<const Attribute> attributes() const { return attributes_; }

  /// "file:line:column" of that tag, for messages.
  std::string Where() const { return WhereIs(tag_); }

 private:
  struct Gzip;

  // Reads on, keeping what begins at `keep`; false at the end of the file.
  bool Refill(size_t keep);
  // Moves behind `end`, which closes a comment or the like.
  void SkipPast(std::string_view end);
  // False where the buffer ends within the tag.
  bool ParseTag();
  bool ParseAttributes(const char* at);
  Event Started();
  Event Ended();
  std::string_view Unescaped(std::string_view value);
  std::string WhereIs(size_t offset) const;

  std::string path_;
  std::unique_ptr<Gzip> file_;
  std::vector<char> buffer_;  // with a 0 behind what is filled
  size_t filled_ = 0, at_ = 0, tag_ = 0;
  int64_t lines_ = 0;   // line ends before the buffer
  size_t column_ = 0;   // characters of the buffer's first line that lie before it
  bool ended_ = false;  // the file has
  bool closing_ = false, self_closing_ = false, pending_end_ = false, seen_root_ = false;
  std::string_view name_;
  std::vector<Attribute> attributes_;
  std::deque<std::string> unescaped_;
  std::vector<std::string> open_;
  size_t depth_ = 0;  // of open_ in use
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_XML_STREAM_H_
