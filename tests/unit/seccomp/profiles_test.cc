// The shipped programs, attacked: what must be refused is refused, what the launcher and ordinary programs need passes.
#include "seccomp/profiles.h"

#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "seccomp/compare.h"
#include "seccomp/compile.h"
#include "seccomp/evaluate.h"
#include "seccomp/groups.h"
#include "tests/unit/seccomp/specs.h"

namespace confide::seccomp {
namespace {

constexpr uint64_t kBit32 = uint64_t{1} << 32;
constexpr uint32_t kAllowed = SECCOMP_RET_ALLOW;
constexpr uint32_t errno_of(int errnum) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(errnum); }

uint32_t answer(Profile profile, const seccomp_data& call) { return evaluate(program(profile), call).value_or(0xbad); }
uint32_t answer(Profile profile, std::string_view name, std::initializer_list<uint64_t> arguments = {}) {
  const auto number = number_of(name);
  EXPECT_TRUE(number.has_value()) << name;
  return answer(profile, call_of(number.value_or(9999), arguments));
}

constexpr uint32_t kForeign[] = {AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0, 0xffffffff};
constexpr uint64_t kRefusedRequests[] = {TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD};
constexpr uint64_t kNeededRequests[] = {TIOCSCTTY, TIOCSPGRP, TIOCSWINSZ, TIOCGWINSZ, FIONREAD, TIOCGETD, TIOCGPTN};

class InProfile : public testing::TestWithParam<Profile> {};
INSTANTIATE_TEST_SUITE_P(Seccomp, InProfile, testing::ValuesIn(kAllProfiles),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

// Every number of x86-64, x32 and i386, foreign architectures, swept arguments: the shipped program, libseccomp's and
// the spec say the same.
TEST_P(InProfile, ShippedProgramEqualsTheSpecAndLibseccomp) {
  const FilterSpec spec = filter_of(GetParam());
  const auto shipped = program(GetParam());
  const auto reference = compile_with_libseccomp(spec, Layout::kTree);
  ASSERT_TRUE(reference.has_value()) << reference.error().what;
  const std::vector<sock_filter> programs[] = {{shipped.begin(), shipped.end()}, *reference};
  const auto proof = prove_equal(spec, programs);
  EXPECT_TRUE(proof.has_value()) << (proof ? "" : proof.error().what);
}

// Socket families are all that the variant for local sockets changes.
TEST_P(InProfile, LocalSocketsAreUnixOnly) {
  const FilterSpec spec = filter_of(GetParam(), Sockets::kLocalOnly);
  const auto shipped = program(GetParam(), Sockets::kLocalOnly);
  const std::vector<sock_filter> programs[] = {{shipped.begin(), shipped.end()}};
  const auto proof = prove_equal(spec, programs);
  EXPECT_TRUE(proof.has_value()) << (proof ? "" : proof.error().what);
  for (const char* name : {"socket", "socketpair"})
    for (uint64_t family = 0; family < 64; ++family)
      for (const uint64_t protocol : {0UL, 6UL, 16UL})
        EXPECT_EQ(
            evaluate(shipped, call_of(number_of(name).value_or(0), {family, SOCK_STREAM, protocol})).value_or(0xbad),
            family == AF_UNIX ? kAllowed : errno_of(EAFNOSUPPORT))
            << name << " " << family;
  const auto without_sockets = [](FilterSpec all) {
    std::erase_if(all.rules,
                  [](const ArgumentRule& rule) { return name_of_number(rule.number).starts_with("socket"); });
    return all;
  };
  EXPECT_EQ(without_sockets(spec), without_sockets(filter_of(GetParam())));
}

TEST_P(InProfile, IsShort) {
  EXPECT_LE(program(GetParam()).size(), 100U);
  const auto evaluator = Evaluator::create(program(GetParam()));
  ASSERT_TRUE(evaluator.has_value());
  unsigned longest = 0;
  for (uint32_t number = 0; number < 512; ++number) longest = std::max(longest, evaluator->steps(call_of(number)));
  EXPECT_LE(longest, 24U);
}

TEST_P(InProfile, EveryCallOfTheTableIsDecidedByName) {
  const FilterSpec spec = filter_of(GetParam());
  size_t named = spec.allowed.size() + spec.refused.size() + spec.rules.size();
  size_t known = 0;
  for (const Group group : all_groups()) known += members(group).size();
  EXPECT_EQ(named, known);
}

TEST_P(InProfile, KillsX32AndForeignArchitectures) {
  for (uint32_t number = 0; number < 1024; ++number) {
    ASSERT_EQ(answer(GetParam(), call_of(kX32Bit | number)), SECCOMP_RET_KILL_PROCESS) << number;
    for (const uint32_t architecture : kForeign)
      ASSERT_EQ(answer(GetParam(), call_of(number, {}, architecture)), SECCOMP_RET_KILL_PROCESS) << number;
  }
}

TEST_P(InProfile, UnknownNumbersAreNotImplemented) {
  for (const uint32_t number : {335U, 423U, 470U, 1000U, 0x3fffffffU, 0xffffffffU, 181U, 184U})
    EXPECT_EQ(answer(GetParam(), call_of(number)), errno_of(ENOSYS)) << number;
}

TEST_P(InProfile, TypingIntoATerminalIsRefusedWhateverTheHighHalf) {
  for (const uint64_t request : kRefusedRequests)
    for (uint64_t bit = 31; bit < 64; ++bit) {
      const uint64_t high = bit == 31 ? 0 : uint64_t{1} << bit;
      EXPECT_EQ(answer(GetParam(), "ioctl", {0, request | high}), errno_of(EPERM)) << request << " " << bit;
      EXPECT_EQ(answer(GetParam(), "ioctl", {kBit32, request | high, ~0UL}), errno_of(EPERM));
    }
  for (const uint64_t request : kNeededRequests)
    EXPECT_EQ(answer(GetParam(), "ioctl", {0, request}), kAllowed) << request;
}

TEST_P(InProfile, RefusedByNameWithEperm) {
  for (const char* name : {"ptrace",
                           "process_vm_readv",
                           "process_vm_writev",
                           "pidfd_getfd",
                           "kcmp",
                           "perf_event_open",
                           "bpf",
                           "userfaultfd",
                           "add_key",
                           "request_key",
                           "keyctl",
                           "open_tree_attr",
                           "fsopen",
                           "fsconfig",
                           "fsmount",
                           "fspick",
                           "setns",
                           "chroot",
                           "kexec_load",
                           "kexec_file_load",
                           "init_module",
                           "finit_module",
                           "delete_module",
                           "create_module",
                           "query_module",
                           "get_kernel_syms",
                           "swapon",
                           "swapoff",
                           "reboot",
                           "acct",
                           "quotactl",
                           "quotactl_fd",
                           "clock_settime",
                           "settimeofday",
                           "adjtimex",
                           "clock_adjtime",
                           "sethostname",
                           "setdomainname",
                           "iopl",
                           "ioperm",
                           "open_by_handle_at",
                           "name_to_handle_at",
                           "process_madvise",
                           "process_mrelease",
                           "move_pages",
                           "migrate_pages",
                           "fanotify_init",
                           "fanotify_mark",
                           "syslog",
                           "lookup_dcookie",
                           "vhangup",
                           "nfsservctl",
                           "uselib",
                           "ustat",
                           "sysfs",
                           "_sysctl",
                           "modify_ldt"})
    for (const uint64_t argument : {0UL, ~0UL})
      EXPECT_EQ(answer(GetParam(), name, {argument, argument, argument, argument, argument, argument}), errno_of(EPERM))
          << name;
}

TEST_P(InProfile, IoUringIsNotImplemented) {
  for (const char* name : {"io_uring_setup", "io_uring_enter", "io_uring_register"})
    EXPECT_EQ(answer(GetParam(), name), errno_of(ENOSYS)) << name;
}

TEST_P(InProfile, SocketFamilies) {
  for (const char* name : {"socket", "socketpair"})
    for (uint64_t family = 0; family < 64; ++family)
      for (const uint64_t high : {uint64_t{0}, kBit32, 0xffffffffUL << 32}) {
        const bool common = family == AF_UNIX || family == AF_INET || family == AF_INET6;
        const uint32_t route = common || family == AF_NETLINK ? kAllowed : errno_of(EAFNOSUPPORT);
        EXPECT_EQ(answer(GetParam(), name, {high | family, SOCK_STREAM, 0}), route) << name << " " << family;
        const uint32_t other = common                 ? kAllowed
                               : family == AF_NETLINK ? errno_of(EPROTONOSUPPORT)
                                                      : errno_of(EAFNOSUPPORT);
        for (const uint64_t protocol : {4UL, 9UL, 12UL, 15UL, 16UL, 0x80000000UL, kBit32 | 12})
          EXPECT_EQ(answer(GetParam(), name, {high | family, SOCK_RAW, protocol}), other) << name << " " << family;
      }
}

TEST_P(InProfile, DevicesAreNotMade) {
  for (const auto& [name, at] : {std::pair{"mknod", 1}, std::pair{"mknodat", 2}})
    for (uint64_t type = 0; type < 16; ++type)
      for (const uint64_t rest : {0UL, 0777UL, kBit32, 0xffff0000UL}) {
        const uint64_t mode = type << 12 | rest;
        const bool harmless = type == 0 || type << 12 == S_IFREG || type << 12 == S_IFIFO || type << 12 == S_IFSOCK;
        const auto asked = at == 1 ? answer(GetParam(), name, {0, mode, 0}) : answer(GetParam(), name, {0, 0, mode});
        EXPECT_EQ(asked, harmless ? kAllowed : errno_of(EPERM)) << name << " " << mode;
      }
}

TEST_P(InProfile, Personality) {
  for (const uint64_t harmless : {0UL, 0x40000UL, 0xffffffffUL, ~0UL, kBit32})
    EXPECT_EQ(answer(GetParam(), "personality", {harmless}), kAllowed) << harmless;
  for (const uint64_t refused : {0x400000UL, 0x100000UL, 0x8UL, 0x440000UL, 0x20000UL, kBit32 | 0x400000})
    EXPECT_EQ(answer(GetParam(), "personality", {refused}), errno_of(EPERM)) << refused;
}

constexpr uint64_t kNamespaces[] = {0x80,         CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS,
                                    CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

TEST(ToolProfile, NamespacesAreRefusedInEveryCombination) {
  for (unsigned chosen = 1; chosen < 256; ++chosen) {
    uint64_t flags = 0;
    for (size_t i = 0; i < 8; ++i)
      if ((chosen >> i & 1U) != 0) flags |= kNamespaces[i];
    for (const uint64_t others : {uint64_t{0}, uint64_t{SIGCHLD}, uint64_t{CLONE_VM | CLONE_VFORK | SIGCHLD},
                                  uint64_t{CLONE_FS | CLONE_FILES | CLONE_PARENT}, 0xffffffffUL << 32}) {
      EXPECT_EQ(answer(Profile::kTool, "clone", {flags | others}), errno_of(EPERM)) << flags;
      EXPECT_EQ(answer(Profile::kTool, "unshare", {flags | others}), errno_of(EPERM)) << flags;
    }
  }
}

TEST(ToolProfile, OrdinaryCloneAndUnsharePass) {
  constexpr uint64_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                               CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  for (const uint64_t flags :
       {kThread, uint64_t{SIGCHLD}, uint64_t{CLONE_VM | CLONE_VFORK | SIGCHLD},
        uint64_t{CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD}, uint64_t{CLONE_PIDFD | SIGCHLD}})
    EXPECT_EQ(answer(Profile::kTool, "clone", {flags}), kAllowed) << flags;
  EXPECT_EQ(answer(Profile::kTool, "unshare", {CLONE_FS | CLONE_FILES}), kAllowed);
  EXPECT_EQ(answer(Profile::kTool, "clone3"), errno_of(ENOSYS));
}

TEST(ToolProfile, MountsAreRefused) {
  for (const char* name : {"mount", "umount2", "pivot_root", "open_tree", "move_mount", "mount_setattr"})
    EXPECT_EQ(answer(Profile::kTool, name), errno_of(EPERM)) << name;
}

// The whole of the difference: what an inner bubblewrap needs, or an inner run of ours.
TEST(AgentProfile, DiffersFromToolOnlyWhereAnInnerSandboxNeedsIt) {
  std::vector<std::string> differences;
  for (uint32_t number = 0; number < 1024; ++number) {
    bool differs = false;
    for (const uint64_t argument : {uint64_t{0}, uint64_t{CLONE_NEWUSER | CLONE_NEWNS}, ~uint64_t{0}}) {
      const auto call = call_of(number, {argument, argument, argument});
      const uint32_t tool = answer(Profile::kTool, call);
      const uint32_t agent = answer(Profile::kAgent, call);
      if (tool == agent) continue;
      EXPECT_EQ(agent, kAllowed) << number;
      differs = true;
    }
    if (differs) differences.emplace_back(name_of_number(number));
  }
  EXPECT_EQ(join(differences, " "), "clone pivot_root mount umount2 unshare open_tree move_mount clone3 mount_setattr");
}

// What pid 1 of a sandbox and the child that launches still call once the filter is on.
TEST_P(InProfile, TheLauncherCanDoItsWork) {
  for (const char* name : {"read",
                           "write",
                           "poll",
                           "ppoll",
                           "recvmsg",
                           "sendmsg",
                           "wait4",
                           "waitid",
                           "kill",
                           "tgkill",
                           "rt_sigaction",
                           "rt_sigprocmask",
                           "rt_sigreturn",
                           "rt_sigtimedwait",
                           "rt_sigsuspend",
                           "rt_sigpending",
                           "rt_sigqueueinfo",
                           "fork",
                           "vfork",
                           "setsid",
                           "setpgid",
                           "dup2",
                           "dup3",
                           "close",
                           "close_range",
                           "execve",
                           "execveat",
                           "exit",
                           "exit_group",
                           "prctl",
                           "umask",
                           "chdir",
                           "fchdir",
                           "mmap",
                           "munmap",
                           "fcntl",
                           "prlimit64",
                           "setresuid",
                           "setresgid",
                           "capset",
                           "signalfd4",
                           "pidfd_open",
                           "pidfd_send_signal",
                           "restart_syscall",
                           "getpid",
                           "getppid"})
    for (const uint64_t argument : {0UL, ~0UL})
      EXPECT_EQ(answer(GetParam(), name, {argument, argument, argument, argument, argument, argument}), kAllowed)
          << name;
  EXPECT_EQ(answer(GetParam(), "clone", {SIGCHLD | CLONE_VM | CLONE_VFORK}), kAllowed);
}

TEST_P(InProfile, OrdinaryProgramsCanDoTheirs) {
  for (const char* name : {"sched_setaffinity",
                           "mlock",
                           "memfd_create",
                           "memfd_secret",
                           "landlock_create_ruleset",
                           "landlock_add_rule",
                           "landlock_restrict_self",
                           "seccomp",
                           "openat2",
                           "statx",
                           "rseq",
                           "membarrier",
                           "io_submit",
                           "inotify_add_watch",
                           "copy_file_range",
                           "fchmodat2",
                           "faccessat2",
                           "futex",
                           "futex_waitv",
                           "getrandom",
                           "epoll_pwait2",
                           "semop",
                           "shmat",
                           "mq_open",
                           "arch_prctl",
                           "pkey_alloc",
                           "get_mempolicy",
                           "fallocate",
                           "splice",
                           "setgroups"})
    EXPECT_EQ(answer(GetParam(), name), kAllowed) << name;
}

}  // namespace
}  // namespace confide::seccomp
