#include "launcher/host/probe.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"
#include "launcher/host/survey.h"
#include "launcher/plan/build.h"
#include "launcher/supervise/idmap.h"

namespace confide::launcher {
namespace {

int landlock_abi() {
  const long version = ::syscall(abi::kNrLandlockCreateRuleset, nullptr, 0UL, abi::kLandlockCreateRulesetVersion);
  return version < 0 ? 0 : static_cast<int>(version);
}

// Runs `attempt` (0 or an errno) in a child with the given new namespaces; returns what it returned, or clone3's errno.
template <class Attempt>
int try_in_namespaces(uint64_t namespaces, Attempt attempt) {
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return errno;
  abi::CloneArgs arguments{.flags = namespaces, .exit_signal = SIGCHLD};
  const long pid = ::syscall(abi::kNrClone3, &arguments, sizeof arguments);
  if (pid < 0) {
    const int error = errno;
    ::close(report[0]);
    ::close(report[1]);
    return error;
  }
  if (pid == 0) {
    const int error = attempt();
    (void)!::write(report[1], &error, sizeof error);
    ::_exit(0);
  }
  ::close(report[1]);
  int error = ECHILD;
  (void)!::read(report[0], &error, sizeof error);
  ::close(report[0]);
  (void)sys::waitpid(static_cast<pid_t>(pid));
  return error;
}

// What a launch does first in its new user namespace: map the caller's own uid, then mount. `map` is made before the
// clone.
int map_and_mount(const std::string& map) {
  (void)::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // an undumpable process's maps are root's to write, as in a launch
  const UniqueFd fd(::open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || ::write(fd.get(), map.data(), map.size()) < 0) return errno;
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0 ? 0 : errno;
}

constexpr int kJoinSessionKeyring = 1;  // KEYCTL_JOIN_SESSION_KEYRING, keyctl(2)

// On the file system of the working directory, where a project would be.
Feature try_idmap() {
  const PathFact here = look_at(".");
  const Ids own{here.owner, here.group};
  const auto space = IdmapNamespace::make({own, {kReservedId, kReservedId}});
  if (!space) return {false, to_text(space.error())};
  const auto tree = detached_tree(here);
  if (!tree) return {false, to_text(tree.error())};
  const auto mapped = map_owner(*tree, *space);
  return mapped ? Feature{} : Feature{false, to_text(mapped.error())};
}

std::string first_line(const char* path) {
  const auto text = sys::read_file(path, 4096);
  return text ? std::string(trim(*text)) : std::string();
}

}  // namespace

HostFacts probe_quickly() {
  HostFacts facts;
  utsname name{};
  if (::uname(&name) == 0) facts.kernel_release = name.release;
  facts.landlock_abi = landlock_abi();
  if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
    facts.seccomp = {false, "this kernel was built without seccomp filters (CONFIG_SECCOMP_FILTER)"};
  }
  return facts;
}

HostFacts probe_by_trying() {
  HostFacts facts = probe_quickly();
  const std::string map = cat(::geteuid(), " ", ::geteuid(), " 1");
  const int userns = try_in_namespaces(CLONE_NEWUSER | CLONE_NEWNS, [&] { return map_and_mount(map); });
  if (userns != 0) facts.user_namespaces = {false, why_no_user_namespace(userns)};
  const int proc = try_in_namespaces(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, [] {
    return ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0 ? 0 : errno;
  });
  if (proc != 0) facts.own_proc = {false, userns != 0 ? "it needs namespaces" : why_no_own_proc(proc)};
  const int network = try_in_namespaces(CLONE_NEWUSER | CLONE_NEWNET, [] { return 0; });
  if (network != 0) facts.network_namespace = {false, cat("the kernel refused one: ", ::strerrordesc_np(network))};
  const int keyring =
      try_in_namespaces(0, [] { return ::syscall(SYS_keyctl, kJoinSessionKeyring, nullptr) < 0 ? errno : 0; });
  if (keyring != 0)
    facts.session_keyring = {false, cat("the kernel refused a new one: ", ::strerrordesc_np(keyring),
                                        "; a container's filter may forbid keyctl")};
  if (::geteuid() == 0) facts.idmapped_mounts = try_idmap();
  probe_cgroup(facts);
  return facts;
}

std::string why_no_user_namespace(int errnum) {
  if (first_line("/proc/sys/user/max_user_namespaces") == "0") {
    return "user namespaces are switched off; as root: sysctl user.max_user_namespaces=15000";
  }
  if (first_line("/proc/sys/kernel/unprivileged_userns_clone") == "0" && ::geteuid() != 0) {
    return "user namespaces are for root only; as root: sysctl kernel.unprivileged_userns_clone=1";
  }
  if (first_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" && ::geteuid() != 0) {
    return "AppArmor restricts user namespaces; as root: sysctl "
           "kernel.apparmor_restrict_unprivileged_userns=0";
  }
  if (errnum == ENOSPC || errnum == EUSERS) return "the limit of user namespaces is reached (user.max_user_namespaces)";
  return cat("the kernel refused a user namespace (", ::strerrordesc_np(errnum),
             "); inside a container or another sandbox, allow unshare and mount there");
}

std::string why_no_own_proc(int errnum) {
  return cat(
      "the kernel refused a procfs of its own (", ::strerrordesc_np(errnum),
      "): a container that masks parts of /proc forbids new ones (docker: --security-opt systempaths=unconfined)");
}

void probe_cgroup(HostFacts& facts) {
  facts.cgroup.reset();
  const auto membership = sys::read_file("/proc/self/cgroup", 65536);
  const auto mounts = sys::read_file("/proc/self/mountinfo", 1 << 20);
  if (!membership || !mounts) {
    facts.cgroup_why_not = "/proc does not tell the cgroup of this process";
    return;
  }
  std::string mount_point;
  for (const std::string_view line : split(*mounts, '\n')) {
    const size_t dash = line.find(" - cgroup2 ");
    if (dash == std::string_view::npos) continue;
    const auto fields = split(line.substr(0, dash), ' ');
    if (fields.size() > 4) mount_point = fields[4];
  }
  if (mount_point.empty()) {
    facts.cgroup_why_not = "no cgroup v2 is mounted";
    return;
  }
  std::string own;
  for (const std::string_view line : split(*membership, '\n'))
    if (line.starts_with("0::")) own = line.substr(3);
  std::string folder = mount_point + (own == "/" ? "" : own);
  // A delegated parent: the process's own cgroup cannot have both processes and children with controllers (the
  // "no internal processes" rule of cgroups(7)), so siblings are made beside it.
  const size_t slash = folder.rfind('/');
  std::string parent = folder.size() > mount_point.size() ? folder.substr(0, slash) : folder;
  const std::string controllers = first_line((parent + "/cgroup.subtree_control").c_str());
  if (controllers.find("memory") == std::string::npos) {
    facts.cgroup_why_not =
        cat(parent, " delegates no memory controller; start under systemd-run --user --scope -p Delegate=yes");
    return;
  }
  if (::access((parent + "/cgroup.procs").c_str(), W_OK) != 0) {
    facts.cgroup_why_not = cat(parent, " is not writable; start under systemd-run --user --scope -p Delegate=yes");
    return;
  }
  facts.cgroup = std::move(parent);
}

}  // namespace confide::launcher
