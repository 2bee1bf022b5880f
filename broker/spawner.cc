#include "broker/spawner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd_message.h"
#include "base/sys.h"
#include "broker/programs.h"
#include "broker/protocol.h"

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
  // A supervisor ends by itself when the sockets of those who asked for it close, with the terminal put right; one that
  // somebody has stopped must be woken for it.
  (void)::prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0);
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
[[noreturn]] void serve(UniqueFd socket, pid_t broker) {
  const auto program = find_program("confide-supervisor");
  for (;;) {
    auto order = sys::receive_message(socket.get(), 16, 16);
    if (!order || order->fds.empty() || !program) break;
    reap();
    if (::fork() == 0) become_supervisor(*program, order->fds);
  }
  socket.reset();
  // What it has still to say goes first: its end follows this one's.
  const int status = sys::waitpid(broker);
  ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 0);  // for one_shot.cc, which says why
}

}  // namespace

Result<Spawner> Spawner::fork() {
  auto pair = TRY(sys::seqpacket_pair());
  const pid_t spawner = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return sys::errno_error("fork");
  if (pid > 0) {
    pair.left.reset();
    ::close(kClientFd);  // the client shall see when the broker has ended
    serve(std::move(pair.right), pid);
  }
  pair.right.reset();
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // The spawner may be gone before the death signal was asked for.
  if (::getppid() != spawner) ::_exit(125);
  return Spawner(std::move(pair.left));
}

Status Spawner::start_supervisor(std::span<const int> descriptors) const {
  return sys::send_message(socket_.get(), "start", descriptors);
}

}  // namespace confide::broker
