// Many requests on one engine: those that run share every step, the others wait in line.
#ifndef TERSOR_SERVE_SCHEDULER_H_
#define TERSOR_SERVE_SCHEDULER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tersor/runtime/engine.h"
#include "tersor/util/error.h"

namespace tersor::serve {

struct SchedulerOptions {
  int64_t slots = 4;             // requests that run together; each keeps a cache of its own
  int64_t max_queue = 2048;      // requests that wait; more are refused
  double timeout_seconds = 600;  // from submission to the last token
};

/// The line is full; the client should try again later.
class Overloaded : public Error {
 public:
  using Error::Error;
};

/// What a client sees of its request. Thread-safe.
class Ticket {
 public:
  struct News {
    std::string text;  // since the last call
    bool finished = false;
    runtime::FinishReason reason = runtime::FinishReason::kNone;
    std::string error;  // not empty: it failed
  };

  /// Waits until there is text or an end, for at most `patience`; then returns what there is.
  News Wait(std::chrono::milliseconds patience);

  /// The client has left: the request ends as soon as the step that runs is over.
  void Cancel();

  int64_t prompt_tokens() const { return prompt_tokens_; }
  int64_t cached_tokens() const;      // of the prompt, found in a cache
  int64_t completion_tokens() const;  // so far

 private:
  friend class Scheduler;
  using Clock = std::chrono::steady_clock;

  std::vector<int32_t> prompt_;
  int64_t prompt_tokens_ = 0;
  runtime::GenerateOptions options_;
  Clock::time_point deadline_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  News news_;
  bool cancelled_ = false;
  int64_t cached_tokens_ = 0, completion_tokens_ = 0;
};

class Scheduler {
 public:
  /// `engine` must outlive this and is used by nobody else meanwhile.
  Scheduler(runtime::Engine& engine, const SchedulerOptions& options);
  /// Ends what runs and waits.
  ~Scheduler();

  /// Throws Error for a prompt that does not fit, Overloaded when the line is full.
  std::shared_ptr<Ticket> Submit(std::vector<int32_t> prompt,
                                 const runtime::GenerateOptions& options);

 private:
  /// A cache and the tokens that it holds; running while it has a ticket.
  struct Slot {
    std::shared_ptr<Ticket> ticket;
    std::unique_ptr<runtime::Generation> generation;
    std::optional<runtime::KvCache> cache;
    std::vector<int32_t> tokens;  // whose keys and values are in `cache`
    uint64_t last_used = 0;
  };

  void Run();
  void Admit();
  void Start(std::shared_ptr<Ticket> ticket);
  void Deliver(Slot& slot);
  void Release(Slot& slot);
  Slot* FreeSlot(const std::vector<int32_t>& prompt);

  runtime::Engine& engine_;
  SchedulerOptions options_;
  std::vector<Slot> slots_;
  uint64_t clock_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Ticket>> queue_;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace tersor::serve

#endif  // TERSOR_SERVE_SCHEDULER_H_
