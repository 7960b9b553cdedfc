#include "tersor/precision/mxfp4_linear.h"

#include <ATen/ATen.h>

#include "tersor/kernel/mxfp4_gemm.h"
#include "tersor/precision/mx_rounding.h"
#include "tersor/precision/mxfp4_tensor.h"
#include "tersor/util/error.h"

namespace tersor::precision {
namespace {

[[noreturn]] void FailNotFinite(const Mxfp4State& state, const std::string& what) {
  Fail("step ", state.step + 1, ": ", what,
       " has values that are not finite; lower train.lr or train.clip_norm, or look at the data");
}

/// One scale for the whole matrix and 4 bits: codes of -7..7.
at::Tensor RoundToInt4(const at::Tensor& x, bool stochastic, uint64_t key) {
  const at::Tensor step = x.abs().max().clamp_min(1e-30) / 7;
  const at::Tensor scaled = x / step;
  if (!stochastic) {
    return scaled.round().clamp_(-7, 7) * step;
  }
  at::Generator generator = at::detail::createCPUGenerator(key);
  return (scaled + at::rand(x.sizes(), generator)).floor_().clamp_(-7, 7) * step;
}

/// Products in float32 of the values that quantizers give: every format, design and subset.
class ValuesArithmetic : public LinearArithmetic {
 public:
  ValuesArithmetic(Mxfp4State& state, const Mxfp4Group& group) : state_(state), group_(group) {}

  std::vector<at::Tensor> Forward(const at::Tensor& x, at::TensorList weights, bool,
                                  std::vector<at::Tensor>* kept) override {
    const at::Tensor rounded = Round(1, x, /*axis=*/1);
    std::vector<at::Tensor> outputs;
    for (size_t i = 0; i < weights.size(); ++i) {
      outputs.push_back(at::mm(rounded, WeightValues(i, weights[i]).t()));
    }
    kept->push_back(state_.config.requantizes() ? rounded : x);
    return outputs;
  }

  void Backward(size_t index, const at::Tensor& grad, const at::Tensor& weight,
                std::span<const at::Tensor> kept, const Gradients& out) override {
    const at::Tensor again =
        state_.config.requantizes() ? WeightValues(index, weight) : weight.detach();
    at::Tensor grad_for_x, grad_for_weight, rounded_weight, x;
    if (out.x != nullptr) {
      grad_for_x = Round(3, grad, 1);
      rounded_weight = Round(4, again, 0);
    }
    if (out.weight != nullptr) {
      grad_for_weight = Round(5, grad, 0);
      x = Round(6, kept[0], 0);
    }
    PutGradients(grad_for_x, rounded_weight, grad_for_weight, x, out);
  }

 private:
  at::Tensor WeightValues(size_t index, const at::Tensor& weight) {
    return Mxfp4WeightValues(state_, weight.detach(), group_.averages[index],
                             "a weight of " + group_.name);
  }

  /// Quantizer `number` of section 3 on x, with groups along `axis`.
  at::Tensor Round(int number, const at::Tensor& x, int64_t axis) {
    const std::string what = (number == 1 || number == 6 ? "the input of "
                              : number == 4              ? "a weight of "
                                                         : "the output's gradient of ") +
                             group_.name;
    return RoundValues(state_, number, x.detach(), axis, what);
  }

 public:
  static at::Tensor RoundValues(Mxfp4State& state, int number, const at::Tensor& x, int64_t axis,
                                const std::string& what) {
    const Mxfp4Config& config = state.config;
    const bool backward = number >= 3;
    const bool stochastic = backward && config.stochastic();
    if (!config.quantizes(number)) {
      return x;
    }
    if (config.int4()) {
      return RoundToInt4(x, stochastic, stochastic ? state.NextKey() : 0);
    }
    const kernel::MxElement element =
        backward ? config.backward_element() : config.forward_element();
    const kernel::MxRounding rounding{config.scale_rule(), config.tie_rule(), stochastic,
                                      stochastic ? state.NextKey() : 0};
    const bool kernels = !config.definition && element == kernel::MxElement::kE2M1;
    if (!kernels) {
      const at::Tensor values = RoundToMx(x, axis, element, rounding);
      if (!at::isfinite(values).all().item<bool>()) {
        FailNotFinite(state, what);
      }
      return values;
    }
    const at::Tensor rows = x.contiguous();
    const std::optional<Mxfp4Tensor> coded = axis == 1
                                                 ? Mxfp4Tensor::Quantize(rows, rounding)
                                                 : Mxfp4Tensor::QuantizeTransposed(rows, rounding);
    if (!coded.has_value()) {
      FailNotFinite(state, what);
    }
    return axis == 1 ? coded->Values() : coded->Values().t();
  }

 private:
  Mxfp4State& state_;
  const Mxfp4Group& group_;
};

kernel::FloatRows RowsOf(const at::Tensor& x) {
  return {x.data_ptr<float>(), x.size(0), x.size(1), x.size(1)};
}

/// TetraJet by the kernels: each operand is quantized and packed in one pass.
class PackedArithmetic : public LinearArithmetic {
 public:
  PackedArithmetic(Mxfp4State& state, const Mxfp4Group& group) : state_(state), group_(group) {}

  /// Kept: codes of x, then of every weight.
  std::vector<at::Tensor> Forward(const at::Tensor& x, at::TensorList weights, bool for_backward,
                                  std::vector<at::Tensor>* kept) override {
    const kernel::Workspace::Scope scope(state_.workspace);
    const auto pack = [&](kernel::Mxfp4Source source, kernel::OperandSide side, const char* what) {
      Mxfp4Tensor codes(source.x.rows, source.x.cols);
      source.rounding = Nearest();
      if (for_backward) {
        source.keep = codes.Out();
        const std::vector<at::Tensor> saved = codes.Save();
        kept->insert(kept->end(), saved.begin(), saved.end());
      }
      return Pack(source, side, what);
    };
    const kernel::Mxfp4Operand rows =
        pack({.x = RowsOf(x)}, kernel::OperandSide::kRows, "the input of ");
    std::vector<at::Tensor> outputs;
    for (size_t i = 0; i < weights.size(); ++i) {
      const kernel::Workspace::Scope column_scope(state_.workspace);
      kernel::Mxfp4Source weight{.x = RowsOf(weights[i])};
      if (group_.averages[i].defined() && state_.ema_counts()) {
        weight.ema = RowsOf(group_.averages[i]);
      }
      const kernel::Mxfp4Operand columns =
          pack(weight, kernel::OperandSide::kColumns, "a weight of ");
      outputs.push_back(at::empty({x.size(0), weights[i].size(0)}, x.options()));
      Multiply(rows, columns, false, &outputs.back());
    }
    return outputs;
  }

  void Backward(size_t index, const at::Tensor& grad, const at::Tensor& weight,
                std::span<const at::Tensor> kept, const Gradients& out) override {
    if (out.x != nullptr) {
      const Mxfp4Tensor w = Mxfp4Tensor::Restore(kept.subspan((1 + index) * Mxfp4Tensor::kSaved),
                                                 weight.size(0), weight.size(1));
      MultiplyStochastic({.x = RowsOf(grad)}, w, out.add_x, out.x);
    }
    if (out.weight != nullptr) {
      const Mxfp4Tensor x = Mxfp4Tensor::Restore(kept, grad.size(0), weight.size(1));
      MultiplyStochastic({.x = RowsOf(grad), .transposed = true}, x, out.add_weight, out.weight);
    }
  }

 private:
  kernel::MxRounding Nearest() const {
    return {state_.config.scale_rule(), state_.config.tie_rule()};
  }
  /// The backward operands' rounding, with draws of its own.
  kernel::MxRounding Fresh() {
    kernel::MxRounding rounding = Nearest();
    rounding.stochastic = state_.config.stochastic();
    rounding.key = rounding.stochastic ? state_.NextKey() : 0;
    return rounding;
  }

  kernel::Mxfp4Operand Pack(const kernel::Mxfp4Source& source, kernel::OperandSide side,
                            const char* what) {
    kernel::Mxfp4Operand operand = kernel::PackMxfp4(source, side, state_.workspace);
    if (!operand.finite) {
      FailNotFinite(state_, what + group_.name);
    }
    return operand;
  }

  /// y (+)= a bᵀ with a quantized, and the transpose of b quantized again.
  void MultiplyStochastic(kernel::Mxfp4Source a, const Mxfp4Tensor& b, bool add, at::Tensor* y) {
    const kernel::Workspace::Scope scope(state_.workspace);
    a.rounding = Fresh();
    const kernel::Mxfp4Operand rows =
        Pack(a, kernel::OperandSide::kRows, "the output's gradient of ");
    const kernel::Mxfp4Operand columns =
        Pack({.codes = b.View(), .transposed = true, .rounding = Fresh()},
             kernel::OperandSide::kColumns, "a kept operand of ");
    Multiply(rows, columns, add, y);
  }

  static void Multiply(const kernel::Mxfp4Operand& a, const kernel::Mxfp4Operand& b, bool add,
                       at::Tensor* y) {
    kernel::MatmulMxfp4(a, b, add, y->data_ptr<float>(), y->size(1));
  }

  Mxfp4State& state_;
  const Mxfp4Group& group_;
};

}  // namespace

Mxfp4Tensor QuantizeMxfp4Weight(const Mxfp4State& state, const at::Tensor& weight,
                                const at::Tensor& average, const std::string& what) {
  const kernel::MxRounding rounding{state.config.scale_rule(), state.config.tie_rule()};
  std::optional<Mxfp4Tensor> coded =
      average.defined() && state.ema_counts()
          ? Mxfp4Tensor::QuantizeByEma(weight, average, rounding.scale)
          : Mxfp4Tensor::Quantize(weight, rounding);
  if (!coded.has_value()) {
    FailNotFinite(state, what);
  }
  return *std::move(coded);
}

at::Tensor Mxfp4WeightValues(Mxfp4State& state, const at::Tensor& weight, const at::Tensor& average,
                             const std::string& what) {
  if (!average.defined() || !state.ema_counts() || !state.config.quantizes(2)) {
    return ValuesArithmetic::RoundValues(state, 2, weight, 1, what);
  }
  return state.config.definition ? RoundByEma(weight, average, state.config.scale_rule())
                                 : QuantizeMxfp4Weight(state, weight, average, what).Values();
}

std::unique_ptr<LinearArithmetic> MakeMxfp4Arithmetic(Mxfp4State& state, const Mxfp4Group& group) {
  if (state.config.packed()) {
    return std::make_unique<PackedArithmetic>(state, group);
  }
  return std::make_unique<ValuesArithmetic>(state, group);
}

}  // namespace tersor::precision
