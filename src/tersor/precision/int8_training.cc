#include "tersor/precision/int8_training.h"

#include <algorithm>

#include "tersor/precision/int8_head.h"
#include "tersor/precision/int8_linear.h"
#include "tersor/util/rng.h"

namespace tersor::precision {
namespace {

/// The fastest kernel that takes the codes: with 7 bits, one that needs them to be small.
const kernel::Int8Kernel* ChooseKernel(int64_t bits) {
  const kernel::Int8Kernel* best = &kernel::BestInt8Kernel();
  if (bits == 7 && best->layout == kernel::Int8Layout::kPairs) {
    for (const kernel::Int8Kernel& kernel : kernel::Int8Kernels()) {
      if (kernel.layout == kernel::Int8Layout::kQuads) {
        return &kernel;
      }
    }
  }
  return best;
}

}  // namespace

uint64_t Int8State::NextKey() { return Rng(seed, static_cast<uint64_t>(step)).Bits64(draws++); }

Int8Training::Int8Training(const Int8Config& config, uint64_t seed) {
  state_.config = config;
  state_.kernel = ChooseKernel(config.bits);
  state_.seed = seed;
}

nn::PrecisionFactory Int8Training::Precision() {
  return [this](const nn::LinearSite& place) {
    Int8Site& site = AddSite(place, "layers." + std::to_string(place.layer) + "." + place.name);
    return std::make_unique<Int8Precision>(state_, site);
  };
}

model::HeadLossFunction Int8Training::HeadLoss() {
  Int8Site& site = AddSite({0, "lm_head"}, "lm_head");
  return
      [this, &site](const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets) {
        return Int8CrossEntropy(state_, site, hidden, weight, targets);
      };
}

Int8Site& Int8Training::AddSite(const nn::LinearSite& place, const std::string& name) {
  auto site = std::make_unique<Int8Site>();
  site->place = place;
  site->name = name;
  if (state_.config.fallback()) {
    site->threshold = std::make_unique<Threshold>(state_.config);
  }
  sites_.push_back(std::move(site));
  return *sites_.back();
}

void Int8Training::BeforeStep(const train::StepInfo& info) {
  state_.step = info.step;
  state_.draws = 0;
  state_.training = true;
}

std::span<double> Int8Training::Counts() {
  // Asked for twice a step: to be read, and to be overwritten with the sums over ranks.
  if (counts_.empty()) {
    for (const std::unique_ptr<Int8Site>& site : sites_) {
      if (site->threshold != nullptr) {
        const std::span<double> counts = site->threshold->counts();
        counts_.insert(counts_.end(), counts.begin(), counts.end());
      }
    }
  }
  return counts_;
}

void Int8Training::AfterStep(const train::StepInfo&) {
  state_.training = false;
  rates_ = Json::object();
  double sum = 0, sites = 0;
  size_t next = 0;
  for (const std::unique_ptr<Int8Site>& site : sites_) {
    if (site->threshold == nullptr) {
      continue;
    }
    const std::span<double> counts = site->threshold->counts();
    if (next < counts_.size()) {
      std::copy_n(counts_.begin() + static_cast<std::ptrdiff_t>(next), counts.size(),
                  counts.begin());
      next += counts.size();
    }
    const double rate = site->threshold->rate();
    rates_[site->place.name].push_back(rate);  // in the order of the layers
    sum += rate;
    ++sites;
    site->threshold->Update();
  }
  mean_rate_ = sum / sites;
  counts_.clear();
}

nn::NamedTensors Int8Training::State() {
  nn::NamedTensors state;
  for (const std::unique_ptr<Int8Site>& site : sites_) {
    if (site->threshold != nullptr) {
      state.emplace_back("fallback." + site->name, site->threshold->State());
    }
  }
  return state;
}

void Int8Training::Report(Json& metrics) const {
  if (!rates_.empty()) {
    metrics["fallback_rate"] = mean_rate_;
    metrics["fallback_rate_by_layer"] = rates_;
  }
}

}  // namespace tersor::precision
