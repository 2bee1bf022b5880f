// The broker's filter as data and as the shipped program.
#include "seccomp/broker_filter.h"

#include <gtest/gtest.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <set>

#include "seccomp/compare.h"
#include "seccomp/compile.h"
#include "seccomp/evaluate.h"
#include "seccomp/groups.h"
#include "seccomp/programs.h"
#include "tests/unit/seccomp/specs.h"

namespace confide::seccomp {
namespace {

constexpr uint64_t kBit32 = uint64_t{1} << 32;

uint32_t answer(std::string_view name, std::initializer_list<uint64_t> arguments = {}) {
  return evaluate(broker_program(), call_of(number_of(name).value(), arguments)).value_or(0xbad);
}

TEST(BrokerFilter, ShippedProgramEqualsTheSpecAndLibseccomp) {
  const FilterSpec spec = broker_filter();
  ASSERT_TRUE(check(spec).has_value()) << check(spec).error().what;
  const auto shipped = broker_program();
  const auto reference = compile_with_libseccomp(spec, Layout::kTree);
  ASSERT_TRUE(reference.has_value()) << reference.error().what;
  const std::vector<sock_filter> programs[] = {{shipped.begin(), shipped.end()}, *reference};
  const auto proof = prove_equal(spec, programs);
  EXPECT_TRUE(proof.has_value()) << (proof ? "" : proof.error().what);
}

TEST(BrokerFilter, NamesEveryCallOfTheTableOnce) {
  const FilterSpec spec = broker_filter();
  std::set<uint32_t> named(spec.allowed.begin(), spec.allowed.end());
  for (const Refusal& refusal : spec.refused) named.insert(refusal.number);
  for (const ArgumentRule& rule : spec.rules) named.insert(rule.number);
  EXPECT_EQ(named.size(), spec.allowed.size() + spec.refused.size() + spec.rules.size());
  for (const Group group : all_groups())
    for (const Syscall& call : members(group)) EXPECT_TRUE(named.contains(call.number)) << call.name;
}

TEST(BrokerFilter, KillsWhatNoBrokerAsksFor) {
  for (const char* name : {"execve",
                           "execveat",
                           "fork",
                           "vfork",
                           "clone",
                           "clone3",
                           "ptrace",
                           "process_vm_readv",
                           "process_vm_writev",
                           "pidfd_open",
                           "pidfd_getfd",
                           "kill",
                           "tgkill",
                           "pidfd_send_signal",
                           "socket",
                           "connect",
                           "bind",
                           "listen",
                           "accept",
                           "mount",
                           "umount2",
                           "pivot_root",
                           "chroot",
                           "unshare",
                           "setns",
                           "open_tree",
                           "bpf",
                           "perf_event_open",
                           "userfaultfd",
                           "io_uring_setup",
                           "io_uring_enter",
                           "open_by_handle_at",
                           "personality",
                           "pkey_mprotect",
                           "shmat",
                           "setuid",
                           "capset",
                           "seccomp",
                           "request_key",
                           "link",
                           "linkat",
                           "symlink",
                           "symlinkat",
                           "chmod",
                           "fchmodat",
                           "chown",
                           "truncate",
                           "mknod",
                           "setxattr",
                           "process_madvise",
                           "init_module",
                           "reboot",
                           "setrlimit",
                           "vmsplice"})
    EXPECT_EQ(answer(name), SECCOMP_RET_KILL_PROCESS) << name;
}

TEST(BrokerFilter, NoMemoryBecomesExecutable) {
  for (const char* name : {"mmap", "mprotect"}) {
    EXPECT_EQ(answer(name, {0, 4096, PROT_READ | PROT_WRITE}), SECCOMP_RET_ALLOW) << name;
    for (const uint64_t rights : {uint64_t{PROT_EXEC}, uint64_t{PROT_READ | PROT_EXEC}, PROT_EXEC | kBit32})
      EXPECT_EQ(answer(name, {0, 4096, rights}), SECCOMP_RET_KILL_PROCESS) << name;
  }
}

TEST(BrokerFilter, Arguments) {
  EXPECT_EQ(answer("socketpair", {AF_UNIX}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer("socketpair", {AF_INET}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer("ioctl", {0, TCGETS}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer("ioctl", {0, TIOCSTI}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer("ioctl", {0, TIOCSTI | kBit32}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer("keyctl", {KEYCTL_READ}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer("keyctl", {KEYCTL_UPDATE}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer("prlimit64", {0, 4, 0, 1}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer("prlimit64", {0, 4, 1, 0}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer("prlimit64", {1, 4, 0, 1}), SECCOMP_RET_KILL_PROCESS);
}

TEST(BrokerFilter, LibrariesFallBack) {
  for (const char* name : {"openat2", "fchmodat2", "mseal", "membarrier", "prctl"})
    EXPECT_EQ(answer(name), SECCOMP_RET_ERRNO | (std::string_view(name) == "prctl" ? EPERM : ENOSYS)) << name;
  EXPECT_EQ(evaluate(broker_program(), call_of(999)).value_or(0xbad), SECCOMP_RET_ERRNO | uint32_t{ENOSYS});
}

}  // namespace
}  // namespace confide::seccomp
