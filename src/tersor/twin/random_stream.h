// Streams of random numbers by name: what one vehicle draws for one purpose does not depend on who
// else is on the road, so that runs that differ in something else share it.
#ifndef TERSOR_TWIN_RANDOM_STREAM_H_
#define TERSOR_TWIN_RANDOM_STREAM_H_

#include <cstdint>
#include <string_view>

namespace tersor::twin {

inline constexpr uint64_t kStreamBasis = 0xcbf29ce484222325;

/// The stream of a vehicle, flow, ...; FNV-1a of the id. Another `basis` gives another stream.
constexpr uint64_t StreamOf(std::string_view id, uint64_t basis = kStreamBasis) {
  uint64_t hash = basis;
  for (const char c : id) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

/// The stream of what `id` draws for a purpose, such as "perception".
constexpr uint64_t StreamOf(std::string_view purpose, std::string_view id) {
  return StreamOf(id, StreamOf("/", StreamOf(purpose)));
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_RANDOM_STREAM_H_
