#include "tersor/train/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "tersor/train/adamw.h"
#include "tersor/train/metrics_log.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"

namespace tersor::train {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Keys that may change between the sessions of one run: its length and its reporting.
bool MayChange(const std::string& key) {
  for (const char* free : {"/train/steps", "/train/max_minutes", "/train/eval_every",
                           "/train/save_every", "/threads", "/output", "/data/cache"}) {
    if (key == free) {
      return true;
    }
  }
  return false;
}

void CheckSameRun(const Json& saved, const Json& now, const std::string& folder) {
  const Json before = saved.flatten(), after = now.flatten();
  for (const auto& [key, value] : after.items()) {
    if (MayChange(key)) {
      continue;
    }
    const auto old = before.find(key);
    const std::string was = old == before.end() ? "unset" : old->dump();
    TERSOR_CHECK(was == value.dump(), folder, ": the run there has ", key.substr(1), " = ", was,
                 ", now ", value.dump(), "; use the same settings, or another output folder");
  }
}

/// "fallback_rate" -> "fallback rate".
std::string Spaced(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

/// "model.layers.3.mlp.up_proj.weight" -> "model.layers.3", "vit.encoder.layer.3.output.dense.bias"
/// -> "vit.encoder.layer.3"; other names as they are.
std::string LayerOf(const std::string& name) {
  for (const std::string_view part : {".layers.", ".layer."}) {
    if (const size_t at = name.find(part); at != std::string::npos) {
      return name.substr(0, name.find('.', at + part.size()));
    }
  }
  return name;
}

}  // namespace

/// What one step's micro-batches amount to, over all ranks.
struct Trainer::StepSums {
  double nll = 0, weight = 0;
  bool interrupted = false;
  double elapsed = 0;  // the leading rank's clock, so that all ranks decide alike
};

void TrainerConfig::AddFields(Schema& schema) {
  schema.Add("train.steps", "optimizer steps", &steps)
      .Add("train.max_minutes", "shorten the schedule to end by then (0: no limit)", &max_minutes)
      .Add("train.batch_size", "windows or images a step, over all ranks", &batch_size)
      .Add("train.micro_batch", "windows or images a forward pass (0: all at once)", &micro_batch)
      .Add("train.lr", "peak learning rate", &schedule.learning_rate)
      .Add("train.schedule", "constant, cosine, wsd or inverse_sqrt", &schedule.kind)
      .Add("train.warmup_steps", "steps of linear warm-up", &schedule.warmup_steps)
      .Add("train.decay_fraction", "wsd: share of the steps that decay", &schedule.decay_fraction)
      .Add("train.decay_shape", "wsd: linear or sqrt", &schedule.decay_shape)
      .Add("train.min_lr_ratio", "final over peak learning rate", &schedule.min_ratio)
      .Add("train.beta1", "AdamW's first-moment decay", &adamw.beta1)
      .Add("train.beta2", "AdamW's second-moment decay", &adamw.beta2)
      .Add("train.eps", "AdamW's epsilon", &adamw.eps)
      .Add("train.weight_decay", "of matrices; norms and biases have none", &adamw.weight_decay)
      .Add("train.clip_norm", "largest gradient norm (0: no clipping)", &clip_norm)
      .Add("train.average_decay", "of the moving average of the weights (0: none)", &average_decay)
      .Add("train.eval_every", "steps between evaluations (0: at the end)", &eval_every)
      .Add("train.save_every", "steps between checkpoints (0: at the end)", &save_every)
      .Add("train.save_dtype", "of the best checkpoint: f32, bf16 or f16", &save_dtype);
}

void TrainerConfig::Validate(int ranks) const {
  const auto require = [](bool ok, const char* field, const char* rule) {
    if (!ok) {
      FailUsage("train.", field, " must be ", rule);
    }
  };
  require(steps > 0, "steps", "above 0");
  require(max_minutes >= 0, "max_minutes", "0 or more");
  require(batch_size > 0 && batch_size % ranks == 0, "batch_size",
          "above 0 and a multiple of the number of ranks");
  require(micro_batch >= 0 && (micro_batch == 0 || batch_size / ranks % micro_batch == 0),
          "micro_batch", "a divisor of each rank's share of batch_size");
  require(adamw.beta1 >= 0 && adamw.beta1 < 1, "beta1", "in [0, 1)");
  require(adamw.beta2 >= 0 && adamw.beta2 < 1, "beta2", "in [0, 1)");
  require(adamw.eps > 0, "eps", "above 0");
  require(adamw.weight_decay >= 0, "weight_decay", "0 or more");
  require(clip_norm >= 0, "clip_norm", "0 or more");
  require(average_decay >= 0 && average_decay < 1, "average_decay", "in [0, 1)");
  require(eval_every >= 0, "eval_every", "0 or more");
  require(save_every >= 0, "save_every", "0 or more");
  require(save_dtype == "f32" || save_dtype == "bf16" || save_dtype == "f16", "save_dtype",
          "f32, bf16 or f16");
  schedule.Validate();
}

Trainer::Trainer(const TrainerConfig& config, TrainTask task, Communicator& communicator,
                 std::string folder, Json identity, uint64_t seed)
    : config_(config),
      task_(std::move(task)),
      communicator_(communicator),
      folder_(std::move(folder)),
      seed_(seed),
      optimizer_(task_.make_optimizer ? task_.make_optimizer(task_.parameters, config.adamw)
                                      : std::make_unique<AdamW>(task_.parameters, config.adamw)),
      hooks_(task_.hooks) {
  config_.Validate(communicator_.size());
  if (config_.average_decay > 0) {
    average_ = std::make_unique<WeightAverage>(task_.parameters, config_.average_decay);
    hooks_.push_back(average_.get());
  }
  state_ = optimizer_->State();
  for (Hook* hook : hooks_) {
    const nn::NamedTensors more = hook->State();
    state_.insert(state_.end(), more.begin(), more.end());
  }
  run_.total_steps = config_.steps;
  run_.config = std::move(identity);
  Resume();
}

Trainer::~Trainer() = default;

double Trainer::Elapsed() const { return seconds_before_ + Now() - began_; }

void Trainer::Resume() {
  const std::optional<RunState> saved = ReadRunState(LastFolder());
  if (!saved) {
    return;
  }
  CheckSameRun(saved->config, run_.config, folder_);
  LoadRun(LastFolder(), task_.parameters, state_);
  const Json config = run_.config;
  const bool same_length = saved->config.at("train").at("steps") == config_.steps;
  run_ = *saved;
  run_.config = config;
  if (!same_length) {
    run_.total_steps = config_.steps;
  }
  // A budget that has already set the end keeps it, or the schedule would bend twice.
  time_fixed_ = same_length && run_.total_steps != config_.steps;
  seconds_before_ = run_.seconds;
  if (leads()) {
    log::Info("resuming at step {} of {} from {}", run_.step, run_.total_steps, LastFolder());
  }
}

RunState Trainer::Run() {
  began_ = Now();
  std::unique_ptr<MetricsLog> metrics;
  if (leads()) {
    metrics = std::make_unique<MetricsLog>(folder_ + "/metrics.jsonl", run_.step);
  }
  Progress progress(leads() ? "training" : "", run_.total_steps, "step", run_.step);
  const double targets_a_step = static_cast<double>(config_.batch_size) * task_.targets_per_sample;
  while (run_.step < run_.total_steps) {
    const double step_began = Now();
    const double rate = LearningRate(config_.schedule, run_.step, run_.total_steps);
    StepInfo info{run_.step, rate, &task_.parameters};
    info.try_batch = [this](int64_t first_sample) { return TryBatch(first_sample); };
    for (Hook* hook : hooks_) {
      hook->BeforeStep(info);
    }
    const StepSums sums = Accumulate(run_.step * config_.batch_size);
    info.targets = sums.weight;
    for (Hook* hook : hooks_) {
      hook->AfterBackward(info);
    }
    const double norm = Update(sums, rate);
    for (Hook* hook : hooks_) {
      hook->AfterStep(info);
    }
    ++run_.step;
    run_.targets += sums.weight;
    run_.seconds = sums.elapsed;
    ApplyTimeBudget(sums.elapsed);
    const double loss = sums.nll / sums.weight, rate_now = targets_a_step / (Now() - step_began);
    if (leads()) {
      Json line = {{"step", run_.step},
                   {"loss", loss},
                   {"lr", rate},
                   {"grad_norm", norm},
                   {"targets", run_.targets},
                   {task_.target_unit + "s_per_second", rate_now},
                   {"seconds", sums.elapsed}};
      for (const Hook* hook : hooks_) {
        hook->Report(line);
      }
      metrics->Append(line);
      progress.SetTotal(ExpectedSteps());
      progress.Update(run_.step,
                      fmt::format("loss {:.3f}, {:.0f} {}s/s", loss, rate_now, task_.target_unit));
    }
    const bool ends = run_.step == run_.total_steps;
    if (task_.evaluate && (ends || Due(config_.eval_every))) {
      Evaluate(progress);
      if (leads()) {
        metrics->Append(last_evaluation_);
      }
    }
    if (ends || sums.interrupted || Due(config_.save_every)) {
      Save();
    }
    if (sums.interrupted && !ends) {
      progress.Finish();
      throw Interrupted(fmt::format("stopped at step {} of {}; the same command resumes from {}",
                                    run_.step, run_.total_steps, LastFolder()));
    }
  }
  return run_;
}

int64_t Trainer::ExpectedSteps() const {
  if (config_.max_minutes <= 0 || time_fixed_ || run_.seconds <= 0) {
    return run_.total_steps;
  }
  const double steps = static_cast<double>(run_.step) / run_.seconds * config_.max_minutes * 60;
  return std::min(run_.total_steps, std::max(run_.step, static_cast<int64_t>(steps)));
}

bool Trainer::Due(int64_t every) const { return every > 0 && run_.step % every == 0; }

double Trainer::TryBatch(int64_t first_sample) { return Accumulate(first_sample).weight; }

Trainer::StepSums Trainer::Accumulate(int64_t first_sample) {
  const int64_t share = config_.batch_size / communicator_.size();
  const int64_t micro = config_.micro_batch > 0 ? config_.micro_batch : share;
  const int64_t first = first_sample + communicator_.rank() * share;
  std::vector<double> sums(4);
  for (int64_t done = 0; done < share; done += micro) {
    const Rng rng(seed_, static_cast<uint64_t>(first + done));
    const Objective::Result result =
        task_.objective->Loss(task_.source->Get(first + done, micro), rng);
    result.loss.backward();
    sums[0] += result.nll_sum;
    sums[1] += result.weight;
  }
  sums[2] = InterruptRequested() ? 1 : 0;
  sums[3] = leads() ? Elapsed() : 0;
  for (Hook* hook : hooks_) {
    const std::span<double> counts = hook->Counts();
    sums.insert(sums.end(), counts.begin(), counts.end());
  }
  communicator_.AllReduceSum(sums);
  size_t next = 4;
  for (Hook* hook : hooks_) {
    const std::span<double> counts = hook->Counts();
    std::copy_n(sums.begin() + static_cast<std::ptrdiff_t>(next), counts.size(), counts.begin());
    next += counts.size();
  }
  std::vector<at::Tensor> gradients;
  for (const nn::Parameter& parameter : task_.parameters) {
    gradients.push_back(parameter.value.grad());
  }
  communicator_.AllReduceGradients(gradients);
  return {sums[0], sums[1], sums[2] > 0, sums[3]};
}

double Trainer::Update(const StepSums& sums, double learning_rate) {
  TERSOR_CHECK(sums.weight > 0, "step ", run_.step + 1,
               ": no token of the batch carries loss; look at the data's loss spans");
  const double norm = optimizer_->GradientNorm() / sums.weight;
  if (!std::isfinite(sums.nll) || !std::isfinite(norm)) {
    StopNotFinite(sums.nll / sums.weight, norm);
  }
  const bool clips = config_.clip_norm > 0 && norm > config_.clip_norm;
  const double scale = (clips ? config_.clip_norm / norm : 1) / sums.weight;
  optimizer_->Step(run_.step, learning_rate, scale);
  return norm;
}

void Trainer::ApplyTimeBudget(double elapsed) {
  if (config_.max_minutes <= 0 || time_fixed_) {
    return;
  }
  // The decay takes its share of the steps, hence of the time: it starts when the rest is used up.
  const double fraction = config_.schedule.FinalFraction();
  if (elapsed >= config_.max_minutes * 60 * (1 - fraction)) {
    const auto total = static_cast<int64_t>(
        std::ceil(static_cast<double>(run_.step) / std::max(1 - fraction, 1e-9)));
    run_.total_steps = std::clamp(total, run_.step, run_.total_steps);
    time_fixed_ = true;
  }
}

void Trainer::Evaluate(Progress& progress) {
  const UseAverage use(average_.get());
  const Evaluation result = task_.evaluate();
  last_evaluation_ = {{"step", run_.step}, {"validation_loss", result.loss}};
  last_evaluation_.update(result.metrics);
  const bool best = run_.best_step < 0 || result.loss < run_.best_loss;
  if (best) {
    run_.best_loss = result.loss;
    run_.best_step = run_.step;
  }
  if (!leads()) {
    return;
  }
  if (best) {
    const io::Dtype dtype = config_.save_dtype == "bf16"  ? io::Dtype::kBF16
                            : config_.save_dtype == "f16" ? io::Dtype::kF16
                                                          : io::Dtype::kF32;
    nn::ParameterList stored = task_.parameters;
    for (Hook* hook : hooks_) {
      hook->Export(stored);
    }
    SaveModelFolder(folder_ + "/best", stored, dtype,
                    task_.write_best_files ? task_.write_best_files : task_.write_files);
  }
  std::string line = fmt::format("step {}: validation loss {:.4f}", run_.step, result.loss);
  for (const auto& [name, value] : result.metrics.items()) {
    line += fmt::format(", {} {:.4g}", name, value.get<double>());
  }
  progress.Line(line + (best ? " (best)" : ""));
}

void Trainer::Save() {
  if (leads()) {
    SaveRun(LastFolder(), task_.parameters, state_, run_, task_.write_files);
  }
}

void Trainer::StopNotFinite(double loss, double norm) const {
  std::map<std::string, std::pair<double, double>> layers;  // sums of squares: weights, gradients
  for (const nn::Parameter& parameter : task_.parameters) {
    auto& [weights, gradients] = layers[LayerOf(parameter.name)];
    weights += parameter.value.detach().square().sum().item<double>();
    gradients += parameter.value.grad().square().sum().item<double>();
  }
  if (leads()) {
    log::Warn("norms by layer at step {}:", run_.step + 1);
    for (const auto& [name, sums] : layers) {
      log::Warn("  {}: weights {:.4g}, gradients {:.4g}", name, std::sqrt(sums.first),
                std::sqrt(sums.second));
    }
  }
  const std::optional<RunState> saved = ReadRunState(LastFolder());
  Fail("step ", run_.step + 1, ": the loss is ", loss, " and the gradient norm ", norm,
       "; last good checkpoint: ",
       saved ? LastFolder() + " (step " + std::to_string(saved->step) + ")" : "none",
       "; lower train.lr or train.clip_norm, or look at the data");
}

Json Trainer::Reported() const {
  Json reported = Json::object();
  for (const Hook* hook : hooks_) {
    hook->Report(reported);
  }
  return reported;
}

Json Trainer::LateMeans() const {
  constexpr int64_t kLate = 5;  // the last fifth
  std::map<std::string, std::pair<double, int64_t>> sums;
  const Json reported = Reported();
  for (const Json& line : ReadMetrics(folder_ + "/metrics.jsonl")) {
    for (const auto& [key, unused] : reported.items()) {
      const Json value = line.value(key, Json());
      if (value.is_number() && line.at("step").get<int64_t>() * kLate > run_.step * (kLate - 1)) {
        auto& [sum, count] = sums["late_" + key];
        sum += value.get<double>();
        ++count;
      }
    }
  }
  Json means = Json::object();
  for (const auto& [name, total] : sums) {
    means[name] = total.first / static_cast<double>(total.second);
  }
  return means;
}

Json Trainer::Series() const {
  Json series = Json::object();
  const Json reported = Reported();
  const auto add = [&](const std::string& name, const std::string& y_label, const Json& step,
                       const Json& value) {
    Json& curve = series[name];
    if (curve.is_null()) {
      curve = {
          {"x", Json::array()}, {"y", Json::array()}, {"x_label", "step"}, {"y_label", y_label}};
    }
    curve["x"].push_back(step);
    curve["y"].push_back(value);
  };
  const std::string loss = "loss (nats per " + task_.target_unit + ")";
  for (const Json& line : ReadMetrics(folder_ + "/metrics.jsonl")) {
    const Json& step = line.at("step");
    for (const auto& [key, name, y_label] :
         {std::tuple("loss", "training loss", loss.c_str()),
          std::tuple("validation_loss", "validation loss", loss.c_str()),
          std::tuple("accuracy", "validation accuracy", "accuracy"),
          std::tuple("lr", "learning rate", "learning rate"),
          std::tuple("grad_norm", "gradient norm", "gradient norm")}) {
      if (line.contains(key)) {
        add(name, y_label, step, line[key]);
      }
    }
    for (const auto& [key, unused] : reported.items()) {
      const Json value = line.value(key, Json());
      const std::string name = Spaced(key);
      if (value.is_number()) {
        add(name, name, step, value);
      }
      const Json kinds = value.is_object() ? value : Json::object();
      for (const auto& [kind, list] : kinds.items()) {
        if (list.is_number()) {
          add(name + ": " + kind, name, step, list);
          continue;
        }
        for (size_t layer = 0; layer < list.size(); ++layer) {
          const std::string curve = kind + ", layer " + std::to_string(layer);
          add(curve, name + ": " + kind, step, list[layer]);
          series[curve]["inner"] = true;
        }
      }
    }
  }
  return series;
}

}  // namespace tersor::train
