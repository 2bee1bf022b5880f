#include "launcher/supervise/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "base/sys.h"

namespace confide::launcher {

Result<SignalGate> SignalGate::create() {
  sigset_t set;
  sigset_t before;
  ::sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT, SIGPIPE})
    ::sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, &before) != 0) return sys::errno_error("sigprocmask");
  ::sigdelset(&set, SIGPIPE);  // blocked so that writes fail with EPIPE; nobody reads it
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return sys::errno_error("signalfd");
  return SignalGate(std::move(fd), before);
}

SignalGate::~SignalGate() {
  if (!fd_.valid()) return;
  // What a write to a reader who had gone left behind would end this process now.
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  constexpr timespec kNow{0, 0};
  (void)::sigtimedwait(&pipe, nullptr, &kNow);
  (void)::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int SignalGate::next() const {
  signalfd_siginfo info{};
  return ::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo)
                                                                                    : 0;
}

}  // namespace confide::launcher
