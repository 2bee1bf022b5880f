// One wrapper per system call: same name, Result, EINTR retried where the call can be repeated.
// `object` arguments go into the error text; they are names, never values.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace confide::sys {

// An Error of kind kSystem with the current errno: "openat /etc/hosts: No such file or directory".
Error errno_error(std::string_view operation, std::string_view object = {});

// openat(2); O_CLOEXEC is always added.
Result<UniqueFd> openat(int dirfd, const std::string& path, int flags, mode_t mode = 0);
// openat2(2) with `resolve` (abi::kResolve…); O_CLOEXEC is always added.
Result<UniqueFd> openat2(int dirfd, const std::string& path, int flags, unsigned long resolve);
// memfd_create(2), close-on-exec, sealable, not executable where the kernel knows MFD_NOEXEC_SEAL (6.3).
Result<UniqueFd> memfd(const char* name);
// A memfd that holds `bytes`, read from its beginning.
Result<UniqueFd> memfd_with(const char* name, std::string_view bytes);
Status add_seals(int fd, int seals);
struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
Result<Pipe> pipe();
struct SocketPair {
  UniqueFd left;
  UniqueFd right;
};
// socketpair(2) AF_UNIX SOCK_SEQPACKET: message borders are kept, close of one end is seen by the other.
Result<SocketPair> seqpacket_pair();
Result<UniqueFd> duplicate(int fd, int at_least = 3);
// pidfd_open(2), Linux 5.3; close-on-exec by itself. poll(2) says POLLIN when the process has ended.
Result<UniqueFd> pidfd_open(pid_t pid);

// Opens /dev/null as each of 0, 1 and 2 that is closed, so that no descriptor of ours ever becomes a standard stream.
// Standard output still fails (EBADF): who closed it must not be told that something was printed.
void open_closed_streams();
// The descriptor becomes /dev/null: whoever reads or writes its other side no longer waits for this process.
void let_go_of(int fd);

// All of `bytes`, whatever the chunks; EPIPE is an error, never a signal if SIGPIPE is ignored.
Status write_all(int fd, std::span<const std::byte> bytes);
Status write_all(int fd, std::string_view text);
// The file's bytes up to `limit`; more is an error of kind kRefused that names `object`.
Result<std::string> read_all(int fd, size_t limit, std::string_view object);
Result<std::string> read_file(const std::string& path, size_t limit);
// The child's wait status, once it has ended; 0 where there is no such child (waitpid(2)).
int waitpid(pid_t child);

// What a clock shows (clock_gettime(2)), in milliseconds.
int64_t clock_ms(clockid_t clock);
// CLOCK_MONOTONIC: for how long something takes, the same for every process.
int64_t monotonic_ms();

}  // namespace confide::sys
