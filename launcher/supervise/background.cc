#include "launcher/supervise/background.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/sys.h"

namespace confide::launcher {

Result<BackgroundWork> BackgroundWork::start(const std::function<void()>& work) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return sys::errno_error("fork");
  if (pid == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != parent) ::_exit(0);
    (void)::syscall(SYS_close_range, 3U, ~0U, 0);
    const sched_param none{};
    (void)::sched_setscheduler(0, SCHED_IDLE, &none);
    work();
    ::_exit(0);
  }
  return BackgroundWork(pid);
}

BackgroundWork::BackgroundWork(BackgroundWork&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

void BackgroundWork::wait(int milliseconds) const {
  const auto process = sys::pidfd_open(pid_);
  if (!process) return;
  pollfd ended{process->get(), POLLIN, 0};
  (void)::poll(&ended, 1, milliseconds);
}

BackgroundWork::~BackgroundWork() {
  if (pid_ <= 0) return;
  (void)::kill(pid_, SIGKILL);
  (void)sys::waitpid(pid_);
}

}  // namespace confide::launcher
