// The shipped filters on the running kernel. Each attack is first made without a filter, where it must not meet the
// filter's answer: a refusal that the kernel would have given anyway proves nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fanotify.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <ctime>

#include "tests/kernel/seccomp/attached.h"

namespace confide::seccomp {
namespace {

constexpr long kNone = 0;

struct Attack {
  const char* name;
  int (*call)();
  Ending in_tool;
  enum class InAgent { kSame, kAsWithoutFilter } in_agent = InAgent::kSame;
};
void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

// A session with a terminal of its own, as an attacker inside has one: TIOCSTI then asks nothing more of the kernel.
int with_terminal(unsigned long request, long argument) {
  int main_side = -1;
  int side = -1;
  if (openpty(&main_side, &side, nullptr, nullptr, nullptr) != 0) return 250;
  if (setsid() == -1 || ioctl(side, TIOCSCTTY, 0) != 0) return 251;
  return errno_if_failed(syscall(SYS_ioctl, side, request, argument));
}
long letter() {
  static const char kLetter = 'x';
  return reinterpret_cast<long>(&kLetter);
}
long discipline() {
  static const int kTty = 0;  // N_TTY: the one that it has
  return reinterpret_cast<long>(&kTty);
}

int cloned(unsigned long flags) {
  const long child = syscall(SYS_clone, flags | SIGCHLD, kNone, kNone, kNone, kNone);
  if (child == 0) _exit(0);
  if (child == -1) return errno;
  waitpid(static_cast<pid_t>(child), nullptr, 0);
  return 0;
}

int own_memory_by(long number) {
  char from[8] = "memory";
  char to[8] = {};
  const iovec local{to, sizeof to};
  const iovec remote{from, sizeof from};
  return errno_if_failed(syscall(number, getpid(), &local, 1L, &remote, 1L, 0L));
}

int own_descriptor_by_pidfd() {
  const long pidfd = syscall(SYS_pidfd_open, getpid(), 0L);
  if (pidfd == -1) return 250;
  return errno_if_failed(syscall(SYS_pidfd_getfd, pidfd, 2L, 0L));
}

int handle_of_root() {
  struct {
    unsigned bytes = 128;
    int type = 0;
    unsigned char handle[128] = {};
  } handle;
  int mount = 0;
  return errno_if_failed(syscall(SYS_name_to_handle_at, AT_FDCWD, "/tmp", &handle, &mount, 0L));
}

#define CALL(...) +[] { return errno_if_failed(syscall(__VA_ARGS__)); }
constexpr auto kAsWithout = Attack::InAgent::kAsWithoutFilter;
constexpr const char* kNowhere = "/nonexistent/of/confide";

const Attack kAttacks[] = {
    {"TIOCSTI", +[] { return with_terminal(TIOCSTI, letter()); }, {EPERM}},
    {"TIOCSTI_bit_32", +[] { return with_terminal(TIOCSTI | 1UL << 32, letter()); }, {EPERM}},
    {"TIOCSETD", +[] { return with_terminal(TIOCSETD, discipline()); }, {EPERM}},
    {"unshare_user", CALL(SYS_unshare, CLONE_NEWUSER), {EPERM}, kAsWithout},
    {"unshare_user_and_mount", CALL(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS), {EPERM}, kAsWithout},
    {"clone_user", +[] { return cloned(CLONE_NEWUSER); }, {EPERM}, kAsWithout},
    {"clone_user_high_bits", +[] { return cloned(CLONE_NEWUSER | 1UL << 40); }, {EPERM}, kAsWithout},
    {"clone3", CALL(SYS_clone3, kNone, 0L), {ENOSYS}, kAsWithout},
    {"mount", CALL(SYS_mount, kNowhere, kNowhere, "tmpfs", 0L, kNone), {EPERM}, kAsWithout},
    {"umount2", CALL(SYS_umount2, kNowhere, 0L), {EPERM}, kAsWithout},
    {"open_tree", CALL(SYS_open_tree, AT_FDCWD, kNowhere, 0L), {EPERM}, kAsWithout},
    {"setns", CALL(SYS_setns, -1L, 0L), {EPERM}},
    {"chroot", CALL(SYS_chroot, kNowhere), {EPERM}},
    {"ptrace", CALL(SYS_ptrace, PTRACE_TRACEME, 0L, 0L, 0L), {EPERM}},
    {"process_vm_readv", +[] { return own_memory_by(SYS_process_vm_readv); }, {EPERM}},
    {"process_vm_writev", +[] { return own_memory_by(SYS_process_vm_writev); }, {EPERM}},
    {"pidfd_getfd", own_descriptor_by_pidfd, {EPERM}},
    {"kcmp", CALL(SYS_kcmp, getpid(), getpid(), 2L, 0L, 0L), {EPERM}},
    {"process_madvise", CALL(SYS_process_madvise, -1L, kNone, 0L, 0L, 0L), {EPERM}},
    {"process_mrelease", CALL(SYS_process_mrelease, -1L, 0L), {EPERM}},
    {"keyctl", CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, kNone), {EPERM}},
    {"request_key", CALL(SYS_request_key, "user", "confide-test", kNone, 0L), {EPERM}},
    {"perf_event_open", CALL(SYS_perf_event_open, kNone, 0L, -1L, -1L, 0L), {EPERM}},
    {"userfaultfd", CALL(SYS_userfaultfd, 1L /* UFFD_USER_MODE_ONLY */), {EPERM}},
    {"io_uring_setup", CALL(SYS_io_uring_setup, 1L, kNone), {ENOSYS}},
    {"io_uring_enter", CALL(SYS_io_uring_enter, -1L, 0L, 0L, 0L, kNone, 0L), {ENOSYS}},
    {"name_to_handle_at", handle_of_root, {EPERM}},
    {"fanotify_init", CALL(SYS_fanotify_init, FAN_REPORT_FID, 0L), {EPERM}},
    {"personality", CALL(SYS_personality, READ_IMPLIES_EXEC), {EPERM}},
    {"personality_bit_32", CALL(SYS_personality, READ_IMPLIES_EXEC | 1UL << 32), {EPERM}},
    {"mknodat_device", CALL(SYS_mknodat, AT_FDCWD, kNowhere, S_IFCHR | 0600, 0L), {EPERM}},
    {"clock_settime", CALL(SYS_clock_settime, CLOCK_REALTIME, 1L), {EPERM}},
    {"netlink_usersock", CALL(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK), {EPROTONOSUPPORT}},
    {"packet_socket", CALL(SYS_socket, AF_PACKET, SOCK_RAW, 0L), {EAFNOSUPPORT}},
    {"packet_socket_bit_32", CALL(SYS_socket, AF_PACKET | 1UL << 32, SOCK_RAW, 0L), {EAFNOSUPPORT}},
};

class Attached : public testing::TestWithParam<Attack> {};
INSTANTIATE_TEST_SUITE_P(Seccomp, Attached, testing::ValuesIn(kAttacks),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST_P(Attached, IsRefused) {
  const Attack& attack = GetParam();
  const Ending without = ending_of(std::nullopt, attack.call);
  ASSERT_LT(without.errnum, 250) << "the attack could not be set up";
  if (without == attack.in_tool) GTEST_SKIP() << "this kernel gives the filter's answer by itself: " << without;
  EXPECT_EQ(ending_of(Profile::kTool, attack.call), attack.in_tool) << "without a filter: " << without;
  const bool same = attack.in_agent == Attack::InAgent::kSame;
  EXPECT_EQ(ending_of(Profile::kAgent, attack.call), same ? attack.in_tool : without);
}

// getpid by the 32-bit entry: number 20 there, a different call in every table of ours.
int by_int_0x80() {
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result == getpid() ? 0 : 1;
}

TEST(Killed, ForeignArchitecture) {
  const Ending without = ending_of(std::nullopt, by_int_0x80);
  if (without != Ending{}) GTEST_SKIP() << "no 32-bit entry here: " << without;
  for (const Profile profile : kAllProfiles) EXPECT_EQ(ending_of(profile, by_int_0x80), (Ending{0, SIGSYS}));
}

TEST(Killed, X32) {
  const auto getpid_of_x32 = [] { return errno_if_failed(syscall(0x40000000L | SYS_getpid)); };
  EXPECT_EQ(ending_of(std::nullopt, getpid_of_x32).signal, 0);
  for (const Profile profile : kAllProfiles) EXPECT_EQ(ending_of(profile, getpid_of_x32), (Ending{0, SIGSYS}));
}

// What no kernel implements answers the same with and without a filter: only that nothing else happens is shown.
// (335, uretprobe, would be no example: since 6.14 the kernel asks no filter about it and kills who calls it by hand.)
TEST(Unknown, IsNotImplemented) {
  for (const Profile profile : kAllProfiles)
    for (const long number : {400L, 1000L, 0x3fffffffL, -1L})
      EXPECT_EQ(ending_of(profile, [number] { return errno_if_failed(syscall(number)); }), Ending{ENOSYS}) << number;
}

}  // namespace
}  // namespace confide::seccomp
