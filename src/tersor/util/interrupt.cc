#include "tersor/util/interrupt.h"

#include <csignal>

#include "tersor/util/error.h"

namespace tersor {
namespace {

volatile std::sig_atomic_t requested = 0;

void OnSignal(int signal) {
  requested = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void CatchInterrupts() {
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  if (std::signal(SIGHUP, OnSignal) == SIG_IGN) {
    std::signal(SIGHUP, SIG_IGN);
  }
}

bool InterruptRequested() { return requested != 0; }

void ForgetInterrupt() {
  requested = 0;
  CatchInterrupts();
}

void ThrowIfInterrupted(const char* message) {
  if (InterruptRequested()) {
    throw Interrupted(message);
  }
}

}  // namespace tersor
