#include "launcher/supervise/stdio.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/sys.h"
#include "base/text.h"

namespace confide::launcher {
namespace {

constexpr const char* kNames[] = {"standard input", "standard output", "standard error"};

constexpr unsigned long kPidfsMagic = 0x50494446;  // PID_FS_MAGIC, Linux 6.9

// What is wrong with the descriptor; empty if it may pass.
std::string_view objection(int fd, const struct stat& found, int flags) {
  if ((flags & O_PATH) != 0) return "an O_PATH descriptor";
  if (S_ISDIR(found.st_mode)) return "a folder";
  if (S_ISBLK(found.st_mode)) return "a block device";
  if (S_ISCHR(found.st_mode) && found.st_rdev != makedev(1, 3)) return "a device other than /dev/null";
  if (S_ISFIFO(found.st_mode) || S_ISSOCK(found.st_mode) || S_ISCHR(found.st_mode)) return {};
  if (!S_ISREG(found.st_mode)) return "a kernel object";  // epoll, eventfd, pidfd: anonymous inodes have no type
  {
    struct statfs system {};
    if (::fstatfs(fd, &system) != 0) return "a file on an unknown file system";
    switch (static_cast<unsigned long>(system.f_type)) {
      case PROC_SUPER_MAGIC: return "a file of procfs";
      case SYSFS_MAGIC: return "a file of sysfs";
      case CGROUP_SUPER_MAGIC:
      case CGROUP2_SUPER_MAGIC: return "a file of a cgroup";
      case DEBUGFS_MAGIC:
      case TRACEFS_MAGIC:
      case SECURITYFS_MAGIC:
      case BPF_FS_MAGIC: return "a file of a kernel file system";
      case NSFS_MAGIC: return "a namespace";
      case ANON_INODE_FS_MAGIC:
      case kPidfsMagic: return "a kernel object";
      default: break;
    }
  }
  return {};
}

// What sys::open_closed_streams() puts in the place of a closed standard output: a command may print into nothing.
bool stands_for_closed_output(int n, int fd, const struct stat& found) {
  return n == 1 && S_ISCHR(found.st_mode) && found.st_rdev == makedev(1, 3) &&
         (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
}

}  // namespace

Result<Stdio> check_stdio(const int (&fds)[3]) {
  Stdio checked;
  for (int n = 0; n < 3; ++n) {
    const int fd = fds[n];
    struct stat found {};
    const bool closed = ::fstat(fd, &found) != 0;
    if (closed && errno != EBADF) return sys::errno_error("fstat", kNames[n]);
    if (closed || stands_for_closed_output(n, fd, found)) {
      UniqueFd null = TRY(sys::openat(AT_FDCWD, "/dev/null", n == 0 ? O_RDONLY : O_WRONLY));
      checked.fds[n] = null.get();
      checked.owned.push_back(std::move(null));
      continue;
    }
    termios settings{};
    // The master's side of a terminal answers as one (pty(7)) but is whoever runs the terminal, not its user.
    const bool master = found.st_rdev == makedev(5, 2);
    if (S_ISCHR(found.st_mode) && !master && ::tcgetattr(fd, &settings) == 0) {
      checked.fds[n] = -1;
      checked.terminals |= 1U << n;
      continue;
    }
    const std::string_view problem = objection(fd, found, ::fcntl(fd, F_GETFL));
    if (!problem.empty()) {
      return Error{
          ErrorKind::kRefused, 0,
          cat(kNames[n], " is ", problem, ", which must not enter a sandbox; use a pipe, a file or /dev/null")};
    }
    checked.fds[n] = fd;
  }
  return checked;
}

}  // namespace confide::launcher
