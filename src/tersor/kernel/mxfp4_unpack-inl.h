// Codes of an MXFP4 block as bytes, included once for each Highway target.
#if defined(TERSOR_KERNEL_MXFP4_UNPACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSOR_KERNEL_MXFP4_UNPACK_INL_H_
#undef TERSOR_KERNEL_MXFP4_UNPACK_INL_H_
#else
#define TERSOR_KERNEL_MXFP4_UNPACK_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "tersor/kernel/ggml_mxfp4.h"

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {

/// The 32 doubled values of the block at any address to `out`, a multiple of 16 bytes.
HWY_INLINE void UnpackMxfp4(const uint8_t* block, int8_t* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_SCALAR
  for (int i = 0; i < 16; ++i) {
    out[i] = kDoubledE2m1[block[1 + i] & 15];
    out[i + 16] = kDoubledE2m1[block[1 + i] >> 4];
  }
#else
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::Full128<uint8_t> d;
  const hn::Full128<int8_t> di;
  const auto values = hn::BitCast(d, hn::LoadU(di, kDoubledE2m1));
  const auto codes = hn::LoadU(d, block + 1);
  const auto low = hn::TableLookupBytes(values, hn::And(codes, hn::Set(d, 15)));
  const auto high = hn::TableLookupBytes(values, hn::ShiftRight<4>(codes));
  hn::Store(hn::BitCast(di, low), di, out);
  hn::Store(hn::BitCast(di, high), di, out + 16);
#endif
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
