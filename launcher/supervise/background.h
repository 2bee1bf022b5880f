// Work that goes on beside a run, in a process of its own and at the lowest priority; ended with the run, done or not.
#pragma once

#include <sys/types.h>

#include <functional>

#include "base/result.h"

namespace confide::launcher {

class [[nodiscard]] BackgroundWork {
 public:
  // `work` runs in a child of this (single-threaded) process, which has no descriptor but the standard ones, and ends
  // there. Errors: kSystem.
  static Result<BackgroundWork> start(const std::function<void()>& work);
  BackgroundWork(BackgroundWork&& other) noexcept;
  BackgroundWork& operator=(BackgroundWork&&) = delete;
  // Kills and reaps it.
  ~BackgroundWork();

  // Returns when the work is done, or the time is over.
  void wait(int milliseconds) const;

 private:
  explicit BackgroundWork(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
};

}  // namespace confide::launcher
