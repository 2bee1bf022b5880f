// A broker that somebody took over: what it may ask the kernel once it has confined itself. Each attack is first made
// by a process that is not confined, where it must succeed or at least reach the kernel; behind confine() the same call
// must end the process by SIGSYS, before the kernel has looked at it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>

#include "broker/confine.h"

namespace confide::broker {
namespace {

constexpr int kSetupFailed = 255;
constexpr int kConfineFailed = 254;
constexpr long kNone = 0;

struct Ending {
  int status = 0;  // 0, or an errno
  int signal = 0;
  bool operator==(const Ending&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Ending& ending) {
  return ending.signal != 0 ? out << "signal " << ending.signal : out << "errno " << ending.status;
}

enum class Confined { kNo, kYes };

Ending ending_of(Confined confined, const std::function<int()>& call) {
  const pid_t child = ::fork();
  if (child < 0) return {kSetupFailed, 0};
  if (child == 0) {
    ::alarm(20);
    if (confined == Confined::kYes && !confine({})) ::_exit(kConfineFailed);
    ::_exit(call());
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? Ending{0, WTERMSIG(status)} : Ending{WEXITSTATUS(status), 0};
}

int errno_of(long result) { return result == -1 ? errno : 0; }

// A process may do this to itself, so that no other refusal stands in front of the filter's.
int memory_by(long number) {
  char own[8] = {};
  const iovec local{own, sizeof own};
  static char theirs[8] = "theirs";
  const iovec remote{theirs, sizeof theirs};
  return errno_of(::syscall(number, ::getpid(), &local, 1L, &remote, 1L, 0L));
}

int execute() {
  const char* arguments[] = {"true", nullptr};
  ::execv("/bin/true", const_cast<char* const*>(arguments));
  return errno;
}

int descriptor_of_itself() {
  const long pidfd = ::syscall(SYS_pidfd_open, ::getpid(), 0L);
  return pidfd == -1 ? errno : errno_of(::syscall(SYS_pidfd_getfd, pidfd, 2L, 0L));
}

int executable_memory() {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

int memory_made_executable() {
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? errno : errno_of(::mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

int new_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  return errno_of(child);
}

int limit_set() {
  const rlimit same{1, 1};
  return errno_of(::setrlimit(RLIMIT_CORE, &same));
}

struct Attack {
  const char* name;
  int (*call)();
  int without = 0;  // what the kernel answers: 0, or the errno of a call that was looked at
};
void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

#define CALL(...) +[] { return errno_of(::syscall(__VA_ARGS__)); }

const Attack kAttacks[] = {
    {"execve", execute},
    {"fork", new_process},
    {"ptrace", CALL(SYS_ptrace, PTRACE_TRACEME, 0L, 0L, 0L)},
    {"process_vm_readv", +[] { return memory_by(SYS_process_vm_readv); }},
    {"process_vm_writev", +[] { return memory_by(SYS_process_vm_writev); }},
    {"pidfd_getfd", descriptor_of_itself},
    {"kill", CALL(SYS_kill, ::getpid(), 0L)},
    {"socket_inet", CALL(SYS_socket, AF_INET, SOCK_STREAM, 0L)},
    {"socket_unix", CALL(SYS_socket, AF_UNIX, SOCK_STREAM, 0L)},
    {"socket_netlink", CALL(SYS_socket, AF_NETLINK, SOCK_RAW, 0L)},
    {"connect", CALL(SYS_connect, -1L, kNone, 0L), EBADF},
    {"bind", CALL(SYS_bind, -1L, kNone, 0L), EBADF},
    {"mmap_exec", executable_memory},
    {"mprotect_exec", memory_made_executable},
    {"mount", CALL(SYS_mount, kNone, "/nonexistent/of/confide", "tmpfs", 0L, kNone), ENOENT},
    {"unshare_user", CALL(SYS_unshare, CLONE_NEWUSER)},
    {"setns", CALL(SYS_setns, -1L, 0L), EBADF},
    {"chdir", CALL(SYS_chdir, "/")},
    {"link", CALL(SYS_linkat, AT_FDCWD, "/nonexistent/of/confide", AT_FDCWD, "/nonexistent/of/confide2", 0L), ENOENT},
    {"symlink", CALL(SYS_symlink, "x", "/nonexistent/of/confide"), ENOENT},
    {"chmod", CALL(SYS_chmod, "/nonexistent/of/confide", 0777L), ENOENT},
    {"truncate", CALL(SYS_truncate, "/nonexistent/of/confide", 0L), ENOENT},
    {"io_uring_setup", CALL(SYS_io_uring_setup, 0L, kNone), EFAULT},
    {"keyctl_join", CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, kNone)},
    {"request_key", CALL(SYS_request_key, "user", "of confide's tests", kNone, 0L), ENOKEY},
    {"shmget", CALL(SYS_shmget, 0L, 4096L, 0600L)},
    {"setuid", CALL(SYS_setuid, ::getuid())},
    {"limits_of_others", CALL(SYS_prlimit64, ::getppid(), RLIMIT_CORE, kNone, kNone)},
    {"limit_set", limit_set},
    {"terminal_input", CALL(SYS_ioctl, -1L, TIOCSTI, "x"), EBADF},
    {"clock", CALL(SYS_clock_settime, CLOCK_REALTIME, kNone), EFAULT},
};

class Confinement : public testing::TestWithParam<Attack> {};
INSTANTIATE_TEST_SUITE_P(Broker, Confinement, testing::ValuesIn(kAttacks),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST_P(Confinement, Kills) {
  const Attack& attack = GetParam();
  EXPECT_EQ(ending_of(Confined::kNo, attack.call), (Ending{attack.without, 0})) << "the attack itself does not work";
  EXPECT_EQ(ending_of(Confined::kYes, attack.call), (Ending{0, SIGSYS}));
}

// Where the filter says no and Landlock does too, the filter comes first; these are Landlock's alone.
TEST(Confinement, FilesAreOpenedForReadingOnly) {
  const auto make = [] { return errno_of(::open("confined-made", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)); };
  EXPECT_EQ(ending_of(Confined::kNo, make), Ending{});
  EXPECT_EQ(ending_of(Confined::kYes, make), (Ending{EACCES, 0}));
  EXPECT_EQ(ending_of(Confined::kYes, [] { return errno_of(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)); }), Ending{});
}

TEST(Confinement, NothingIsTakenBack) {
  const auto make_dumpable = [] { return errno_of(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); };
  EXPECT_EQ(ending_of(Confined::kNo, make_dumpable), Ending{});
  EXPECT_EQ(ending_of(Confined::kYes, make_dumpable), (Ending{EPERM, 0}));
}

// Calls that no table of ours knows: a C library that tries them falls back, nobody dies.
TEST(Confinement, UnknownCallsAreNotImplemented) {
  EXPECT_EQ(ending_of(Confined::kYes, [] { return errno_of(::syscall(999)); }), (Ending{ENOSYS, 0}));
}

}  // namespace
}  // namespace confide::broker
