#include "agents/prove.h"

namespace confide::agents {
namespace {

using Words = std::string_view;
constexpr Words kPid[] = {"@pid"};
constexpr Words kPidHeld[] = {"@pid", "@held"};
constexpr Words kPidFd[] = {"@pid", "@memfd"};
constexpr Words kPidMount[] = {"@pid", "mnt"};
constexpr Words kHomeFile[] = {"@home"};
constexpr Words kTmpFile[] = {"@tmp"};
constexpr Words kRootHome[] = {"@pid", "@home"};
constexpr Words kSocket[] = {"@socket"};
constexpr Words kAbstract[] = {"@abstract"};
constexpr Words kTcp[] = {"127.0.0.1", "@port"};
constexpr Words kPosix[] = {"@posix"};
constexpr Words kTmpFolder[] = {"/tmp"};
constexpr Words kSysctls[] = {"/proc/sys/vm"};  // no namespace has its own
constexpr Words kKey[] = {"confide-prove"};

constexpr Stake kSurface = Stake::kSurface;
constexpr Attempt::Where kConfined = Attempt::Where::kOnlyConfined;

constexpr Attempt kAttempts[] = {
    {"proc-environ", kPid, "read the victim's environment", "own-proc, user namespace or Landlock"},
    {"proc-mem", kPidHeld, "read the victim's memory by /proc", "own-proc, user namespace or Landlock"},
    {"proc-fd", kPidFd, "open the victim's descriptor again", "own-proc, user namespace or Landlock"},
    {"proc-maps", kPid, "read where the victim's memory lies", "own-proc, user namespace or Landlock"},
    {"proc-root", kRootHome, "enter the victim's file tree", "own-proc, user namespace or Landlock"},
    // Not of an unconfined shell: there it would go through every process of the person's, to show what is known.
    {"proc-scan", {}, "search every process in view", "own-proc, user namespace or Landlock", Stake::kValue, kConfined},
    {"nested-proc", kPid, "read it in a procfs of one's own", "pid namespace"},
    {"ptrace-attach", kPid, "trace the victim", "seccomp, pid namespace"},
    {"vm-readv", kPidHeld, "process_vm_readv of the victim", "seccomp, pid namespace"},
    {"pidfd-getfd", kPidFd, "take the victim's descriptor", "seccomp, pid namespace"},
    {"setns", kPidMount, "join the victim's mount namespace", "seccomp, pid namespace"},
    {"kill", kPid, "signal the victim", "pid namespace, Landlock scopes"},
    {"read", kHomeFile, "read a file of the home", "mount namespace"},
    {"open-write", kHomeFile, "write a file of the home", "mount namespace"},
    {"read-by-one-root", kHomeFile, "read it by the root of pid 1", "mount namespace"},
    {"nested-read", kHomeFile, "read it with a user namespace's capabilities", "mount namespace"},
    {"io-uring-openat", kHomeFile, "read it by io_uring", "seccomp, mount namespace"},
    {"read", kTmpFile, "read a file of /tmp", "mount namespace"},
    {"unix-path", kSocket, "connect to a unix socket by its path", "mount namespace"},
    {"unix-abstract", kAbstract, "connect to an abstract unix socket", "network namespace or Landlock scopes"},
    {"posix-shm", kPosix, "read the victim's shared memory", "own /dev/shm"},
    {"key-session", kKey, "read a key of the caller's session keyring", "keyring"},
    {"tcp", kTcp, "connect to a service on loopback", "network namespace", Stake::kReach},

    {"read-shadow", {}, "read the password hashes", "another uid", Stake::kValue, kConfined},
    {"caps-any", {}, "hold a capability, or be able to gain one", "capabilities", kSurface, kConfined},
    {"no-new-privs", {}, "gain by set-user-id programs", "no_new_privs", Stake::kValue, kConfined},
    {"sysctl-any", kSysctls, "open a kernel setting of the machine's for writing", "another uid", Stake::kValue,
     kConfined},
    {"core-pattern", {}, "name the program that receives core dumps", "another uid", Stake::kValue, kConfined},
    {"proc-kcore", {}, "read the kernel's memory", "another uid", Stake::kValue, kConfined},
    {"proc-kmsg", {}, "read the kernel's messages", "another uid", Stake::kValue, kConfined},
    {"syslog-read", {}, "read the kernel's log", "seccomp", Stake::kValue, kConfined},
    {"dev-mem", {}, "open physical memory", "own /dev", Stake::kValue, kConfined},
    {"tiocsti", {}, "type into the terminal", "seccomp, own terminal", Stake::kValue, kConfined},
    {"inherited-any", {}, "find a descriptor of the caller's", "descriptors closed", Stake::kValue, kConfined},
    {"mknod-char", kTmpFolder, "make a device", "capabilities", Stake::kValue, kConfined},
    {"netlink-audit", {}, "talk to the audit subsystem", "capabilities", Stake::kValue, kConfined},

    {"io-uring-setup", {}, "io_uring", "seccomp", kSurface, kConfined},
    {"bpf-map", {}, "bpf", "seccomp", kSurface, kConfined},
    {"perf-event", {}, "perf_event_open", "seccomp", kSurface, kConfined},
    {"userfaultfd", {}, "userfaultfd", "seccomp", kSurface, kConfined},
    {"unshare-user", {}, "a user namespace", "seccomp or user.max_user_namespaces", kSurface, kConfined},
    {"nested-mount-ns",
     {},
     "a mount namespace by way of it",
     "seccomp or user.max_user_namespaces",
     kSurface,
     kConfined},
    {"ptrace-own-child", {}, "ptrace of a child", "seccomp", kSurface, kConfined},
    {"key-add", {}, "keyrings", "seccomp", kSurface, kConfined},
    {"packet-socket", {}, "packet sockets", "capabilities", kSurface, kConfined},
    {"vsock", {}, "the hypervisor's sockets", "seccomp", kSurface, kConfined},
    {"alg-socket", {}, "AF_ALG sockets", "seccomp", kSurface, kConfined},
    {"i386-getpid", {}, "system calls of i386", "seccomp", kSurface, kConfined},
    {"x32-getpid", {}, "system calls of x32", "seccomp", kSurface, kConfined},
    {"personality-no-aslr", {}, "personality", "seccomp", kSurface, kConfined},
    {"fsopen", {}, "fsopen", "seccomp", kSurface, kConfined},
};

}  // namespace

std::span<const Attempt> attempts() { return kAttempts; }

}  // namespace confide::agents
