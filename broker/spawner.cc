#include "broker/spawner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd_message.h"
#include "base/sys.h"
#include "broker/programs.h"

namespace confide::broker {
namespace {

// Descriptor i becomes number i; everything else is closed.
[[noreturn]] void become_supervisor(const std::string& program, const std::vector<UniqueFd>& fds) {
  const int count = static_cast<int>(fds.size());
  std::vector<int> aside;
  for (const UniqueFd& fd : fds) aside.push_back(::fcntl(fd.get(), F_DUPFD_CLOEXEC, count));
  for (int i = 0; i < count; ++i) ::dup2(aside[static_cast<size_t>(i)], i);
  ::close_range(static_cast<unsigned>(count), ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  char name[] = "confide-supervisor";
  char* arguments[] = {name, nullptr};
  char* environment[] = {nullptr};
  ::execve(program.c_str(), arguments, environment);
  ::_exit(125);
}

void reap() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

// One order after the other, until the broker ends.
[[noreturn]] void serve(int socket) {
  const auto program = find_program("confide-supervisor");
  for (;;) {
    auto order = sys::receive_message(socket, 16, 16);
    if (!order || order->fds.empty() || !program) ::_exit(order && order->bytes.empty() ? 0 : 125);
    reap();
    const pid_t pid = ::fork();
    if (pid == 0) become_supervisor(*program, order->fds);
  }
}

}  // namespace

Result<Spawner> Spawner::fork() {
  auto pair = TRY(sys::seqpacket_pair());
  const pid_t broker = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return sys::errno_error("fork");
  if (pid == 0) {
    pair.left.reset();
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // The broker may be gone before the death signal was asked for.
    if (::getppid() != broker) ::_exit(125);
    serve(pair.right.get());
  }
  return Spawner(std::move(pair.left));
}

Status Spawner::start_supervisor(std::span<const int> descriptors) const {
  return sys::send_message(socket_.get(), "start", descriptors);
}

}  // namespace confide::broker
