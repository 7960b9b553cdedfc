#include "tersor/kernel/attend.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "tersor/kernel/attend_prefill.h"
#include "tersor/kernel/flash_attention.h"
#include "tersor/kernel/longest_first.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/attend.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/exp-inl.h"
#include "tersor/kernel/load_float-inl.h"

// A task takes up to kTaskRows query rows (token by query head of one key-value head) and walks a
// stretch of positions in steps of kStep, whose keys and values stay in the first cache for all
// rows. Per row it carries the running maximum, the sum of exponentials and the weighted sum of
// values (the online softmax of Milakov and Gimelshein, arXiv:1805.02867).
#ifndef TERSOR_KERNEL_ATTEND_ONCE_
#define TERSOR_KERNEL_ATTEND_ONCE_
namespace tersor::kernel {

constexpr int64_t kStep = 32;
constexpr int64_t kTaskRows = 32;
constexpr int64_t kStretch = 1024;  // positions a task where rows are few

struct AttendTask {
  const AttendInput* input;
  int64_t kv_head, row, rows;  // rows [row, row + rows) of the tokens x group rows of the head
  int64_t begin, end;          // positions, a multiple of kKeyPanel at the beginning
  float* state;                // [rows, StateSize]
  const uint8_t* selected;     // [key blocks] of the head, 0: skipped; or null
};

/// A row's state: weighted values [PaddedDim], sums of weights, one a lane [kKeyPanel], maximum.
inline int64_t StateSize(int64_t head_dim) { return PaddedDim(head_dim) + 2 * kKeyPanel; }

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_ATTEND_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kKeyPanel>;
constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(D()));
constexpr int kVectors = static_cast<int>(kKeyPanel / kLanes);  // of a block of positions

/// scores[r, 0..16) = query rows times a block of keys.
template <class T, int kRows>
HWY_INLINE void ScoreBlock(int64_t head_dim, const float* HWY_RESTRICT query, const uint8_t* keys,
                           float* HWY_RESTRICT scores) {
  const D d;
  hn::Vec<D> sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = hn::Zero(d);
    }
  }
  for (int64_t i = 0; i < head_dim; ++i) {
    hn::Vec<D> key[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      key[v] =
          LoadFloats<T>(d, keys + (i * kKeyPanel + v * kLanes) * static_cast<int64_t>(sizeof(T)));
    }
    for (int r = 0; r < kRows; ++r) {
      const auto q = hn::Set(d, query[r * head_dim + i]);
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::MulAdd(q, key[v], sums[r][v]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[r][v], d, scores + r * kStep + v * kLanes);
    }
  }
}

/// state[r, dims) += sum over `count` positions of weights[r, j] value[j], two vectors of dims at a
/// time where the padded dimension allows.
template <class T, int kRows, int kDims>
HWY_INLINE void AddValueColumns(int64_t count, int64_t padded, const float* HWY_RESTRICT weights,
                                const uint8_t* values, float* HWY_RESTRICT state, int64_t size) {
  const D d;
  hn::Vec<D> sums[kRows][kDims];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kDims; ++v) {
      sums[r][v] = hn::LoadU(d, state + r * size + v * kLanes);
    }
  }
  for (int64_t j = 0; j < count; ++j) {
    hn::Vec<D> value[kDims];
    for (int v = 0; v < kDims; ++v) {
      value[v] =
          LoadFloats<T>(d, values + (j * padded + v * kLanes) * static_cast<int64_t>(sizeof(T)));
    }
    for (int r = 0; r < kRows; ++r) {
      const auto w = hn::Set(d, weights[r * kStep + j]);
      for (int v = 0; v < kDims; ++v) {
        sums[r][v] = hn::MulAdd(w, value[v], sums[r][v]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kDims; ++v) {
      hn::StoreU(sums[r][v], d, state + r * size + v * kLanes);
    }
  }
}

template <class T, int kRows>
HWY_INLINE void AddValues(int64_t count, int64_t padded, const float* weights,
                          const uint8_t* values, float* state, int64_t size) {
  int64_t i = 0;
  if constexpr (kLanes == 16 && kRows <= 4) {  // 32 registers
    for (; i + 4 * kLanes <= padded; i += 4 * kLanes) {
      AddValueColumns<T, kRows, 4>(count, padded, weights,
                                   values + i * static_cast<int64_t>(sizeof(T)), state + i, size);
    }
  }
  for (; i + 2 * kLanes <= padded; i += 2 * kLanes) {
    AddValueColumns<T, kRows, 2>(count, padded, weights,
                                 values + i * static_cast<int64_t>(sizeof(T)), state + i, size);
  }
  for (; i < padded; i += kLanes) {
    AddValueColumns<T, kRows, 1>(count, padded, weights,
                                 values + i * static_cast<int64_t>(sizeof(T)), state + i, size);
  }
}

/// Turns scores of one row into weights exp(score - maximum) and brings the row's state to the new
/// maximum; scores outside [begin, end) of the step count for nothing.
HWY_INLINE void Weigh(int64_t begin, int64_t end, int64_t padded, float* HWY_RESTRICT scores,
                      float* HWY_RESTRICT state) {
  const D d;
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  if (begin > 0) {
    std::fill(scores, scores + begin, kNothing);
  }
  if (end < kStep) {
    std::fill(scores + std::max<int64_t>(0, end), scores + kStep, kNothing);
  }
  auto largest = hn::LoadU(d, scores);
  for (int64_t j = kLanes; j < kStep; j += kLanes) {
    largest = hn::Max(largest, hn::LoadU(d, scores + j));
  }
  float& maximum = state[padded + kKeyPanel];
  const float highest = std::max(maximum, hn::GetLane(hn::MaxOfLanes(d, largest)));
  if (highest > maximum) {
    const auto shrink = hn::Set(d, std::exp(maximum - highest));
    for (int64_t i = 0; i < padded + kKeyPanel; i += kLanes) {
      hn::StoreU(hn::Mul(hn::LoadU(d, state + i), shrink), d, state + i);
    }
    maximum = highest;
  }
  const auto shift = hn::Set(d, highest);
  for (int64_t j = 0; j < kStep; j += kLanes) {
    const auto weight = ExpNonPositive(d, hn::Sub(hn::LoadU(d, scores + j), shift));
    float* sums = state + padded + j % kKeyPanel;
    hn::StoreU(hn::Add(hn::LoadU(d, sums), weight), d, sums);
    hn::StoreU(weight, d, scores + j);
  }
}

/// Calls run<n>(row) over [0, rows) with tiles of 8 (where registers allow), 4 and 1 rows.
template <class Run>
HWY_INLINE void ForTiles(int64_t rows, const Run& run) {
  int64_t r = 0;
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM
  for (; r + 8 <= rows; r += 8) {
    run(std::integral_constant<int, 8>(), r);
  }
#endif
  for (; r + 4 <= rows; r += 4) {
    run(std::integral_constant<int, 4>(), r);
  }
  for (; r < rows; ++r) {
    run(std::integral_constant<int, 1>(), r);
  }
}

/// Positions [begin, end) that a task's row sees.
struct Sight {
  int64_t begin, end;
};
HWY_INLINE Sight SightOf(const AttendTask& task, int64_t row) {
  const AttendInput& in = *task.input;
  if (!in.causal) {
    return {0, in.first + in.tokens};
  }
  const int64_t position = in.first + (task.row + row) / (in.heads / in.kv_heads);
  return {in.window > 0 ? std::max<int64_t>(0, position + 1 - in.window) : 0, position + 1};
}

template <class T>
void Run(const AttendTask& task) {
  const AttendInput& in = *task.input;
  const int64_t dim = in.head_dim, padded = PaddedDim(dim), size = StateSize(dim);
  const int64_t group = in.heads / in.kv_heads;
  const auto* keys = reinterpret_cast<const uint8_t*>(in.keys) + task.kv_head * in.key_stride;
  const auto* values = reinterpret_cast<const uint8_t*>(in.values) + task.kv_head * in.value_stride;
  constexpr auto kBytes = static_cast<int64_t>(sizeof(T));
  HWY_ALIGN float scores[kTaskRows * kStep];
  float* query = task.state + task.rows * size;  // [rows, head_dim], gathered and scaled
  for (int64_t r = 0; r < task.rows; ++r) {
    const int64_t token = (task.row + r) / group, head = (task.row + r) % group;
    const float* from = in.query + token * in.query_stride + (task.kv_head * group + head) * dim;
    std::transform(from, from + dim, query + r * dim, [&](float q) { return q * in.scale; });
    float* state = task.state + r * size;
    std::fill_n(state, padded + kKeyPanel, 0.0f);
    state[padded + kKeyPanel] = -std::numeric_limits<float>::max();
  }
  // The first row looks furthest back, the last one furthest ahead.
  const int64_t end = std::min(task.end, SightOf(task, task.rows - 1).end);
  int64_t step = std::max(task.begin, SightOf(task, 0).begin / kKeyPanel * kKeyPanel);
  for (; step < end; step += kStep) {
    if (task.selected != nullptr && task.selected[step / kKeyBlock] == 0) {
      continue;
    }
    const int64_t count = std::min(kStep, end - step);
    ForTiles(task.rows, [&]<int kRows>(std::integral_constant<int, kRows>, int64_t r) {
      for (int64_t j = 0; j < count; j += kKeyPanel) {
        ScoreBlock<T, kRows>(dim, query + r * dim, keys + (step + j) * dim * kBytes,
                             scores + r * kStep + j);
      }
    });
    for (int64_t r = 0; r < task.rows; ++r) {
      const Sight sight = SightOf(task, r);
      Weigh(std::min(sight.begin - step, kStep), std::min(sight.end - step, count), padded,
            scores + r * kStep, task.state + r * size);
    }
    ForTiles(task.rows, [&]<int kRows>(std::integral_constant<int, kRows>, int64_t r) {
      AddValues<T, kRows>(count, padded, scores + r * kStep, values + step * padded * kBytes,
                          task.state + r * size, size);
    });
  }
}

void RunTask(const AttendTask& task) {
  if (task.input->type == FloatType::kF32) {
    Run<float>(task);
  } else {
    Run<hwy::bfloat16_t>(task);
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(RunTask);

/// Rows of a key-value head that tasks cover together, and the tasks' number for each of them.
struct Plan {
  std::span<AttendTask> tasks;
  int64_t count = 0;
};

/// A task of an input with many tokens.
struct PrefillTask {
  const AttendInput* input;
  int64_t index;
};

int64_t Stretches(const AttendInput& in) {
  // A few rows (decode) leave parallel work along the positions only. The number must not depend
  // on the threads, or the result would.
  const int64_t seen = in.first + in.tokens;
  const bool few = in.tokens * (in.heads / in.kv_heads) <= kTaskRows;
  return few ? (seen + kStretch - 1) / kStretch : 1;
}

int64_t TaskCount(const AttendInput& in) {
  const int64_t rows = in.tokens * (in.heads / in.kv_heads);
  return in.kv_heads * ((rows + kTaskRows - 1) / kTaskRows) * Stretches(in);
}

/// Which key blocks any query head of a key-value head selects, [kv_heads, key blocks].
const uint8_t* UnionOfHeads(const AttendInput& in, Workspace& workspace) {
  const int64_t blocks = KeyBlocks(in.first + in.tokens), group = in.heads / in.kv_heads;
  const int64_t rows = QueryBlocks(in.tokens);
  auto* selected = workspace.Take<uint8_t>(in.kv_heads * blocks);
  std::fill_n(selected, in.kv_heads * blocks, uint8_t{0});
  for (int64_t head = 0; head < in.heads; ++head) {
    const int64_t begin = in.selection->offsets[head * rows];
    const int64_t end = in.selection->offsets[(head + 1) * rows];
    for (int64_t i = begin; i < end; ++i) {
      selected[head / group * blocks + in.selection->indices[i]] = 1;
    }
  }
  return selected;
}

void AppendTasks(const AttendInput& in, Workspace& workspace, Plan& plan) {
  const int64_t rows = in.tokens * (in.heads / in.kv_heads), stretches = Stretches(in);
  const int64_t blocks = KeyBlocks(in.first + in.tokens);
  const uint8_t* selected = in.selection == nullptr ? nullptr : UnionOfHeads(in, workspace);
  for (int64_t head = 0; head < in.kv_heads; ++head) {
    for (int64_t row = 0; row < rows; row += kTaskRows) {
      for (int64_t s = 0; s < stretches; ++s) {
        AttendTask& task = plan.tasks[static_cast<size_t>(plan.count++)];
        task = {&in,          head,
                row,          std::min(kTaskRows, rows - row),
                s * kStretch, s + 1 == stretches ? in.first + in.tokens : (s + 1) * kStretch,
                nullptr,      selected == nullptr ? nullptr : selected + head * blocks};
        task.state = workspace.Take<float>(task.rows * (StateSize(in.head_dim) + in.head_dim));
      }
    }
  }
}

/// Joins the stretches of rows, tasks[0 .. stretches), and writes the result out.
void Finish(const AttendTask* tasks, int64_t stretches) {
  const AttendInput& in = *tasks->input;
  const int64_t padded = PaddedDim(in.head_dim), size = StateSize(in.head_dim);
  const int64_t group = in.heads / in.kv_heads;
  for (int64_t r = 0; r < tasks->rows; ++r) {
    const int64_t token = (tasks->row + r) / group, head = (tasks->row + r) % group;
    float* out = in.out + token * in.out_stride + (tasks->kv_head * group + head) * in.head_dim;
    float highest = -std::numeric_limits<float>::max(), total = 0;
    for (int64_t s = 0; s < stretches; ++s) {
      highest = std::max(highest, tasks[s].state[r * size + padded + kKeyPanel]);
    }
    std::fill_n(out, in.head_dim, 0.0f);
    for (int64_t s = 0; s < stretches; ++s) {
      const float* state = tasks[s].state + r * size;
      const float* sums = state + padded;
      const float factor = std::exp(sums[kKeyPanel] - highest);
      total += factor * std::accumulate(sums, sums + kKeyPanel, 0.0f);
      for (int64_t i = 0; i < in.head_dim; ++i) {
        out[i] += factor * state[i];
      }
    }
    for (int64_t i = 0; i < in.head_dim; ++i) {
      out[i] /= total;
    }
  }
}

}  // namespace

void StoreKeyValue(FloatType type, int64_t head_dim, const float* key, const float* value,
                   int64_t position, std::byte* keys, std::byte* values) {
  const int64_t block = position / kKeyPanel * kKeyPanel * head_dim + position % kKeyPanel;
  const int64_t row = position * PaddedDim(head_dim);
  const auto store = [head_dim, key, value, block, row](auto* k, auto* v, auto convert) {
    for (int64_t i = 0; i < head_dim; ++i) {
      k[block + i * kKeyPanel] = convert(key[i]);
      v[row + i] = convert(value[i]);
    }
    for (int64_t i = head_dim; i < PaddedDim(head_dim); ++i) {
      v[row + i] = 0;
    }
  };
  if (type == FloatType::kF32) {
    store(reinterpret_cast<float*>(keys), reinterpret_cast<float*>(values),
          [](float x) { return x; });
  } else {
    store(reinterpret_cast<uint16_t*>(keys), reinterpret_cast<uint16_t*>(values), FloatToBF16);
  }
}

void Attend(std::span<const AttendInput> inputs, Workspace& workspace) {
  const Workspace::Scope scope(workspace);
  int64_t count = 0, prefill_count = 0, scratch_size = 0;
  for (const AttendInput& in : inputs) {
    if (IsPrefill(in)) {
      prefill_count += PrefillTasks(in);
      scratch_size = std::max(scratch_size, PrefillScratch(in));
    } else {
      count += TaskCount(in);
    }
  }
  Plan plan{{workspace.Take<AttendTask>(count), static_cast<size_t>(count)}};
  auto* prefill = workspace.Take<PrefillTask>(prefill_count);
  PrefillTask* next = prefill;
  for (const AttendInput& in : inputs) {
    if (IsPrefill(in)) {
      for (int64_t task = 0; task < PrefillTasks(in); ++task) {
        *next++ = {&in, task};
      }
    } else {
      AppendTasks(in, workspace, plan);
    }
  }
  const int64_t workers = NumThreads();
  auto* scratch = workspace.Take<float>(workers * scratch_size);
  const auto work = [&](int64_t i) {
    if (i < prefill_count) {
      return PrefillWork(*prefill[i].input, prefill[i].index);
    }
    const AttendTask& task = plan.tasks[static_cast<size_t>(i - prefill_count)];
    return task.rows * (task.end - task.begin);
  };
  const auto run = [&](int64_t i, int64_t worker) {
    if (i < prefill_count) {
      RunPrefillTask(*prefill[i].input, prefill[i].index, scratch + worker * scratch_size);
    } else {
      HWY_DYNAMIC_DISPATCH(RunTask)(plan.tasks[static_cast<size_t>(i - prefill_count)]);
    }
  };
  ForLongestFirst(prefill_count + count, workers, work, run, workspace);
  for (int64_t i = 0; i < count;) {
    const int64_t stretches = Stretches(*plan.tasks[static_cast<size_t>(i)].input);
    Finish(&plan.tasks[static_cast<size_t>(i)], stretches);
    i += stretches;
  }
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
