#include "broker/handed.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"

namespace confide::broker {

Status keep_places(std::span<const int> numbers) {
  UniqueFd opened = TRY(sys::openat(AT_FDCWD, "/dev/null", O_RDONLY));
  // Aside, because it may have one of the numbers itself.
  const UniqueFd null = TRY(sys::duplicate(opened.get(), 64));
  opened.reset();
  for (const int number : numbers) {
    if (::fcntl(number, F_GETFD) < 0) {
      if (::dup3(null.get(), number, O_CLOEXEC) < 0) return sys::errno_error("dup3");
    } else if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
      return sys::errno_error("fcntl");
    }
  }
  return {};
}

bool is_folder(int fd) {
  struct stat about {};
  return fd >= 0 && ::fstat(fd, &about) == 0 && S_ISDIR(about.st_mode);
}

std::string path_of_descriptor(int fd) {
  char path[PATH_MAX];
  const ssize_t size = ::readlink(cat("/proc/self/fd/", fd).c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : cat("descriptor ", fd);
}

}  // namespace confide::broker
