// What a client does about signals and its terminal while a broker works for it.
#pragma once

#include <signal.h>
#include <termios.h>

#include <cstdint>
#include <functional>

#include "base/unique_fd.h"

namespace confide::broker {

void send_signal(int socket, int32_t signal);

// Blocks the signals that a run forwards and reads them by descriptor.
class Forwarder {
 public:
  // Where set, SIGRTMIN+1 is forwarded as a renewal of the lease, and this is called then.
  explicit Forwarder(std::function<void()> on_renewal = {});
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  int fd() const { return fd_.get(); }
  // Whether one of them asks for an end.
  bool forward_to(int socket) const;
  // Takes what has come; whether one of them asks a program to end.
  bool wants_the_end() const;

 private:
  std::function<void()> on_renewal_;
  sigset_t before_{};
  UniqueFd fd_;
};

// The process's terminal, opened anew; none: an invalid descriptor.
UniqueFd open_terminal();

// Echo as it was, in case the broker ends at a prompt: it dies with its client, and cannot tidy up then.
class TerminalState {
 public:
  TerminalState();
  ~TerminalState();
  TerminalState(const TerminalState&) = delete;
  TerminalState& operator=(const TerminalState&) = delete;
  // From here on the terminal is another's.
  void let_go() { fd_.reset(); }

 private:
  UniqueFd fd_;
  termios before_{};
};

}  // namespace confide::broker
