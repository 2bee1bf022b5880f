// What surrounds a process besides files: loopback, session, terminal, keyring, limits, working directory.
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#include "base/syscalls.h"
#include "launcher/child/control.h"
#include "launcher/child/operations.h"

namespace confide::child {
namespace {

int to_errno(long result) { return result < 0 ? static_cast<int>(-result) : 0; }

}  // namespace

int loopback_up() {
  const long fd = raw::call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return to_errno(fd);
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  const long result = raw::call(SYS_ioctl, static_cast<int>(fd), SIOCSIFFLAGS, &request);
  raw::close_fd(static_cast<int>(fd));
  return to_errno(result);
}

int new_session() {
  const long result = raw::call(SYS_setsid);
  // Already a group leader only where the launcher is, which a fresh clone never is.
  return to_errno(result);
}

int open_terminal(ChildState& state, const OpenTerminal& op) {
  const long master = raw::call(SYS_openat, AT_FDCWD, op.multiplexer, O_RDWR | O_NOCTTY | O_CLOEXEC, 0);
  if (master < 0) return to_errno(master);
  const int fd = static_cast<int>(master);
  int unlock = 0;
  long result = raw::call(SYS_ioctl, fd, TIOCSPTLCK, &unlock);
  // TIOCGPTPEER (Linux 4.13) opens the slave without a path, so no other devpts can be meant.
  if (result >= 0) result = raw::call(SYS_ioctl, fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (result >= 0) {
    state.terminal_fd = static_cast<int>(result);
    state.terminal_mask = op.stdio_mask;
    result = raw::call(SYS_ioctl, state.terminal_fd, TIOCSCTTY, 0);
  }
  if (result >= 0) report(state.control_fd, static_cast<uint32_t>(ReportKind::kTerminal), 0, 0, 0, fd);
  raw::close_fd(fd);
  // The supervisor sets the terminal up before the command can.
  return result < 0 ? to_errno(result) : wait_for(state.control_fd, static_cast<uint32_t>(OrderKind::kTerminalReady));
}

int join_keyring() {
  // keyctl_join_session_keyring(3): an anonymous keyring of our own instead of the caller's, which is inherited.
  return to_errno(raw::call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0));
}

int forbid_namespaces() {
  const long fd = raw::call(SYS_openat, AT_FDCWD, "/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return to_errno(fd);
  const long result = raw::call(SYS_write, static_cast<int>(fd), "0", 1);
  raw::close_fd(static_cast<int>(fd));
  return to_errno(result);
}

int set_rlimit(const SetRlimit& op) {
  const struct {
    uint64_t soft;
    uint64_t hard;
  } limit{op.soft, op.hard};
  return to_errno(raw::call(SYS_prlimit64, 0, op.resource, &limit, nullptr));
}

int change_dir(const ChangeDir& op) { return to_errno(raw::call(SYS_chdir, op.path)); }

}  // namespace confide::child
