// Every system call that x86-64 has, once, in a group by meaning. Numbers are those of
// arch/x86/entry/syscalls/syscall_64.tbl of Linux 6.18; calls that no kernel since 2.6 implements are left out
// (getpmsg, tuxcall, vserver …), and so are numbers newer than the table: a filter answers those with its default.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace confide::seccomp {

enum class Group : uint8_t {
  kFileIo,         // bytes through descriptors, and descriptors themselves
  kFileTree,       // names, folders, attributes
  kSpecialFiles,   // mknod: devices are told from pipes and sockets by the mode
  kWaiting,        // poll, epoll, eventfd, inotify, signalfd, timerfd
  kMemory,         // mappings, protection keys, locking, NUMA policy of the caller itself
  kProcesses,      // fork, exec, wait, groups and sessions
  kNewProcesses,   // clone, whose flags may ask for namespaces
  kNewProcesses3,  // clone3, whose flags lie behind a pointer that a filter cannot follow
  kThreads,        // futex, rseq, thread-local state
  kSignals,
  kTime,  // reading clocks, sleeping, timers
  kScheduling,
  kIdentity,    // uids, gids, capabilities: the kernel decides
  kSockets,     // work on sockets that exist
  kNewSockets,  // socket, socketpair: told apart by family
  kIpc,         // System V and POSIX queues, semaphores, shared memory
  kAsyncIo,     // io_submit and its family
  kSystemInfo,
  kLimits,
  kSelfConfinement,  // seccomp, Landlock, prctl
  kDeviceControl,    // ioctl: told apart by the request
  kPersonality,      // personality: told apart by its argument
  kUnshare,          // unshare: told apart by its flags
  kMount,            // mount, umount2, pivot_root
  kMountTrees,       // what there is, bound, moved and made read-only by descriptor: what mount(2) does by path
  kMountApi,         // file systems made and changed by descriptor
  kRoots,            // chroot, setns
  kOtherProcesses,   // reaching into another process
  kTracing,          // bpf, perf, userfaultfd
  kKeyring,
  kIoUring,
  kFileHandles,  // files by handle, fanotify: past path rules
  kClockSetting,
  kSystemControl,  // modules, kexec, swap, reboot, quota, names, ports …
  kObsolete,
};

struct Syscall {
  std::string_view name;
  uint32_t number = 0;
};

std::span<const Group> all_groups();
std::string_view name_of(Group group);  // "file i/o", "memory", …
std::span<const Syscall> members(Group group);

std::optional<uint32_t> number_of(std::string_view name);
// The name, or an empty view for a number that the table does not know.
std::string_view name_of_number(uint32_t number);

}  // namespace confide::seccomp
