#include "tersor/serve/scheduler.h"

#include <algorithm>
#include <utility>

namespace tersor::serve {
namespace {

int64_t CommonPrefix(std::span<const int32_t> a, std::span<const int32_t> b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

}  // namespace

Ticket::News Ticket::Wait(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return news_.finished || !news_.text.empty(); });
  News news = news_;
  news_.text.clear();
  return news;
}

void Ticket::Cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
}

int64_t Ticket::cached_tokens() const {
  const std::lock_guard lock(mutex_);
  return cached_tokens_;
}

int64_t Ticket::completion_tokens() const {
  const std::lock_guard lock(mutex_);
  return completion_tokens_;
}

Scheduler::Scheduler(runtime::Engine& engine, const SchedulerOptions& options)
    : engine_(engine), options_(options), slots_(static_cast<size_t>(options.slots)) {
  worker_ = std::thread([this] { Run(); });
}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  worker_.join();
}

std::shared_ptr<Ticket> Scheduler::Submit(std::vector<int32_t> prompt,
                                          const runtime::GenerateOptions& options) {
  engine_.CheckPrompt(prompt);
  options.sampling.Validate();
  auto ticket = std::make_shared<Ticket>();
  ticket->prompt_tokens_ = std::ssize(prompt);
  ticket->prompt_ = std::move(prompt);
  ticket->options_ = options;
  ticket->deadline_ =
      Ticket::Clock::now() + std::chrono::duration_cast<Ticket::Clock::duration>(
                                 std::chrono::duration<double>(options_.timeout_seconds));
  {
    const std::lock_guard lock(mutex_);
    if (std::ssize(queue_) >= options_.max_queue) {
      throw Overloaded("too many requests are waiting; try again later");
    }
    queue_.push_back(ticket);
  }
  wake_.notify_all();
  return ticket;
}

void Scheduler::Run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const auto running = [](const Slot& slot) { return slot.ticket != nullptr; };
      const bool idle = std::none_of(slots_.begin(), slots_.end(), running);
      wake_.wait(lock, [&] { return stopping_ || !idle || !queue_.empty(); });
      if (stopping_) {
        break;
      }
    }
    Admit();
    std::vector<runtime::Generation*> running;
    for (Slot& slot : slots_) {
      if (slot.ticket != nullptr) {
        running.push_back(slot.generation.get());
      }
    }
    std::string error;
    try {
      engine_.Step(running);
    } catch (const std::exception& e) {
      error = e.what();  // of the model, so of all that run
    }
    for (Slot& slot : slots_) {
      if (slot.ticket != nullptr) {
        if (!error.empty()) {
          const std::lock_guard lock(slot.ticket->mutex_);
          slot.ticket->news_.error = error;
          slot.generation->Cancel();
        }
        Deliver(slot);
      }
    }
  }
  for (Slot& slot : slots_) {
    if (slot.ticket != nullptr) {
      slot.generation->Cancel();
      Deliver(slot);
    }
  }
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Ticket>& ticket : queue_) {
    const std::lock_guard ticket_lock(ticket->mutex_);
    ticket->news_.finished = true;
    ticket->news_.error = "the server is stopping";
    ticket->changed_.notify_all();
  }
}

void Scheduler::Admit() {
  while (FreeSlot({}) != nullptr) {
    std::shared_ptr<Ticket> ticket;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) {
        return;
      }
      ticket = std::move(queue_.front());
      queue_.pop_front();
    }
    Start(std::move(ticket));
  }
}

/// The free slot whose cache begins most like the prompt; among equals the one used longest ago.
Scheduler::Slot* Scheduler::FreeSlot(const std::vector<int32_t>& prompt) {
  Slot* best = nullptr;
  int64_t longest = -1;
  for (Slot& slot : slots_) {
    if (slot.ticket != nullptr) {
      continue;
    }
    const int64_t common = CommonPrefix(slot.tokens, prompt);
    if (common > longest || (common == longest && slot.last_used < best->last_used)) {
      best = &slot;
      longest = common;
    }
  }
  return best;
}

void Scheduler::Start(std::shared_ptr<Ticket> ticket) {
  Slot& slot = *FreeSlot(ticket->prompt_);
  if (!slot.cache) {
    slot.cache.emplace(engine_.NewCache());
  }
  int64_t reused = CommonPrefix(slot.tokens, ticket->prompt_);
  slot.cache->Truncate(reused);
  for (const Slot& other : slots_) {
    // One that answers now, or another's idle cache, may share more of the prompt.
    const bool answers = other.generation != nullptr;
    const std::span<const int32_t> cached =
        answers ? other.generation->cached_tokens() : std::span(other.tokens);
    const int64_t common = CommonPrefix(cached, ticket->prompt_);
    if (&other != &slot && common > reused) {
      slot.cache->CopyPrefix(answers ? other.generation->cache() : *other.cache, common);
      reused = common;
    }
  }
  slot.ticket = std::move(ticket);
  slot.generation = std::make_unique<runtime::Generation>(
      slot.ticket->prompt_, slot.ticket->options_, std::move(*slot.cache), reused);
  slot.cache.reset();
  slot.tokens.clear();
  const std::lock_guard lock(slot.ticket->mutex_);
  slot.ticket->cached_tokens_ = slot.generation->reused_tokens();
}

void Scheduler::Deliver(Slot& slot) {
  Ticket& ticket = *slot.ticket;
  bool finished = false;
  {
    const std::lock_guard lock(ticket.mutex_);
    const bool late = Ticket::Clock::now() > ticket.deadline_;
    if (!slot.generation->finished() && (ticket.cancelled_ || late)) {
      slot.generation->Cancel();
      ticket.news_.error = late ? "the request took longer than the server allows" : "";
    }
    finished = slot.generation->finished();
    ticket.news_.text += slot.generation->TakeText();
    ticket.news_.finished = finished;
    ticket.news_.reason = slot.generation->reason();
    ticket.completion_tokens_ = std::ssize(slot.generation->generated());
    ticket.changed_.notify_all();
  }
  if (finished) {
    Release(slot);
  }
}

void Scheduler::Release(Slot& slot) {
  const std::span<const int32_t> cached = slot.generation->cached_tokens();
  slot.tokens.assign(cached.begin(), cached.end());
  slot.cache.emplace(slot.generation->TakeCache());
  slot.generation.reset();
  slot.ticket.reset();
  slot.last_used = ++clock_;
}

}  // namespace tersor::serve
