// Columns of numbers in little room inside a page: zigzag varints of differences, as base64.
#ifndef TERSOR_TWIN_COLUMN_CODE_H_
#define TERSOR_TWIN_COLUMN_CODE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace tersor::twin {

/// A growing column. A number takes a byte for -64 to 63, two for -8192 to 8191, and so on: seven
/// bits a byte, the lowest first, the eighth says that more follow.
class VarintColumn {
 public:
  void Add(int64_t value);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// RFC 4648, padded.
std::string Base64(std::string_view bytes);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COLUMN_CODE_H_
