#include "tersor/precision/int8_products.h"

#include <ATen/ATen.h>

#include <limits>

#include "tersor/util/error.h"

namespace tersor::precision {
namespace {

CodedTensor::Options OptionsOf(const Int8State& state, int limit) {
  CodedTensor::Options options;
  options.block = state.config.block;
  options.limit = limit;
  options.criterion = state.config.block_criterion();
  options.one_scale = state.config.linear == "int8-tensor";
  return options;
}

CodedTensor QuantizeOrFail(const Int8State& state, const Int8Site& site, const char* what,
                           const at::Tensor& x, const CodedTensor::Options& options) {
  std::optional<CodedTensor> coded = CodedTensor::Quantize(x, options);
  TERSOR_CHECK(coded.has_value(), "step ", state.step + 1, ": the ", what, " of ", site.name,
               " has values that are not finite; lower train.lr or train.clip_norm, or look at "
               "the data");
  return *std::move(coded);
}

}  // namespace

CodedTensor QuantizeActivation(Int8State& state, Int8Site& site, const at::Tensor& x, bool counts) {
  CodedTensor::Options options = OptionsOf(state, state.config.limit());
  options.criteria = state.config.fallback();
  options.residual_scale = state.config.residual_scale();
  CodedTensor coded = QuantizeOrFail(state, site, "input", x, options);
  if (!state.config.fallback()) {
    return coded;
  }
  Threshold& threshold = *site.threshold;
  if (!threshold.ready() && state.training) {
    threshold.Start(coded.criteria());
  }
  const double limit =
      threshold.ready() ? threshold.value() : std::numeric_limits<double>::infinity();
  const int64_t fallbacks = coded.AddResiduals(x, options, limit);
  if (state.training && counts) {
    threshold.Count(coded.criteria(), fallbacks);
  }
  return coded;
}

CodedTensor QuantizeWeight(Int8State& state, const Int8Site& site, const at::Tensor& weight) {
  return QuantizeOrFail(state, site, "weight", weight, OptionsOf(state, state.config.limit()));
}

CodedTensor QuantizeGradient(Int8State& state, const Int8Site& site, const at::Tensor& grad) {
  CodedTensor::Options options = OptionsOf(state, 127);
  options.rounding = {state.config.gradient_rounding == "stochastic", state.NextKey()};
  return QuantizeOrFail(state, site, "output's gradient", grad, options);
}

void MultiplyRows(Int8State& state, const CodedTensor& a, bool a_transposed, const CodedTensor& b,
                  bool b_transposed, bool accumulate, at::Tensor& y) {
  const kernel::Workspace::Scope scope(state.workspace);
  const kernel::BlockCodes codes = a.View();
  const kernel::Int8Operand rows = kernel::PackInt8(codes, a_transposed, kernel::OperandSide::kRows,
                                                    *state.kernel, state.workspace);
  Multiply(state, rows, b, b_transposed, accumulate, y);
}

void Multiply(Int8State& state, const kernel::Int8Operand& a, const CodedTensor& b,
              bool b_transposed, bool accumulate, at::Tensor& y) {
  const kernel::Workspace::Scope scope(state.workspace);
  const kernel::BlockCodes codes = b.View();
  const kernel::Int8Operand columns = kernel::PackInt8(
      codes, b_transposed, kernel::OperandSide::kColumns, *state.kernel, state.workspace);
  kernel::MatmulInt8(a, columns, *state.kernel, accumulate, y.data_ptr<float>());
}

}  // namespace tersor::precision
