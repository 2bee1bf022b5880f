#include "seccomp/groups.h"

#include <algorithm>
#include <array>

#ifndef __x86_64__
#error "the system call numbers of seccomp/groups.cc are those of x86-64"
#endif

namespace confide::seccomp {
namespace {

// clang-format off
constexpr Syscall kFileIo[] = {
    {"read", 0}, {"write", 1}, {"open", 2}, {"close", 3}, {"lseek", 8}, {"pread64", 17}, {"pwrite64", 18},
    {"readv", 19}, {"writev", 20}, {"pipe", 22}, {"dup", 32}, {"dup2", 33}, {"sendfile", 40}, {"fcntl", 72},
    {"flock", 73}, {"fsync", 74}, {"fdatasync", 75}, {"truncate", 76}, {"ftruncate", 77}, {"creat", 85},
    {"sync", 162}, {"readahead", 187}, {"fadvise64", 221}, {"openat", 257}, {"splice", 275}, {"tee", 276},
    {"sync_file_range", 277}, {"vmsplice", 278}, {"fallocate", 285}, {"dup3", 292}, {"pipe2", 293},
    {"preadv", 295}, {"pwritev", 296}, {"syncfs", 306}, {"memfd_create", 319}, {"copy_file_range", 326},
    {"preadv2", 327}, {"pwritev2", 328}, {"close_range", 436}, {"openat2", 437}, {"cachestat", 451},
};
constexpr Syscall kFileTree[] = {
    {"stat", 4}, {"fstat", 5}, {"lstat", 6}, {"access", 21}, {"getdents", 78}, {"getcwd", 79}, {"chdir", 80},
    {"fchdir", 81}, {"rename", 82}, {"mkdir", 83}, {"rmdir", 84}, {"link", 86}, {"unlink", 87}, {"symlink", 88},
    {"readlink", 89}, {"chmod", 90}, {"fchmod", 91}, {"chown", 92}, {"fchown", 93}, {"lchown", 94}, {"umask", 95},
    {"utime", 132}, {"statfs", 137}, {"fstatfs", 138}, {"setxattr", 188}, {"lsetxattr", 189}, {"fsetxattr", 190},
    {"getxattr", 191}, {"lgetxattr", 192}, {"fgetxattr", 193}, {"listxattr", 194}, {"llistxattr", 195},
    {"flistxattr", 196}, {"removexattr", 197}, {"lremovexattr", 198}, {"fremovexattr", 199}, {"getdents64", 217},
    {"utimes", 235}, {"mkdirat", 258}, {"fchownat", 260}, {"futimesat", 261}, {"newfstatat", 262},
    {"unlinkat", 263}, {"renameat", 264}, {"linkat", 265}, {"symlinkat", 266}, {"readlinkat", 267},
    {"fchmodat", 268}, {"faccessat", 269}, {"utimensat", 280}, {"renameat2", 316}, {"statx", 332},
    {"faccessat2", 439}, {"fchmodat2", 452}, {"statmount", 457}, {"listmount", 458}, {"setxattrat", 463},
    {"getxattrat", 464}, {"listxattrat", 465}, {"removexattrat", 466}, {"file_getattr", 468}, {"file_setattr", 469},
};
constexpr Syscall kSpecialFiles[] = {{"mknod", 133}, {"mknodat", 259}};
constexpr Syscall kWaiting[] = {
    {"poll", 7}, {"select", 23}, {"epoll_create", 213}, {"epoll_wait", 232}, {"epoll_ctl", 233},
    {"inotify_init", 253}, {"inotify_add_watch", 254}, {"inotify_rm_watch", 255}, {"pselect6", 270}, {"ppoll", 271},
    {"epoll_pwait", 281}, {"signalfd", 282}, {"timerfd_create", 283}, {"eventfd", 284}, {"timerfd_settime", 286},
    {"timerfd_gettime", 287}, {"signalfd4", 289}, {"eventfd2", 290}, {"epoll_create1", 291},
    {"inotify_init1", 294}, {"epoll_pwait2", 441},
};
constexpr Syscall kMemory[] = {
    {"mmap", 9}, {"mprotect", 10}, {"munmap", 11}, {"brk", 12}, {"mremap", 25}, {"msync", 26}, {"mincore", 27},
    {"madvise", 28}, {"mlock", 149}, {"munlock", 150}, {"mlockall", 151}, {"munlockall", 152},
    {"remap_file_pages", 216}, {"mbind", 237}, {"set_mempolicy", 238}, {"get_mempolicy", 239}, {"mlock2", 325},
    {"pkey_mprotect", 329}, {"pkey_alloc", 330}, {"pkey_free", 331}, {"memfd_secret", 447},
    {"set_mempolicy_home_node", 450}, {"map_shadow_stack", 453}, {"mseal", 462},
};
constexpr Syscall kProcesses[] = {
    {"getpid", 39}, {"fork", 57}, {"vfork", 58}, {"execve", 59}, {"exit", 60}, {"wait4", 61}, {"setpgid", 109},
    {"getppid", 110}, {"getpgrp", 111}, {"setsid", 112}, {"getpgid", 121}, {"getsid", 124}, {"exit_group", 231},
    {"waitid", 247}, {"execveat", 322}, {"pidfd_open", 434},
};
constexpr Syscall kNewProcesses[] = {{"clone", 56}};
constexpr Syscall kNewProcesses3[] = {{"clone3", 435}};
constexpr Syscall kThreads[] = {
    {"arch_prctl", 158}, {"gettid", 186}, {"futex", 202}, {"set_tid_address", 218}, {"set_robust_list", 273},
    {"get_robust_list", 274}, {"membarrier", 324}, {"rseq", 334}, {"futex_waitv", 449}, {"futex_wake", 454},
    {"futex_wait", 455}, {"futex_requeue", 456},
};
constexpr Syscall kSignals[] = {
    {"rt_sigaction", 13}, {"rt_sigprocmask", 14}, {"rt_sigreturn", 15}, {"pause", 34}, {"kill", 62},
    {"rt_sigpending", 127}, {"rt_sigtimedwait", 128}, {"rt_sigqueueinfo", 129}, {"rt_sigsuspend", 130},
    {"sigaltstack", 131}, {"tkill", 200}, {"restart_syscall", 219}, {"tgkill", 234}, {"rt_tgsigqueueinfo", 297},
    {"pidfd_send_signal", 424},
};
constexpr Syscall kTime[] = {
    {"nanosleep", 35}, {"getitimer", 36}, {"alarm", 37}, {"setitimer", 38}, {"gettimeofday", 96}, {"times", 100},
    {"time", 201}, {"timer_create", 222}, {"timer_settime", 223}, {"timer_gettime", 224}, {"timer_getoverrun", 225},
    {"timer_delete", 226}, {"clock_gettime", 228}, {"clock_getres", 229}, {"clock_nanosleep", 230},
};
constexpr Syscall kScheduling[] = {
    {"sched_yield", 24}, {"getpriority", 140}, {"setpriority", 141}, {"sched_setparam", 142},
    {"sched_getparam", 143}, {"sched_setscheduler", 144}, {"sched_getscheduler", 145},
    {"sched_get_priority_max", 146}, {"sched_get_priority_min", 147}, {"sched_rr_get_interval", 148},
    {"sched_setaffinity", 203}, {"sched_getaffinity", 204}, {"ioprio_set", 251}, {"ioprio_get", 252},
    {"getcpu", 309}, {"sched_setattr", 314}, {"sched_getattr", 315},
};
constexpr Syscall kIdentity[] = {
    {"getuid", 102}, {"getgid", 104}, {"setuid", 105}, {"setgid", 106}, {"geteuid", 107}, {"getegid", 108},
    {"setreuid", 113}, {"setregid", 114}, {"getgroups", 115}, {"setgroups", 116}, {"setresuid", 117},
    {"getresuid", 118}, {"setresgid", 119}, {"getresgid", 120}, {"setfsuid", 122}, {"setfsgid", 123},
    {"capget", 125}, {"capset", 126},
};
constexpr Syscall kSockets[] = {
    {"connect", 42}, {"accept", 43}, {"sendto", 44}, {"recvfrom", 45}, {"sendmsg", 46}, {"recvmsg", 47},
    {"shutdown", 48}, {"bind", 49}, {"listen", 50}, {"getsockname", 51}, {"getpeername", 52}, {"setsockopt", 54},
    {"getsockopt", 55}, {"accept4", 288}, {"recvmmsg", 299}, {"sendmmsg", 307},
};
constexpr Syscall kNewSockets[] = {{"socket", 41}, {"socketpair", 53}};
constexpr Syscall kIpc[] = {
    {"shmget", 29}, {"shmat", 30}, {"shmctl", 31}, {"semget", 64}, {"semop", 65}, {"semctl", 66}, {"shmdt", 67},
    {"msgget", 68}, {"msgsnd", 69}, {"msgrcv", 70}, {"msgctl", 71}, {"semtimedop", 220}, {"mq_open", 240},
    {"mq_unlink", 241}, {"mq_timedsend", 242}, {"mq_timedreceive", 243}, {"mq_notify", 244}, {"mq_getsetattr", 245},
};
constexpr Syscall kAsyncIo[] = {
    {"io_setup", 206}, {"io_destroy", 207}, {"io_getevents", 208}, {"io_submit", 209}, {"io_cancel", 210},
    {"io_pgetevents", 333},
};
constexpr Syscall kSystemInfo[] = {{"uname", 63}, {"getrusage", 98}, {"sysinfo", 99}, {"getrandom", 318}};
constexpr Syscall kLimits[] = {{"getrlimit", 97}, {"setrlimit", 160}, {"prlimit64", 302}};
constexpr Syscall kSelfConfinement[] = {
    {"prctl", 157}, {"seccomp", 317}, {"landlock_create_ruleset", 444}, {"landlock_add_rule", 445},
    {"landlock_restrict_self", 446}, {"lsm_get_self_attr", 459}, {"lsm_set_self_attr", 460},
    {"lsm_list_modules", 461},
};
constexpr Syscall kDeviceControl[] = {{"ioctl", 16}};
constexpr Syscall kPersonality[] = {{"personality", 135}};
constexpr Syscall kUnshare[] = {{"unshare", 272}};
constexpr Syscall kMount[] = {{"pivot_root", 155}, {"mount", 165}, {"umount2", 166}};
constexpr Syscall kMountTrees[] = {{"open_tree", 428}, {"move_mount", 429}, {"mount_setattr", 442}};
constexpr Syscall kMountApi[] = {
    {"fsopen", 430}, {"fsconfig", 431}, {"fsmount", 432}, {"fspick", 433}, {"open_tree_attr", 467},
};
constexpr Syscall kRoots[] = {{"chroot", 161}, {"setns", 308}};
constexpr Syscall kOtherProcesses[] = {
    {"ptrace", 101}, {"migrate_pages", 256}, {"move_pages", 279}, {"process_vm_readv", 310},
    {"process_vm_writev", 311}, {"kcmp", 312}, {"pidfd_getfd", 438}, {"process_madvise", 440},
    {"process_mrelease", 448},
};
constexpr Syscall kTracing[] = {
    {"lookup_dcookie", 212}, {"perf_event_open", 298}, {"bpf", 321}, {"userfaultfd", 323},
};
constexpr Syscall kKeyring[] = {{"add_key", 248}, {"request_key", 249}, {"keyctl", 250}};
constexpr Syscall kIoUring[] = {{"io_uring_setup", 425}, {"io_uring_enter", 426}, {"io_uring_register", 427}};
constexpr Syscall kFileHandles[] = {
    {"fanotify_init", 300}, {"fanotify_mark", 301}, {"name_to_handle_at", 303}, {"open_by_handle_at", 304},
};
constexpr Syscall kClockSetting[] = {
    {"adjtimex", 159}, {"settimeofday", 164}, {"clock_settime", 227}, {"clock_adjtime", 305},
};
constexpr Syscall kSystemControl[] = {
    {"syslog", 103}, {"vhangup", 153}, {"acct", 163}, {"swapon", 167}, {"swapoff", 168}, {"reboot", 169},
    {"sethostname", 170}, {"setdomainname", 171}, {"iopl", 172}, {"ioperm", 173}, {"init_module", 175},
    {"delete_module", 176}, {"quotactl", 179}, {"kexec_load", 246}, {"finit_module", 313},
    {"kexec_file_load", 320}, {"quotactl_fd", 443},
};
constexpr Syscall kObsolete[] = {
    {"uselib", 134}, {"ustat", 136}, {"sysfs", 139}, {"modify_ldt", 154}, {"_sysctl", 156}, {"create_module", 174},
    {"get_kernel_syms", 177}, {"query_module", 178}, {"nfsservctl", 180},
};
// clang-format on

struct Entry {
  Group group;
  std::string_view name;
  std::span<const Syscall> members;
};
constexpr Entry kEntries[] = {
    {Group::kFileIo, "file i/o", kFileIo},
    {Group::kFileTree, "file tree", kFileTree},
    {Group::kSpecialFiles, "special files", kSpecialFiles},
    {Group::kWaiting, "waiting", kWaiting},
    {Group::kMemory, "memory", kMemory},
    {Group::kProcesses, "processes", kProcesses},
    {Group::kNewProcesses, "new processes (clone)", kNewProcesses},
    {Group::kNewProcesses3, "new processes (clone3)", kNewProcesses3},
    {Group::kThreads, "threads", kThreads},
    {Group::kSignals, "signals", kSignals},
    {Group::kTime, "time", kTime},
    {Group::kScheduling, "scheduling", kScheduling},
    {Group::kIdentity, "identity", kIdentity},
    {Group::kSockets, "sockets", kSockets},
    {Group::kNewSockets, "new sockets", kNewSockets},
    {Group::kIpc, "ipc", kIpc},
    {Group::kAsyncIo, "asynchronous i/o", kAsyncIo},
    {Group::kSystemInfo, "system information", kSystemInfo},
    {Group::kLimits, "limits", kLimits},
    {Group::kSelfConfinement, "self-confinement", kSelfConfinement},
    {Group::kDeviceControl, "device control", kDeviceControl},
    {Group::kPersonality, "personality", kPersonality},
    {Group::kUnshare, "unshare", kUnshare},
    {Group::kMount, "mounts", kMount},
    {Group::kMountTrees, "mounts moved by descriptor", kMountTrees},
    {Group::kMountApi, "file systems by descriptor", kMountApi},
    {Group::kRoots, "other roots and namespaces", kRoots},
    {Group::kOtherProcesses, "other processes", kOtherProcesses},
    {Group::kTracing, "tracing", kTracing},
    {Group::kKeyring, "kernel keyrings", kKeyring},
    {Group::kIoUring, "io_uring", kIoUring},
    {Group::kFileHandles, "file handles and fanotify", kFileHandles},
    {Group::kClockSetting, "clock setting", kClockSetting},
    {Group::kSystemControl, "system control", kSystemControl},
    {Group::kObsolete, "obsolete", kObsolete},
};

constexpr auto kGroups = [] {
  std::array<Group, std::size(kEntries)> groups{};
  for (size_t i = 0; i < groups.size(); ++i) groups[i] = kEntries[i].group;
  return groups;
}();

const Entry& entry(Group group) {
  return *std::ranges::find(kEntries, group, &Entry::group);  // complete: see groups_test
}

}  // namespace

std::span<const Group> all_groups() { return kGroups; }

std::string_view name_of(Group group) { return entry(group).name; }

std::span<const Syscall> members(Group group) { return entry(group).members; }

std::optional<uint32_t> number_of(std::string_view name) {
  for (const Entry& e : kEntries)
    for (const Syscall& call : e.members)
      if (call.name == name) return call.number;
  return std::nullopt;
}

std::string_view name_of_number(uint32_t number) {
  for (const Entry& e : kEntries)
    for (const Syscall& call : e.members)
      if (call.number == number) return call.name;
  return {};
}

}  // namespace confide::seccomp
