// Rotary frequencies of a model configuration.
#ifndef TERSOR_IO_ROPE_FREQUENCIES_H_
#define TERSOR_IO_ROPE_FREQUENCIES_H_

#include <cstdint>
#include <vector>

#include "tersor/io/model_config.h"

namespace tersor::io {

/// Angle per position of each of the head_dim / 2 rotated pairs (Su et al. 2021,
/// arXiv:2104.09864), with linear and llama3 scaling applied.
std::vector<double> RopeFrequencies(int64_t head_dim, double theta, const RopeScaling& scaling);

}  // namespace tersor::io

#endif  // TERSOR_IO_ROPE_FREQUENCIES_H_
