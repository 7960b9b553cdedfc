#include "tersor/util/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace tersor {
namespace {

constexpr double kTerminalInterval = 0.1;  // seconds between two drawings
constexpr double kPlainInterval = 10.0;

int TerminalWidth() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string Bar(double fraction, int width) {
  const int filled = static_cast<int>(fraction * width);
  std::string bar;
  for (int i = 0; i < width; ++i) {
    bar += i < filled ? "█" : "░";
  }
  return bar;
}

}  // namespace

std::string FormatDuration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  if (whole >= 3600) {
    return fmt::format("{}h {:02d}m", whole / 3600, whole / 60 % 60);
  }
  if (whole >= 60) {
    return fmt::format("{}m {:02d}s", whole / 60, whole % 60);
  }
  return fmt::format("{:.1f}s", seconds);
}

Progress::Progress(std::string label, int64_t total, std::string unit, int64_t start)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      start_(start),
      done_(start),
      began_(Clock::now()),
      drawn_(began_),
      terminal_(::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { Finish(); }

void Progress::Update(int64_t done, const std::string& note) {
  done_ = done;
  note_ = note;
  const double since = std::chrono::duration<double>(Clock::now() - drawn_).count();
  if (since >= (terminal_ ? kTerminalInterval : kPlainInterval)) {
    Draw(note, false);
  }
}

void Progress::Line(const std::string& line) {
  fmt::print(stderr, "{}{}\n", terminal_ ? "\r\033[K" : "", line);
  if (terminal_) {
    Draw(note_, false);
  }
}

void Progress::Finish() {
  if (!finished_) {
    Draw(note_, true);
    finished_ = true;
  }
}

void Progress::Draw(const std::string& note, bool last) {
  if (label_.empty()) {
    return;
  }
  drawn_ = Clock::now();
  const double elapsed = std::chrono::duration<double>(drawn_ - began_).count();
  const double rate = elapsed > 0 ? static_cast<double>(done_ - start_) / elapsed : 0;
  std::string line = label_;
  if (total_ > 0) {
    const double fraction =
        std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0., 1.);
    if (terminal_) {
      line += " " + Bar(fraction, std::clamp(TerminalWidth() / 4, 8, 30));
    }
    line += fmt::format(" {:3.0f}% {}/{} {}s", fraction * 100, done_, total_, unit_);
  } else {
    line += fmt::format(" {} {}s", done_, unit_);
  }
  line += rate >= 10 ? fmt::format(", {:.0f}/s", rate) : fmt::format(", {:.2f}/s", rate);
  if (last) {
    line += ", " + FormatDuration(elapsed);
  } else if (total_ > 0 && rate > 0) {
    line += ", " + FormatDuration(static_cast<double>(total_ - done_) / rate) + " left";
  }
  if (!note.empty()) {
    line += ", " + note;
  }
  fmt::print(stderr, "{}{}{}", terminal_ ? "\r\033[K" : "", line, terminal_ && !last ? "" : "\n");
  std::fflush(stderr);
}

}  // namespace tersor
