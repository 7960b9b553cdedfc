#include "tersor/twin/coupling/perception.h"

#include <algorithm>
#include <cmath>

#include "tersor/twin/random_stream.h"
#include "tersor/util/config_check.h"

namespace tersor::twin {
namespace {

constexpr double kShortest = 0.5, kLongest = 3;  // s of reaction
constexpr double kMostMore = 5;                  // s that weather may add
// Draws of a driver's stream: his own, then two a step.
constexpr uint64_t kReactionDraw = 0, kFirstErrors = 1, kStepErrors = 16;
// s over which braking of the leader is made out.
constexpr double kBrakingTime = 0.3;

}  // namespace

void PerceptionOptions::Validate() const {
  CheckRange("perception.gap_error", gap_error, 0, 1);
  CheckRange("perception.closing_error", closing_error, 0, 1);
  CheckRange("perception.error_time", error_time, 0.1, 1e4);
  CheckRange("perception.reaction_mean", reaction_mean, 0.1, 5);
  CheckRange("perception.reaction_deviation", reaction_deviation, 0, 5);
  CheckRange("perception.alert_share", alert_share, 0, 1);
}

Perception::Perception(const PerceptionOptions& options, double step, uint64_t seed)
    : options_(options),
      step_(step),
      seed_(seed),
      keep_(std::exp(-step / options.error_time)),
      renew_(std::sqrt(1 - keep_ * keep_)),
      capacity_(static_cast<size_t>(std::ceil((kLongest + kMostMore + kBrakingTime) / step)) + 2) {
  options.Validate();
  CheckRange("step", step, 0.001, 10);
}

int32_t Perception::Add(std::string_view vehicle) {
  auto driver = static_cast<int32_t>(stream_.size());
  if (free_.empty()) {
    const size_t size = stream_.size() + 1;
    stream_.resize(size);
    for (auto* field : {&reaction_, &gap_error_, &closing_error_, &last_speed_}) {
      field->resize(size);
    }
    for (auto* field : {&now_, &since_, &visible_}) {
      field->resize(size);
    }
    leader_.resize(size);
    views_.resize(size * capacity_);
  } else {
    driver = free_.back();
    free_.pop_back();
  }
  const size_t d = Index(driver);
  stream_[d] = StreamOf("perception", vehicle);
  const Rng rng(seed_, stream_[d]);
  const double spread = options_.reaction_deviation / options_.reaction_mean;
  const double variance = std::log(1 + spread * spread);
  reaction_[d] =
      std::clamp(options_.reaction_mean *
                     std::exp(std::sqrt(variance) * rng.Normal(kReactionDraw) - variance / 2),
                 kShortest, kLongest);
  gap_error_[d] = rng.Normal(kFirstErrors);
  closing_error_[d] = rng.Normal(kFirstErrors + 1);
  now_[d] = -1;
  leader_[d] = -1;
  since_[d] = 0;
  visible_[d] = -1;
  last_speed_[d] = 0;
  return driver;
}

void Perception::Remove(int32_t driver) { free_.push_back(driver); }

void Perception::Drift(size_t d, double time) {
  // Numbers belong to times, so that a driver errs alike in runs in which he departs otherwise.
  const auto step = static_cast<uint64_t>(std::max(std::llround(time / step_), 0LL));
  const Rng rng(seed_, stream_[d]);
  gap_error_[d] = keep_ * gap_error_[d] + renew_ * rng.Normal(kStepErrors + 2 * step);
  closing_error_[d] = keep_ * closing_error_[d] + renew_ * rng.Normal(kStepErrors + 2 * step + 1);
}

bool Perception::Alert(size_t d, double own_speed, double gap) const {
  constexpr double kFollowed = 3;              // s for which he has been there
  constexpr double kHeadway = 3, kStand = 10;  // s and m that are close
  return visible_[d] >= 0 && gap < kHeadway * own_speed + kStand &&
         static_cast<double>(now_[d] - visible_[d]) * step_ >= kFollowed;
}

// Whether the leader, who was one before this step too, stands or slows down.
bool Perception::StopLamps(int32_t driver, const Ahead& ahead) {
  constexpr double kStanding = 0.3;  // m/s
  constexpr double kSlowing = 0.5;   // m/s^2, more than rolling resistance
  const size_t d = Index(driver);
  return ahead.leader >= 0 && (ahead.speed < kStanding ||
                               (ahead.leader == leader_[d] && now_[d] > 0 &&
                                At(driver, now_[d] - 1).speed - ahead.speed > kSlowing * step_));
}

double Perception::LeaderBraking(int32_t driver, int64_t step, int64_t first) {
  const int64_t before =
      std::max(first, step - std::max<int64_t>(1, std::llround(kBrakingTime / step_)));
  if (before >= step) {
    return 0;
  }
  const double change = At(driver, step).speed - At(driver, before).speed;
  return std::min(0.0, change / (static_cast<double>(step - before) * step_));
}

Perceived Perception::See(int32_t driver, double time, double own_speed, const Ahead& ahead,
                          double range, double more_reaction, double brake_range) {
  const size_t d = Index(driver);
  const int64_t now = ++now_[d];
  if (options_.errors) {
    Drift(d, time);
  }
  const double travelled =
      now == 0 ? 0 : At(driver, now - 1).travelled + (own_speed + last_speed_[d]) / 2 * step_;
  last_speed_[d] = own_speed;
  At(driver, now) = {ahead.gap, ahead.speed, travelled};
  const bool in_sight =
      ahead.leader >= 0 &&
      ahead.gap <= (StopLamps(driver, ahead) ? std::max(range, brake_range) : range);
  if (ahead.leader != leader_[d]) {
    leader_[d] = ahead.leader;
    since_[d] = now;
    visible_[d] = -1;
  }
  if (!in_sight) {
    visible_[d] = -1;
  } else if (visible_[d] < 0) {
    visible_[d] = now;
  }
  const double own_reaction =
      reaction_[d] * (Alert(d, own_speed, ahead.gap) ? options_.alert_share : 1);
  const double reaction = std::clamp(own_reaction + more_reaction, 0.0, kLongest + kMostMore);
  int64_t seen = now - std::llround(reaction / step_);
  if (visible_[d] == since_[d]) {
    seen = std::max(seen, since_[d]);  // he was there as soon as he was the leader
  }
  if (visible_[d] < 0 || seen < visible_[d]) {
    return {};
  }
  const View& view = At(driver, seen);
  Perceived perceived = {true, view.gap, view.speed};
  if (options_.errors) {
    perceived.gap *= std::exp(options_.gap_error * gap_error_[d]);
    perceived.speed =
        std::max(0.0, view.speed - view.gap * options_.closing_error * closing_error_[d]);
  }
  if (options_.anticipation && seen < now) {
    // The paper's leader keeps his speed; here one whose brake lights are on goes on braking.
    const double braking = LeaderBraking(driver, seen, since_[d]);
    double ago = static_cast<double>(now - seen) * step_;
    if (braking < 0) {
      const double stop = -perceived.speed / braking;
      ago = std::min(ago, stop);
    }
    perceived.gap += perceived.speed * ago + braking * ago * ago / 2 - (travelled - view.travelled);
    perceived.speed = std::max(0.0, perceived.speed + braking * ago);
  }
  return perceived;
}

}  // namespace tersor::twin
