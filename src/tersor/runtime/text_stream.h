// Text of generated tokens as it can be shown: whole UTF-8 characters, nothing of a stop string.
#ifndef TERSOR_RUNTIME_TEXT_STREAM_H_
#define TERSOR_RUNTIME_TEXT_STREAM_H_

#include <string>
#include <string_view>
#include <vector>

namespace tersor::runtime {

class TextStream {
 public:
  explicit TextStream(std::vector<std::string> stop);

  /// Takes the bytes of the next token. Returns what can be shown for certain: not the beginning of
  /// a character that is still incomplete, and not what might turn out to begin a stop string.
  std::string Add(std::string_view bytes);

  /// The rest, once generation has ended otherwise; bytes of no valid character become U+FFFD.
  std::string Finish();

  /// A stop string came; it and what follows are never shown.
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stop_;
  std::string held_;  // not shown yet
  bool stopped_ = false;
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_TEXT_STREAM_H_
