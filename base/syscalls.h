// System calls as bare as they come: a negative errno instead of errno, no EINTR handling, nothing allocated.
// Async-signal-safe: this is what code between clone3 and execve may call. Elsewhere use base/sys.h.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace confide::raw {

// The result of system call `number`, or -errno.
template <class... Args>
inline long call(long number, Args... args) {
  const long result = ::syscall(number, args...);
  return result == -1 ? -static_cast<long>(errno) : result;
}

inline void close_fd(int fd) { (void)call(SYS_close, fd); }

}  // namespace confide::raw
