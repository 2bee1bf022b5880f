#include "launcher/supervise/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "base/sys.h"

namespace confide::launcher {

Result<SignalGate> SignalGate::create() {
  sigset_t set;
  sigset_t before;
  ::sigemptyset(&set);
  for (const int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT, SIGPIPE, SIGXFSZ})
    ::sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, &before) != 0) return sys::errno_error("sigprocmask");
  // Blocked so that writes fail with EPIPE and EFBIG; nobody reads them.
  ::sigdelset(&set, SIGPIPE);
  ::sigdelset(&set, SIGXFSZ);
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return sys::errno_error("signalfd");
  return SignalGate(std::move(fd), before);
}

SignalGate::~SignalGate() {
  if (!fd_.valid()) return;
  // What a write that failed left behind would end this process now.
  sigset_t of_writes;
  ::sigemptyset(&of_writes);
  ::sigaddset(&of_writes, SIGPIPE);
  ::sigaddset(&of_writes, SIGXFSZ);
  constexpr timespec kNow{0, 0};
  while (::sigtimedwait(&of_writes, nullptr, &kNow) > 0) {
  }
  (void)::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int SignalGate::next() const {
  signalfd_siginfo info{};
  return ::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo)
                                                                                    : 0;
}

}  // namespace confide::launcher
