#include "base/sys.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/kernel_abi.h"
#include "base/text.h"

namespace confide::sys {

Error errno_error(std::string_view operation, std::string_view object) {
  const int saved = errno;
  std::string what(operation);
  if (!object.empty()) what = cat(what, " ", printable(object));
  return Error{ErrorKind::kSystem, saved, std::move(what)};
}

Result<UniqueFd> openat(int dirfd, const std::string& path, int flags, mode_t mode) {
  int fd = -1;
  do fd = ::openat(dirfd, path.c_str(), flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return errno_error("open", path);
  return UniqueFd(fd);
}

Result<UniqueFd> openat2(int dirfd, const std::string& path, int flags, unsigned long resolve) {
  const abi::OpenHow how{.flags = static_cast<uint64_t>(flags | O_CLOEXEC), .resolve = resolve};
  long fd = -1;
  do fd = ::syscall(abi::kNrOpenat2, dirfd, path.c_str(), &how, sizeof how);
  while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  if (fd < 0) return errno_error("open", path);
  return UniqueFd(static_cast<int>(fd));
}

Result<UniqueFd> memfd(const char* name) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create(name, flags | abi::kMfdNoexecSeal);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name, flags);
  if (fd < 0) return errno_error("memfd_create", name);
  return UniqueFd(fd);
}

Result<UniqueFd> memfd_with(const char* name, std::string_view bytes) {
  UniqueFd fd = TRY(memfd(name));
  TRY(write_all(fd.get(), bytes));
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return errno_error("lseek", name);
  return fd;
}

Status add_seals(int fd, int seals) {
  if (::fcntl(fd, F_ADD_SEALS, seals) != 0) return errno_error("fcntl F_ADD_SEALS");
  return {};
}

Result<Pipe> pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return errno_error("pipe2");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<SocketPair> seqpacket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) return errno_error("socketpair");
  return SocketPair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<UniqueFd> duplicate(int fd, int at_least) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, at_least);
  if (copy < 0) return errno_error("fcntl F_DUPFD_CLOEXEC", cat(fd));
  return UniqueFd(copy);
}

Result<UniqueFd> pidfd_open(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return errno_error("pidfd_open");
  return UniqueFd(static_cast<int>(fd));
}

void open_closed_streams() {
  for (int fd = 0; fd < 3; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF)
      (void)::open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);  // takes the lowest number: this one
}

void let_go_of(int fd) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (null.valid()) (void)::dup2(null.get(), fd);
}

Status write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno_error("write");
    }
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

Status write_all(int fd, std::string_view text) { return write_all(fd, std::as_bytes(std::span(text))); }

Result<std::string> read_all(int fd, size_t limit, std::string_view object) {
  std::string bytes;
  for (;;) {
    const size_t had = bytes.size();
    const size_t chunk = std::min<size_t>(limit + 1 - had, had < 16384 ? 16384 : had);
    if (chunk == 0) {
      return Error{ErrorKind::kRefused, 0, cat(printable(object), " is larger than ", limit, " bytes")};
    }
    bytes.resize(had + chunk);
    const ssize_t n = ::read(fd, bytes.data() + had, chunk);
    bytes.resize(had + (n > 0 ? static_cast<size_t>(n) : 0));
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno_error("read", object);
    }
    if (n == 0) return bytes;
  }
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  const UniqueFd fd = TRY(openat(AT_FDCWD, path, O_RDONLY));
  return read_all(fd.get(), limit, path);
}

int waitpid(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

int64_t clock_ms(clockid_t clock) {
  timespec now{};
  (void)::clock_gettime(clock, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

int64_t monotonic_ms() { return clock_ms(CLOCK_MONOTONIC); }

}  // namespace confide::sys
