#include "tersor/kernel/mxfp4_code.h"

#include <atomic>

#include "tersor/kernel/mxfp4_block.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

/// All blocks of the result.
bool Quantize(const Mxfp4Source& source, const Mxfp4Out& out) {
  const uint64_t key = MixMxKey(source.rounding.key);
  const int64_t blocks = (source.rows() + kMxfp4BlockRows - 1) / kMxfp4BlockRows;
  std::atomic<bool> finite = true;
  ForEachMxfp4Chunk(source, blocks, [&](const Mxfp4Chunk& chunk) {
    bool mine = true;
    for (int64_t g = 0; g < chunk.groups; ++g) {
      mine &= EncodeMxfp4Blocks(source, key, chunk.block * kMxfp4BlockRows, chunk.blocks,
                                chunk.group + g, nullptr, out);
    }
    if (!mine) {
      finite = false;
    }
  });
  return finite;
}

}  // namespace

bool QuantizeMxfp4(const FloatRows& x, const MxRounding& rounding, const Mxfp4Out& out) {
  Mxfp4Source source;
  source.x = x;
  source.rounding = rounding;
  return Quantize(source, out);
}

bool QuantizeMxfp4Transposed(const FloatRows& x, const MxRounding& rounding, const Mxfp4Out& out) {
  Mxfp4Source source;
  source.x = x;
  source.transposed = true;
  source.rounding = rounding;
  return Quantize(source, out);
}

bool RequantizeMxfp4Transposed(const Mxfp4Codes& q, const MxRounding& rounding,
                               const Mxfp4Out& out) {
  Mxfp4Source source;
  source.codes = q;
  source.transposed = true;
  source.rounding = rounding;
  return Quantize(source, out);
}

bool QuantizeMxfp4ByEma(const FloatRows& w, const FloatRows& ema, MxScaleRule scale,
                        const Mxfp4Out& out) {
  Mxfp4Source source;
  source.x = w;
  source.ema = ema;
  source.rounding.scale = scale;
  return Quantize(source, out);
}

void DecodeMxfp4(const Mxfp4Codes& q, float* values, int64_t stride) {
  ParallelFor(0, q.rows, 16, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      DecodeMxfp4Row(q, r, values + r * stride);
    }
  });
}

void Mxfp4GroupToGgml(const uint8_t* codes, uint8_t* ggml) {
  for (int64_t i = 0; i < kMxfp4GroupBytes; ++i) {
    const auto code = [&](int64_t at) { return codes[at / 2] >> (at % 2 * 4) & 15; };
    ggml[i] = static_cast<uint8_t>(code(i) | code(i + 16) << 4);
  }
}

void Mxfp4GroupFromGgml(const uint8_t* ggml, uint8_t* codes) {
  for (int64_t i = 0; i < kMxfp4GroupBytes; ++i) {
    const auto code = [&](int64_t at) { return ggml[at % 16] >> (at / 16 * 4) & 15; };
    codes[i] = static_cast<uint8_t>(code(2 * i) | code(2 * i + 1) << 4);
  }
}

}  // namespace tersor::kernel
