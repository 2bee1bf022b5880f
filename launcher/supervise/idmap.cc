#include "launcher/supervise/idmap.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"

namespace confide::launcher {
namespace {

// Not a moment longer than its parent lives: it holds the parent's descriptors, whose end others wait for.
int sleep_until_killed(void* parent) {
  (void)::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  while (::syscall(SYS_getppid) == *static_cast<const pid_t*>(parent)) (void)::syscall(SYS_pause);
  return 0;
}

}  // namespace

Status write_proc(int pid, const char* file, const std::string& text) {
  const std::string path = cat("/proc/", pid, "/", file);
  const UniqueFd fd = TRY(sys::openat(AT_FDCWD, path, O_WRONLY));
  if (auto written = sys::write_all(fd.get(), text); !written) return with_context(path, written.error());
  return {};
}

Result<IdmapNamespace> IdmapNamespace::make(const Idmap& idmap) {
  alignas(16) static unsigned char stack[8192];
  static pid_t self;  // outlives this call, as the process may for a moment
  self = ::getpid();
  // Shares memory and descriptors: nothing is copied, and the process never runs code that could touch them.
  const int pid =
      ::clone(sleep_until_killed, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_NEWUSER | SIGCHLD, &self);
  if (pid < 0) return sys::errno_error("clone of a user namespace for an idmapped mount");
  IdmapNamespace made(idmap, pid);
  const Status described = [&]() -> Status {
    TRY(write_proc(pid, "uid_map", cat(idmap.disk.uid, " ", idmap.kernel.uid, " 1")));
    TRY(write_proc(pid, "gid_map", cat(idmap.disk.gid, " ", idmap.kernel.gid, " 1")));
    made.fd_ = TRY(sys::openat(AT_FDCWD, cat("/proc/", pid, "/ns/user"), O_RDONLY));
    return {};
  }();
  ::kill(pid, SIGKILL);
  if (!described) return described.error();
  return made;
}

IdmapNamespace::IdmapNamespace(IdmapNamespace&& other) noexcept
    : idmap_(other.idmap_), pid_(std::exchange(other.pid_, -1)), fd_(std::move(other.fd_)) {}

IdmapNamespace::~IdmapNamespace() {
  if (pid_ > 0) (void)sys::waitpid(pid_);
}

Result<UniqueFd> detached_tree(const PathFact& fact) {
  const std::string& path = fact.canonical;
  const UniqueFd source =
      TRY(sys::openat2(AT_FDCWD, path, O_PATH, abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks));
  struct stat found {};
  if (::fstat(source.get(), &found) != 0) return sys::errno_error("stat", path);
  if (found.st_dev != fact.device || found.st_ino != fact.inode) {
    return Error{ErrorKind::kLaunch, ESTALE, cat(printable(path), " was replaced while it was looked at")};
  }
  const long tree =
      ::syscall(SYS_open_tree, source.get(), "", AT_EMPTY_PATH | abi::kOpenTreeClone | O_CLOEXEC | abi::kAtRecursive);
  if (tree < 0) return sys::errno_error("open_tree", path);
  return UniqueFd(static_cast<int>(tree));
}

Status map_owner(const UniqueFd& tree, const IdmapNamespace& space) {
  const abi::MountAttr attributes{.attr_set = abi::kMountAttrIdmap, .userns_fd = static_cast<uint64_t>(space.fd())};
  const long mapped =
      ::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | abi::kAtRecursive, &attributes, sizeof attributes);
  return mapped == 0 ? Status() : sys::errno_error("idmapped mount");
}

}  // namespace confide::launcher
