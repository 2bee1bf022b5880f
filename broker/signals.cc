#include "broker/signals.h"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "supervisor/protocol.h"

namespace confide::broker {

void send_signal(int socket, int32_t signal) {
  (void)::send(socket, &signal, sizeof signal, MSG_NOSIGNAL | MSG_DONTWAIT);
}

namespace {

bool asks_for_end(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT; }

}  // namespace

Forwarder::Forwarder(std::function<void()> on_renewal) : on_renewal_(std::move(on_renewal)) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP}) ::sigaddset(&set, signal);
  ::sigaddset(&set, SIGRTMIN + 1);  // blocked in any case: whom it does not concern it does not end
  ::sigprocmask(SIG_BLOCK, &set, &before_);
  fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

Forwarder::~Forwarder() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

bool Forwarder::forward_to(int socket) const {
  bool end = false;
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    auto signal = static_cast<int32_t>(info.ssi_signo);
    if (signal == SIGRTMIN + 1) {
      if (!on_renewal_) continue;
      signal = supervisor::kRenewLease;
      on_renewal_();
    }
    send_signal(socket, signal);
    end = end || asks_for_end(signal);
  }
  return end;
}

bool Forwarder::wants_the_end() const {
  bool end = false;
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
    end = end || asks_for_end(static_cast<int>(info.ssi_signo));
  return end;
}

UniqueFd open_terminal() { return UniqueFd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)); }

namespace {

bool is_same(const termios& one, const termios& other) {
  return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_cflag == other.c_cflag &&
         one.c_lflag == other.c_lflag && std::ranges::equal(one.c_cc, other.c_cc);
}

}  // namespace

TerminalState::TerminalState() : fd_(open_terminal()) {
  if (fd_.valid() && ::tcgetattr(fd_.get(), &before_) != 0) fd_.reset();
}

TerminalState::~TerminalState() {
  termios now{};
  if (!fd_.valid() || ::tcgetattr(fd_.get(), &now) != 0 || is_same(now, before_)) return;
  // Of a job in the background the kernel would stop all, with SIGTTOU; and the settings are another's.
  if (::tcgetpgrp(fd_.get()) != ::getpgrp()) return;
  (void)::tcsetattr(fd_.get(), TCSANOW, &before_);
}

}  // namespace confide::broker
