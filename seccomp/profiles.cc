#include "seccomp/profiles.h"

#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>

#include "seccomp/groups.h"

namespace confide::seccomp {
namespace {

constexpr Group kOrdinary[] = {
    Group::kFileIo,     Group::kFileTree,   Group::kWaiting, Group::kMemory,
    Group::kProcesses,  Group::kThreads,    Group::kSignals, Group::kTime,
    Group::kScheduling, Group::kIdentity,   Group::kSockets, Group::kIpc,
    Group::kAsyncIo,    Group::kSystemInfo, Group::kLimits,  Group::kSelfConfinement,
};
constexpr Group kNeverAllowed[] = {
    Group::kMountApi,    Group::kRoots,        Group::kOtherProcesses, Group::kTracing,  Group::kKeyring,
    Group::kFileHandles, Group::kClockSetting, Group::kSystemControl,  Group::kObsolete,
};

// CLONE_NEWTIME lies among the bits of clone's exit signal, where no valid signal sets it; unshare reads it.
constexpr uint32_t kNamespaceFlags = CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

void allow(FilterSpec& spec, Group group) {
  for (const Syscall& call : members(group)) spec.allowed.push_back(call.number);
}
void refuse(FilterSpec& spec, Group group, int errnum) {
  for (const Syscall& call : members(group)) spec.refused.push_back({call.number, refuse_with(errnum)});
}

ArgumentTest any_of(uint8_t argument, std::initializer_list<uint32_t> values, uint32_t mask = 0xffffffff) {
  return {.argument = argument, .mask = mask, .values = values};
}

ArgumentRule no_new_namespaces(uint32_t number) {
  return {.number = number,
          .cases = {{.all = {any_of(0, {0}, kNamespaceFlags)}, .action = kAllow}},
          .otherwise = refuse_with(EPERM),
          .meaning = "any CLONE_NEW* flag: EPERM"};
}

// TIOCSTI and TIOCLINUX type into somebody else's prompt; TIOCSETD loads line disciplines, TIOCCONS takes the console.
ArgumentRule ioctl_rule(uint32_t number) {
  return {.number = number,
          .cases = {{.all = {any_of(1, {TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD})}, .action = refuse_with(EPERM)}},
          .otherwise = kAllow,
          .meaning = "requests TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD (low 32 bits): EPERM"};
}

// The errnos are those of a kernel that was built without the family or the protocol, so that programs fall back.
// Of netlink only NETLINK_ROUTE is there: getaddrinfo and getifaddrs use it, and an inner bwrap brings `lo` up by it;
// nfnetlink is the widest door into the kernel that a user namespace opens.
ArgumentRule socket_rule(uint32_t number) {
  return {.number = number,
          .cases = {{.all = {any_of(0, {AF_UNIX, AF_INET, AF_INET6})}, .action = kAllow},
                    {.all = {any_of(0, {AF_NETLINK}), any_of(2, {NETLINK_ROUTE})}, .action = kAllow},
                    {.all = {any_of(0, {AF_NETLINK})}, .action = refuse_with(EPROTONOSUPPORT)}},
          .otherwise = refuse_with(EAFNOSUPPORT),
          .meaning =
              "AF_UNIX, AF_INET, AF_INET6 and NETLINK_ROUTE only; other families: EAFNOSUPPORT, other netlink "
              "protocols: EPROTONOSUPPORT"};
}

ArgumentRule local_socket_rule(uint32_t number) {
  return {.number = number,
          .cases = {{.all = {any_of(0, {AF_UNIX})}, .action = kAllow}},
          .otherwise = refuse_with(EAFNOSUPPORT),
          .meaning = "AF_UNIX only; other families: EAFNOSUPPORT"};
}

ArgumentRule mknod_rule(uint32_t number, uint8_t mode_argument) {
  return {.number = number,
          .cases = {{.all = {any_of(mode_argument, {0, S_IFREG, S_IFIFO, S_IFSOCK}, S_IFMT)}, .action = kAllow}},
          .otherwise = refuse_with(EPERM),
          .meaning = "devices: EPERM"};
}

// Reading it (0xffffffff) and switching ASLR off for oneself (sanitizers re-execute that way) are harmless; other
// personalities open old ABIs, READ_IMPLIES_EXEC or a mappable page 0.
ArgumentRule personality_rule(uint32_t number) {
  return {.number = number,
          .cases = {{.all = {any_of(0, {PER_LINUX, ADDR_NO_RANDOMIZE, 0xffffffff})}, .action = kAllow}},
          .otherwise = refuse_with(EPERM),
          .meaning = "other than 0, ADDR_NO_RANDOMIZE and asking: EPERM"};
}

}  // namespace

FilterSpec filter_of(Profile profile, Sockets sockets) {
  FilterSpec spec{.default_action = refuse_with(ENOSYS)};
  for (const Group group : kOrdinary) allow(spec, group);
  for (const Group group : kNeverAllowed) refuse(spec, group, EPERM);
  refuse(spec, Group::kIoUring, ENOSYS);

  for (const Syscall& call : members(Group::kDeviceControl)) spec.rules.push_back(ioctl_rule(call.number));
  for (const Syscall& call : members(Group::kNewSockets))
    spec.rules.push_back(sockets == Sockets::kLocalOnly ? local_socket_rule(call.number) : socket_rule(call.number));
  for (const Syscall& call : members(Group::kPersonality)) spec.rules.push_back(personality_rule(call.number));
  for (const Syscall& call : members(Group::kSpecialFiles))
    spec.rules.push_back(mknod_rule(call.number, call.name == "mknodat" ? 2 : 1));

  if (profile == Profile::kAgent) {
    // kMountTrees: a run of ours inside (`confide hook` in a wrapped agent) binds by descriptor.
    for (const Group group :
         {Group::kMount, Group::kMountTrees, Group::kUnshare, Group::kNewProcesses, Group::kNewProcesses3})
      allow(spec, group);
  } else {
    for (const Group group : {Group::kMount, Group::kMountTrees}) refuse(spec, group, EPERM);
    refuse(spec, Group::kNewProcesses3, ENOSYS);  // libc falls back to clone, whose flags can be read
    for (const Group group : {Group::kUnshare, Group::kNewProcesses})
      for (const Syscall& call : members(group)) spec.rules.push_back(no_new_namespaces(call.number));
  }
  return spec;
}

}  // namespace confide::seccomp
