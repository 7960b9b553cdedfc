// Rows of a table by index.
#ifndef TERSOR_OP_EMBEDDING_H_
#define TERSOR_OP_EMBEDDING_H_

#include <ATen/core/Tensor.h>

namespace tersor::op {

/// table [vocab, dim], ids int64 [n] -> [n, dim]. The backward pass adds the n rows straight into
/// an existing table.grad(), so that its cost grows with n and not with the vocabulary; without one
/// it returns a dense gradient. Throws Error naming the first id outside [0, vocab).
at::Tensor Embedding(const at::Tensor& table, const at::Tensor& ids);

}  // namespace tersor::op

#endif  // TERSOR_OP_EMBEDDING_H_
