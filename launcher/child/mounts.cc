// The sandbox's file tree. Relative paths start at the new root, in which the process stands until enter_root().
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/kernel_abi.h"
#include "base/syscalls.h"
#include "launcher/child/operations.h"

namespace confide::child {
namespace {

int to_errno(long result) { return result < 0 ? static_cast<int>(-result) : 0; }

long open_path(const char* path, uint64_t resolve) {
  const abi::OpenHow how{.flags = O_PATH | O_CLOEXEC, .resolve = resolve};
  return raw::call(abi::kNrOpenat2, AT_FDCWD, path, &how, sizeof how);
}

// Attaches the detached mount `tree` to `target`, walked without links and never above the new root.
int attach(int tree, const char* target) {
  const long at = open_path(target, abi::kResolveBeneath | abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks);
  if (at < 0) return to_errno(at);
  const long moved = raw::call(SYS_move_mount, tree, "", static_cast<int>(at), "",
                               abi::kMoveMountFEmptyPath | abi::kMoveMountTEmptyPath);
  raw::close_fd(static_cast<int>(at));
  return to_errno(moved);
}

// 0 if `fd` and `path` lead to what was looked at; ESTALE if somebody put another file in its place since then, or a
// link to another on the way to it. (A leaf that autofs mounts only now is another file too: the next launch finds it.)
int check_identity(int fd, const char* path, int flags, const Bind& op) {
  struct stat found {};
  const long result = raw::call(SYS_newfstatat, fd, path, &found, flags);
  if (result < 0) return to_errno(result);
  return found.st_dev == op.device && found.st_ino == op.inode ? 0 : ESTALE;
}

int bind_by_path(const Bind& op) {
  return to_errno(raw::call(SYS_mount, op.source, op.target, nullptr, MS_BIND | MS_REC, nullptr));
}

// Whatever was mounted for a moment, nobody but this process sees the target.
int bind_and_check(const Bind& op) {
  int error = bind_by_path(op);
  if (error != 0) return error;
  error = check_identity(AT_FDCWD, op.target, AT_SYMLINK_NOFOLLOW, op);
  if (error != 0) (void)raw::call(SYS_umount2, op.target, MNT_DETACH | UMOUNT_NOFOLLOW);
  return error;
}

int bind_carefully(const Bind& op) {
  const long opened =
      raw::call(SYS_open_tree, AT_FDCWD, op.source,
                AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | abi::kOpenTreeClone | O_CLOEXEC | abi::kAtRecursive);
  if (opened < 0) return to_errno(opened);
  const int tree = static_cast<int>(opened);
  int error = check_identity(tree, "", AT_EMPTY_PATH, op);
  if (error == 0) error = attach(tree, op.target);
  raw::close_fd(tree);
  return error;
}

long make_cover(int folder, const Cover& op) {
  if (op.as == CoverAs::kSocket) return raw::call(SYS_mknodat, folder, op.name, S_IFSOCK | 0600, 0);
  if (op.as != CoverAs::kFile) return raw::call(SYS_mkdirat, folder, op.name, kCoverFolderMode);
  const abi::OpenHow how{.flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                         .mode = 0600,
                         .resolve = abi::kResolveBeneath | abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks};
  const long fd = raw::call(abi::kNrOpenat2, folder, op.name, &how, sizeof how);
  if (fd < 0) return fd;
  const long written = raw::call(SYS_write, static_cast<int>(fd), op.content, op.size);
  raw::close_fd(static_cast<int>(fd));
  return written < 0 ? written : 0;
}

long mount_on_itself(int target) {
  long result = raw::call(SYS_open_tree, target, "", AT_EMPTY_PATH | abi::kOpenTreeClone | O_CLOEXEC);
  if (result >= 0) {
    const int tree = static_cast<int>(result);
    const abi::MountAttr attributes{.attr_set = abi::kMountAttrRdonly};
    result = raw::call(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
    if (result == 0)
      result = raw::call(SYS_move_mount, tree, "", target, "", abi::kMoveMountFEmptyPath | abi::kMoveMountTEmptyPath);
    raw::close_fd(tree);
  }
  return result;
}

// By the descriptor, because others may exchange what stands at its name meanwhile: mount(2) takes a path only.
long mount_private(int target) {
  const long back = open_path(".", 0);
  if (back < 0) return back;
  long result = raw::call(SYS_fchdir, target);
  if (result == 0)
    result = raw::call(SYS_mount, "tmpfs", ".", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=4m,nr_inodes=1024");
  const long returned = raw::call(SYS_fchdir, static_cast<int>(back));
  raw::close_fd(static_cast<int>(back));
  return result < 0 ? result : returned;
}

}  // namespace

int new_root(const NewRoot& op) {
  const long mounted = op.source != nullptr
                           ? raw::call(SYS_mount, op.source, op.staging, nullptr, MS_BIND | MS_REC, nullptr)
                           : raw::call(SYS_mount, "tmpfs", op.staging, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
  if (mounted < 0) return to_errno(mounted);
  return to_errno(raw::call(SYS_chdir, op.staging));
}

int make_dir(const MakeDir& op) { return to_errno(raw::call(SYS_mkdirat, AT_FDCWD, op.target, op.mode)); }

int make_file(const MakeFile& op) {
  if (op.size == 0) return to_errno(raw::call(SYS_mknodat, AT_FDCWD, op.target, S_IFREG | op.mode, 0));
  const long fd =
      raw::call(SYS_openat, AT_FDCWD, op.target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, op.mode);
  if (fd < 0) return to_errno(fd);
  long result = 0;
  for (size_t done = 0; done < op.size && result >= 0; done += static_cast<size_t>(result))
    result = raw::call(SYS_write, static_cast<int>(fd), op.content + done, op.size - done);
  raw::close_fd(static_cast<int>(fd));
  return to_errno(result);
}

int make_symlink(const MakeSymlink& op) {
  return to_errno(raw::call(SYS_symlinkat, op.points_to, AT_FDCWD, op.target));
}

int bind(const Bind& op) {
  if (op.tree_fd >= 0) return attach(op.tree_fd, op.target);
  switch (op.walk) {
    case Walk::kTrusted: return bind_by_path(op);
    case Walk::kChecked: return bind_and_check(op);
    case Walk::kCareful: return bind_carefully(op);
  }
  return EINVAL;
}

int own_folder(const OwnFolder& op) {
  const long result = raw::call(SYS_chmod, op.target, op.mode);  // whatever the caller's umask made of it
  if (result < 0) return to_errno(result);
  return to_errno(raw::call(SYS_mount, op.target, op.target, nullptr, MS_BIND, nullptr));
}

int mount_fs(const MountFs& op) {
  return to_errno(raw::call(SYS_mount, op.type, op.target, op.type, op.flags, op.options));
}

int set_attributes(const SetAttributes& op) {
  const abi::MountAttr attributes{.attr_set = op.set, .attr_clr = op.clear, .propagation = op.propagation};
  const unsigned flags = AT_SYMLINK_NOFOLLOW | (op.depth == Depth::kRecursive ? abi::kAtRecursive : 0);
  const int error = to_errno(raw::call(SYS_mount_setattr, AT_FDCWD, op.target, flags, &attributes, sizeof attributes));
  // Within another sandbox, such as Codex's, that keeps it read-only (MNT_LOCK_READONLY): it stays so, which is less.
  const bool only_to_write = op.set == 0 && op.clear == abi::kMountAttrRdonly && op.propagation == 0;
  return error == EPERM && only_to_write ? 0 : error;
}

int put_file(const PutFile& op) {
  const long tree = raw::call(SYS_open_tree, AT_FDCWD, op.source, abi::kOpenTreeClone | O_CLOEXEC);
  if (tree < 0) return to_errno(tree);
  const int error = attach(static_cast<int>(tree), op.target);
  raw::close_fd(static_cast<int>(tree));
  return error == ENOENT && op.if_gone == IfGone::kPass ? 0 : error;
}

int cover(const Cover& op) {
  const uint64_t walk = abi::kResolveBeneath | abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks;
  const abi::OpenHow how{.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = walk};
  const long folder = raw::call(abi::kNrOpenat2, AT_FDCWD, op.folder, &how, sizeof how);
  if (folder < 0) return to_errno(folder);
  const int at = static_cast<int>(folder);
  // A folder above that is not there, or is a link, was replaced since it was looked at: then it fails here.
  long result = make_cover(at, op);
  if (result == -EEXIST) result = 0;
  const abi::OpenHow found{.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = walk};
  if (result == 0) result = raw::call(abi::kNrOpenat2, at, op.name, &found, sizeof found);
  raw::close_fd(at);
  if (result < 0) return to_errno(result);
  const int target = static_cast<int>(result);
  result = op.as == CoverAs::kPrivateFolder ? mount_private(target) : mount_on_itself(target);
  raw::close_fd(target);
  return to_errno(result);
}

int keep_namespace(ChildState& state) {
  const long fd = raw::call(SYS_openat, AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return to_errno(fd);
  state.namespace_fd = static_cast<int>(fd);
  return 0;
}

int enter_root() {
  // pivot_root(2), "pivot_root(".", ".")": the old root ends on top of the new one and is detached from there.
  long result = raw::call(SYS_pivot_root, ".", ".");
  if (result == 0) result = raw::call(SYS_umount2, ".", MNT_DETACH);
  if (result == 0) result = raw::call(SYS_chdir, "/");
  return to_errno(result);
}

}  // namespace confide::child
