// Loads of stored floats as float32, included once for each Highway target.
#if defined(TERSOR_KERNEL_LOAD_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSOR_KERNEL_LOAD_FLOAT_INL_H_
#undef TERSOR_KERNEL_LOAD_FLOAT_INL_H_
#else
#define TERSOR_KERNEL_LOAD_FLOAT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {

/// A vector of floats from elements of type T (float, hwy::bfloat16_t, hwy::float16_t) at any
/// address.
template <class T, class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> LoadFloats(D d, const uint8_t* from) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::Rebind<T, D> stored;
#if HWY_TARGET == HWY_SCALAR
  T element;  // This target dereferences the address, which must then be aligned.
  std::memcpy(&element, from, sizeof(T));
  const auto loaded = hn::LoadU(stored, &element);
#else
  const hn::Repartition<uint8_t, decltype(stored)> bytes;
  const auto loaded = hn::BitCast(stored, hn::LoadU(bytes, from));
#endif
  if constexpr (sizeof(T) == 4) {
    return loaded;
  } else {
    return hn::PromoteTo(d, loaded);
  }
}

/// One such element.
template <class T>
HWY_INLINE float LoadFloat(const uint8_t* from) {
  namespace hn = hwy::HWY_NAMESPACE;
  return hn::GetLane(LoadFloats<T>(hn::CappedTag<float, 1>(), from));
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
