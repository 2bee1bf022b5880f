// The signals that a supervisor takes for its command, as a descriptor.
#pragma once

#include <csignal>

#include "base/result.h"
#include "base/unique_fd.h"

namespace confide::launcher {

// Blocks the forwarded signals while it lives and delivers them by descriptor; the caller's mask comes back at the end.
class SignalGate {
 public:
  static Result<SignalGate> create();
  SignalGate(SignalGate&&) noexcept = default;
  SignalGate& operator=(SignalGate&&) = delete;
  ~SignalGate();

  int fd() const { return fd_.get(); }
  // The next signal's number, 0 if none is pending.
  int next() const;

 private:
  SignalGate(UniqueFd fd, sigset_t before) : fd_(std::move(fd)), before_(before) {}
  UniqueFd fd_;
  sigset_t before_;
};

}  // namespace confide::launcher
