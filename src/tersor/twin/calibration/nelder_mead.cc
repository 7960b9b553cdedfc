#include "tersor/twin/calibration/nelder_mead.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tersor::twin {
namespace {

using Place = std::vector<double>;

struct Corner {
  double value = 0;
  Place place;
};

class Simplex {
 public:
  Simplex(const SearchSpace& space, int evaluations,
          const std::function<double(const Place&)>& value)
      : space_(space), left_(evaluations), value_(value) {}

  Place Run() {
    Begin(space_.start, 1);
    for (double size = 1; left_ > 0;) {
      if (Shrunken()) {
        size /= 2;
        Begin(Place(corners_.front().place), size);
      } else {
        Step();
      }
    }
    return best_.place;
  }

 private:
  Corner Measure(Place place) {
    for (size_t i = 0; i < place.size(); ++i) {
      place[i] = std::clamp(place[i], space_.low[i], space_.high[i]);
    }
    --left_;
    Corner corner{value_(place), std::move(place)};
    if (best_.place.empty() || corner.value < best_.value) {
      best_ = corner;
    }
    return corner;
  }

  void Begin(const Place& around, double size) {
    corners_.clear();
    corners_.push_back(Measure(around));
    for (size_t i = 0; i < around.size() && left_ > 0; ++i) {
      Place place = around;
      // Inwards where the bound is near.
      const double step = size * space_.step[i];
      place[i] += place[i] + step > space_.high[i] ? -step : step;
      corners_.push_back(Measure(std::move(place)));
    }
    Sort();
  }

  void Sort() { std::ranges::stable_sort(corners_, {}, &Corner::value); }

  bool Shrunken() const {
    for (const Corner& corner : corners_) {
      for (size_t i = 0; i < corner.place.size(); ++i) {
        if (std::abs(corner.place[i] - corners_.front().place[i]) > 0.01 * space_.step[i]) {
          return false;
        }
      }
    }
    return true;
  }

  // From the worst corner through the others' middle, `factor` times as far.
  Corner Beyond(double factor) {
    Place place(space_.start.size());
    const auto others = static_cast<double>(corners_.size() - 1);
    for (size_t i = 0; i < place.size(); ++i) {
      double middle = 0;
      for (size_t c = 0; c + 1 < corners_.size(); ++c) {
        middle += corners_[c].place[i] / others;
      }
      place[i] = middle + factor * (middle - corners_.back().place[i]);
    }
    return Measure(std::move(place));
  }

  void Step() {
    Corner& worst = corners_.back();
    Corner reflected = Beyond(1);
    if (reflected.value < corners_.front().value && left_ > 0) {
      Corner expanded = Beyond(2);
      worst = expanded.value < reflected.value ? std::move(expanded) : std::move(reflected);
    } else if (reflected.value < corners_[corners_.size() - 2].value || left_ <= 0) {
      if (reflected.value < worst.value) {
        worst = std::move(reflected);
      }
    } else {
      const bool outside = reflected.value < worst.value;
      Corner contracted = Beyond(outside ? 0.5 : -0.5);
      if (contracted.value < std::min(reflected.value, worst.value)) {
        worst = std::move(contracted);
      } else {
        Shrink();
      }
    }
    Sort();
  }

  void Shrink() {
    for (size_t c = 1; c < corners_.size() && left_ > 0; ++c) {
      Place place = corners_[c].place;
      for (size_t i = 0; i < place.size(); ++i) {
        place[i] = (place[i] + corners_.front().place[i]) / 2;
      }
      corners_[c] = Measure(std::move(place));
    }
  }

  const SearchSpace& space_;
  int left_;
  const std::function<double(const Place&)>& value_;
  std::vector<Corner> corners_;  // the best first
  Corner best_;
};

}  // namespace

std::vector<double> MinimizeNelderMead(
    const SearchSpace& space, int evaluations,
    const std::function<double(const std::vector<double>&)>& value) {
  return Simplex(space, evaluations, value).Run();
}

}  // namespace tersor::twin
