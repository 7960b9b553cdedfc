// Between tensors and safetensors files.
#ifndef TERSOR_NN_TENSOR_IO_H_
#define TERSOR_NN_TENSOR_IO_H_

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "tersor/io/safetensors.h"
#include "tersor/nn/parameter.h"

namespace tersor::nn {

/// Copies a stored tensor into `to`, converting its type. Throws Error naming the tensor when the
/// shapes differ.
void CopyFrom(const io::HostTensor& stored, const at::Tensor& to);

/// Writes tensors atomically. Float tensors are stored as `float_type`, integers as they are.
void SaveTensors(const std::string& path, const NamedTensors& tensors, io::Dtype float_type,
                 const std::map<std::string, std::string>& metadata = {});

/// Fills every tensor of the list from the file; throws Error for one that is missing.
void LoadTensors(const io::TensorStore& store, const NamedTensors& tensors);

/// The parameters' tensors by name.
NamedTensors Named(const ParameterList& parameters);

}  // namespace tersor::nn

#endif  // TERSOR_NN_TENSOR_IO_H_
