// Ctrl-C, SIGTERM and a terminal that closes as a request that long work polls, so that it ends
// cleanly and keeps what is done. A second signal ends the process at once.
#ifndef TERSOR_UTIL_INTERRUPT_H_
#define TERSOR_UTIL_INTERRUPT_H_

namespace tersor {

/// From now on the first SIGINT, SIGTERM or, unless it is ignored (nohup), SIGHUP only sets the
/// request.
void CatchInterrupts();

bool InterruptRequested();

/// Forgets a request that was served by ending a part of the work, and waits for the next one.
void ForgetInterrupt();

/// Throws Interrupted(`message`) where a request is pending.
void ThrowIfInterrupted(const char* message);

}  // namespace tersor

#endif  // TERSOR_UTIL_INTERRUPT_H_
