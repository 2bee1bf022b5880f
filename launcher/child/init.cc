// Pid 1 of the sandbox: starts the command, reaps what is orphaned, forwards signals, relays stops, and ends with the
// command, whereupon the kernel kills whatever is left in the pid namespace (pid_namespaces(7)).
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

#include <initializer_list>

#include "base/syscalls.h"
#include "launcher/child/control.h"
#include "launcher/child/operations.h"

namespace confide::child {
namespace {

constexpr uint64_t bit(int signal) { return 1ULL << (signal - 1); }

// The kernel's sigset is 64 bits on x86-64 (rt_sigprocmask(2)).
void set_blocked(uint64_t set) { (void)raw::call(SYS_rt_sigprocmask, SIG_SETMASK, &set, nullptr, sizeof set); }

// Signals the caller may have ignored (nohup, Python's SIGPIPE) start out as every program expects.
void default_signals() {
  struct KernelAction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    uint64_t mask;
  };
  const KernelAction standard{SIG_DFL, 0, nullptr, 0};
  for (const int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2})
    (void)raw::call(SYS_rt_sigaction, signal, &standard, nullptr, sizeof standard.mask);
}

// Shared with the command's process until it execs (CLONE_VM).
struct CommandStart {
  ChildState& state;
  int error;
};

int move_fd(int from, int to) {
  const long result = raw::call(SYS_dup3, from, to, 0);
  if (result == -EINVAL && from == to) {  // already there: only close-on-exec has to go
    return static_cast<int>(raw::call(SYS_fcntl, to, F_SETFD, 0));
  }
  return static_cast<int>(result);
}

// Delivered descriptors take the numbers that their NAME_FD variables say; those start at 3 and are dense, so the
// sources are first moved out of the way. `state` is pid 1's too, with descriptors of its own that it closes.
int place_deliveries(const ChildState& state) {
  if (state.delivered_count == 0) return 0;
  const long mapped = raw::call(SYS_mmap, nullptr, state.block_size, PROT_READ, MAP_SHARED, state.block_fd, 0);
  if (mapped < 0 && mapped > -4096) return static_cast<int>(-mapped);
  const auto* bytes = reinterpret_cast<const unsigned char*>(mapped);
  const auto* header = reinterpret_cast<const DeliveryHeader*>(bytes);
  const auto* entries = reinterpret_cast<const DeliveryEntry*>(bytes + sizeof *header);
  long result = 0;
  constexpr int kAside = 400;
  for (size_t i = 0; i < state.delivered_count && result >= 0; ++i)
    result = raw::call(SYS_dup3, state.delivered_fds[i], kAside + static_cast<int>(i), O_CLOEXEC);
  int next = kAside;
  for (uint32_t i = 0; i < header->count && result >= 0; ++i) {
    if (entries[i].kind == DeliveryKind::kFd) {
      result = entries[i].number >= 3 && entries[i].number < kAside
                   ? move_fd(next++, static_cast<int>(entries[i].number))
                   : -EPROTO;
    } else if (entries[i].kind == DeliveryKind::kStdin) {
      result = move_fd(next++, 0);
    }
  }
  (void)raw::call(SYS_munmap, const_cast<unsigned char*>(bytes), state.block_size);
  return result < 0 ? static_cast<int>(-result) : 0;
}

// A file that is no text has a NUL byte in front of its first line's end; a shell would make nothing of it.
bool is_text(const char* path) {
  const long at = raw::call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (at < 0) return false;
  char head[256];
  const long size = raw::call(SYS_read, static_cast<int>(at), head, sizeof head);
  raw::close_fd(static_cast<int>(at));
  for (long i = 0; i < size && head[i] != '\n'; ++i)
    if (head[i] == '\0') return false;
  return size >= 0;
}

// Like execvp(3): the first candidate that is there decides; a file without a format is a shell script.
int execute(const FrozenExec& exec) {
  int refused = 0;
  for (size_t i = 0; i < exec.candidate_count; ++i) {
    const char* path = exec.candidates[i];
    const long result = raw::call(SYS_execve, path, exec.argv, exec.envp);
    if (result == -EACCES) refused = EACCES;
    if (result == -ENOEXEC) {
      if (!is_text(path)) return ENOEXEC;
      exec.shell_argv[1] = const_cast<char*>(path);  // execve only reads it
      return static_cast<int>(-raw::call(SYS_execve, exec.shell_argv[0], exec.shell_argv, exec.envp));
    }
    // The file is there; what is missing is its interpreter.
    if (result == -ENOENT && raw::call(SYS_faccessat, AT_FDCWD, path, F_OK) == 0) return ELIBACC;
    if (result != -ENOENT && result != -ENOTDIR && result != -EACCES) return static_cast<int>(-result);
  }
  return refused != 0 ? refused : ENOENT;
}

int run_command(void* argument) {
  auto& start = *static_cast<CommandStart*>(argument);
  ChildState& state = start.state;
  // Without a pid namespace pid 1's end is not the command's end.
  if (state.plan.pid_namespace == PidNamespace::kShared) die_with_parent();
  // Its own process group, in the foreground of the terminal if there is one; SIGTTOU is still blocked.
  (void)raw::call(SYS_setpgid, 0, 0);
  // Where the keyboard may be another's (stdout is a pipe, perhaps to a pager), only once the command reads: it is
  // stopped by SIGTTIN then, and the supervisor answers with kContinue.
  const bool whole_terminal = (state.terminal_mask & 3U) != 1U;
  if (state.terminal_fd >= 0 && whole_terminal) {
    const int group = static_cast<int>(raw::call(SYS_getpid));
    (void)raw::call(SYS_ioctl, state.terminal_fd, TIOCSPGRP, &group);
  }
  long result = 0;
  for (int n = 0; n < 3 && result >= 0; ++n) {
    if ((state.terminal_mask & (1U << n)) != 0) result = raw::call(SYS_dup3, state.terminal_fd, n, 0);
  }
  // Everything else of ours goes at execve; the deliveries are put in place after that mark.
  (void)raw::call(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  if (result >= 0) result = -place_deliveries(state);
  if (result >= 0) {
    default_signals();
    set_blocked(0);
    result = -execute(state.plan.exec);
  }
  start.error = static_cast<int>(-result);
  (void)raw::call(SYS_exit_group, 125);
  return 0;
}

struct Init {
  ChildState& state;
  int command;

  void tell(ReportKind kind, int value, int fd = -1) const {
    report(state.control_fd, static_cast<uint32_t>(kind), state.plan.exec.step, value, 0, fd);
  }

  void give_terminal_to_command() const {
    if (state.terminal_fd >= 0) (void)raw::call(SYS_ioctl, state.terminal_fd, TIOCSPGRP, &command);
  }

  // False once the supervisor is gone.
  bool obey() const {
    Order order{};
    const long n = raw::call(SYS_recvfrom, state.control_fd, &order, sizeof order, MSG_DONTWAIT, nullptr, nullptr);
    if (n == -EAGAIN || n == -EINTR) return true;
    if (n != sizeof order) return false;
    if (order.kind == OrderKind::kSignal) {
      (void)raw::call(SYS_kill, -command, order.value);
    } else if (order.kind == OrderKind::kContinue) {
      give_terminal_to_command();
      (void)raw::call(SYS_kill, -command, SIGCONT);
    }
    return true;
  }

  // The exit status to end with once the command has ended, -1 while it lives.
  int reap() const {
    for (;;) {
      int status = 0;
      const long pid = raw::call(SYS_wait4, -1, &status, WNOHANG | WUNTRACED | WCONTINUED, nullptr);
      if (pid <= 0) return -1;
      if (pid != command) continue;
      if (WIFSTOPPED(status)) {
        tell(ReportKind::kStopped, WSTOPSIG(status));
      } else if (WIFCONTINUED(status)) {
        tell(ReportKind::kContinued, 0);
      } else {
        tell(ReportKind::kExited, status);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
    }
  }

  [[noreturn]] void loop(int signals) const {
    pollfd ready[2] = {{signals, POLLIN, 0}, {state.control_fd, POLLIN, 0}};
    for (;;) {
      (void)raw::call(SYS_ppoll, ready, 2, nullptr, nullptr, 0);
      if (ready[0].revents != 0) {
        signalfd_siginfo info{};
        (void)raw::call(SYS_read, signals, &info, sizeof info);
        const int status = reap();
        if (status >= 0) (void)raw::call(SYS_exit_group, status);
      }
      if (ready[1].revents != 0 && !obey()) (void)raw::call(SYS_exit_group, 125);
    }
  }
};

}  // namespace

[[noreturn]] void run_command_as_init(ChildState& state) {
  const FrozenExec& exec = state.plan.exec;
  (void)raw::call(SYS_umask, state.callers_umask);
  CommandStart start{state, 0};
  void* mapped = nullptr;
  if (state.block_fd >= 0) {
    const long added = map_secret_environment(state, exec.envp, exec.envp_count, exec.secret_slots, &mapped);
    if (added < 0) {
      report(state.control_fd, static_cast<uint32_t>(ReportKind::kFailed), exec.step, static_cast<int>(-added), 0);
      (void)raw::call(SYS_exit_group, 125);
    }
    exec.envp[exec.envp_count + static_cast<size_t>(added)] = nullptr;
  }
  set_blocked(~0ULL);
  const uint64_t interesting = bit(SIGCHLD);
  const long signals = raw::call(SYS_signalfd4, -1, &interesting, sizeof interesting, SFD_CLOEXEC | SFD_NONBLOCK);

  // vfork(2)'s semantics on a stack of its own: this process waits until the command has been executed, so that success
  // is known, no page table is copied, and the secrets' mapping can go at once.
  alignas(16) static unsigned char stack[32768];
  const long command = ::clone(run_command, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
  if (mapped != nullptr) {
    (void)raw::call(SYS_munmap, mapped, state.block_size);
    for (size_t i = exec.envp_count; exec.envp[i] != nullptr; ++i) exec.envp[i] = nullptr;
  }
  if (state.block_fd >= 0) raw::close_fd(state.block_fd);
  for (size_t i = 0; i < state.delivered_count; ++i) raw::close_fd(state.delivered_fds[i]);
  const int error = command < 0 ? errno : start.error;
  if (error != 0) {
    report(state.control_fd, static_cast<uint32_t>(ReportKind::kFailed), exec.step, error, 0);
    (void)raw::call(SYS_exit_group, 125);
  }
  // What this process keeps of the caller's stdio would hold a pipe open after the command closed it.
  for (int n = 0; n < 3; ++n) raw::close_fd(n);
  const Init init{state, static_cast<int>(command)};
  init.tell(ReportKind::kRunning, static_cast<int>(command), state.namespace_fd);
  if (state.namespace_fd >= 0) raw::close_fd(state.namespace_fd);
  init.loop(static_cast<int>(signals));
}

}  // namespace confide::child
