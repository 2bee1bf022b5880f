#include "tests/kernel/seccomp/attached.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace confide::seccomp {
namespace {

constexpr int kNotAttached = 255;
constexpr unsigned kCommandSeconds = 40;

bool attach(Profile profile) {
  const auto instructions = program(profile);
  const sock_fprog filter{static_cast<unsigned short>(instructions.size()),
                          const_cast<sock_filter*>(instructions.data())};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

Ending wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) == -1)
    if (errno != EINTR) return {kNotAttached, 0};
  return WIFSIGNALED(status) ? Ending{0, WTERMSIG(status)} : Ending{WEXITSTATUS(status), 0};
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Ending& ending) {
  if (ending.signal != 0) return out << "signal " << ending.signal;
  return out << "errno " << ending.errnum;
}

Ending ending_of(std::optional<Profile> profile, const std::function<int()>& call) {
  const pid_t child = fork();
  if (child == -1) return {kNotAttached, 0};
  if (child == 0) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || (profile && !attach(*profile))) _exit(kNotAttached);
    _exit(call());
  }
  return wait_for(child);
}

int errno_if_failed(long result) { return result == -1 ? errno : 0; }

Ending run_command(std::optional<Profile> profile, const char* const* argv) {
  return ending_of(profile, [argv] {
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    alarm(kCommandSeconds);  // outlives execve; a command that hangs ends by SIGALRM
    execvp(argv[0], const_cast<char* const*>(argv));
    return 127;
  });
}

}  // namespace confide::seccomp
