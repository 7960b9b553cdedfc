// The general-purpose compressor that a language model should beat: xz at its strongest preset.
#ifndef TERSOR_EVAL_XZ_H_
#define TERSOR_EVAL_XZ_H_

#include <cstdint>
#include <string_view>

namespace tersor::eval {

/// Size in bytes of `text` as `xz -9e` writes it. Its dictionary of 64 MiB reaches back to the
/// start of texts up to that size.
int64_t XzSize(std::string_view text);

}  // namespace tersor::eval

#endif  // TERSOR_EVAL_XZ_H_
