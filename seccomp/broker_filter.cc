#include "seccomp/broker_filter.h"

#include <asm/ioctls.h>
#include <linux/keyctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <string_view>

#include "seccomp/groups.h"

namespace confide::seccomp {
namespace {

// By what they are for. Where a C library has two ways (open, openat; time, clock_gettime without a vdso), both.
constexpr std::string_view kAllowedCalls[] = {
    // Bytes and descriptors.
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "lseek", "close", "close_range",
    "dup", "dup2", "dup3", "fcntl", "pipe", "pipe2", "memfd_create", "ftruncate", "fsync", "fdatasync", "syncfs",
    "flock",
    // Names: what may be written is Landlock's business.
    "open", "openat", "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat",
    "faccessat2", "getdents64", "readlink", "readlinkat", "getcwd", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir",
    "rename", "renameat", "renameat2", "fchmod", "fchown", "umask",
    // Waiting.
    "poll", "ppoll", "select", "pselect6", "signalfd4", "nanosleep", "clock_nanosleep", "restart_syscall",
    // The sockets that it was given, and pairs of its own.
    "sendto", "recvfrom", "sendmsg", "recvmsg", "shutdown", "getsockopt", "getsockname", "getpeername",
    // Memory: mmap, mprotect below.
    "munmap", "mremap", "brk", "madvise", "mlock", "mlock2", "munlock", "memfd_secret",
    // Itself.
    "exit", "exit_group", "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "futex", "rseq", "set_robust_list", "sched_yield",
    "sched_getaffinity", "getcpu", "getrandom", "clock_gettime", "clock_getres", "gettimeofday", "time", "uname",
    "sysinfo", "getrlimit", "getrusage",
    // A vault's key in the keyring: keyctl below.
    "add_key"};

// Tried by some C library, which has another way. (prctl gets EPERM: libraries name their memory by it.)
constexpr std::string_view kAnsweredCalls[] = {"openat2",    "fchmodat2",    "cachestat",  "mseal",        "futex_wait",
                                               "futex_wake", "epoll_pwait2", "membarrier", "get_mempolicy"};

uint32_t number(std::string_view name) { return number_of(name).value_or(0); }  // all known: broker_filter_test

ArgumentRule only(std::string_view name, uint8_t argument, std::initializer_list<uint32_t> values, Action otherwise,
                  std::string meaning, uint32_t mask = 0xffffffff) {
  return {.number = number(name),
          .cases = {{.all = {{.argument = argument, .mask = mask, .values = values}}, .action = kAllow}},
          .otherwise = otherwise,
          .meaning = std::move(meaning)};
}

std::vector<ArgumentRule> rules() {
  return {
      only("mmap", 2, {0}, kKill, "PROT_EXEC: killed", PROT_EXEC),
      only("mprotect", 2, {0}, kKill, "PROT_EXEC: killed", PROT_EXEC),
      only("socketpair", 0, {AF_UNIX}, kKill, "other families than AF_UNIX: killed"),
      only("ioctl", 1, {TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ, FIONREAD}, kKill,
           "other requests than a terminal's settings and size, and FIONREAD: killed"),
      only("keyctl", 0,
           {KEYCTL_SEARCH, KEYCTL_READ, KEYCTL_SETPERM, KEYCTL_INVALIDATE, KEYCTL_DESCRIBE, KEYCTL_GET_KEYRING_ID},
           kKill, "other operations than search, read, setperm, invalidate, describe, get_keyring_id: killed"),
      {.number = number("prlimit64"),
       .cases = {{.all = {{.argument = 0, .values = {0}}, {.argument = 2, .values = {0}}}, .action = kAllow}},
       .otherwise = kKill,
       .meaning = "setting a limit, other processes: killed"},
  };
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

FilterSpec broker_filter() {
  FilterSpec spec{.default_action = refuse_with(ENOSYS), .rules = rules()};
  for (const std::string_view name : kAllowedCalls) spec.allowed.push_back(number(name));
  const auto by_argument = [&](uint32_t call) {
    return std::ranges::any_of(spec.rules, [&](const ArgumentRule& rule) { return rule.number == call; });
  };
  for (const Group group : all_groups())
    for (const Syscall& call : members(group)) {
      if (contains(kAllowedCalls, call.name) || by_argument(call.number)) continue;
      if (call.name == "prctl")
        spec.refused.push_back({call.number, refuse_with(EPERM)});
      else
        spec.refused.push_back({call.number, contains(kAnsweredCalls, call.name) ? refuse_with(ENOSYS) : kKill});
    }
  return spec;
}

}  // namespace confide::seccomp
