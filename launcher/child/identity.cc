// Who the process is: id maps, ids, and that nobody may look into it.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/syscalls.h"
#include "launcher/child/control.h"
#include "launcher/child/operations.h"

namespace confide::child {
namespace {

size_t length_of(const char* text) {
  size_t n = 0;
  while (text[n] != '\0') ++n;
  return n;
}

int write_text(const char* path, const char* text) {
  const long fd = raw::call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return static_cast<int>(-fd);
  const size_t size = length_of(text);
  const long written = raw::call(SYS_write, static_cast<int>(fd), text, size);
  raw::close_fd(static_cast<int>(fd));
  if (written < 0) return static_cast<int>(-written);
  return static_cast<size_t>(written) == size ? 0 : EIO;
}

}  // namespace

int wait_for(int control_fd, uint32_t order_kind) {
  Order order{};
  long n = 0;
  do n = raw::call(SYS_read, control_fd, &order, sizeof order);
  while (n == -EINTR);
  if (n < 0) return static_cast<int>(-n);
  return n == sizeof order && static_cast<uint32_t>(order.kind) == order_kind ? 0 : EPROTO;
}

void stay_undumpable() { (void)raw::call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); }

void die_with_parent() { (void)raw::call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

int map_ids(ChildState& state, const MapIds& op) {
  if (op.uid_map == nullptr) {
    report(state.control_fd, static_cast<uint32_t>(ReportKind::kNeedMaps), 0, 0, 0);
    return wait_for(state.control_fd, static_cast<uint32_t>(OrderKind::kMapsWritten));
  }
  // /proc/self of a process that is not dumpable belongs to root, and the map files could not be opened; the process
  // holds nothing yet that is worth reading (kernel.md: the launcher's order).
  (void)raw::call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  int error = write_text("/proc/self/uid_map", op.uid_map);
  // user_namespaces(7): without CAP_SETGID in the parent namespace gid_map needs setgroups denied first.
  if (error == 0) error = write_text("/proc/self/setgroups", "deny");
  if (error == 0) error = write_text("/proc/self/gid_map", op.gid_map);
  stay_undumpable();
  return error;
}

int set_ids(const SetIds& op) {
  long result = raw::call(SYS_setgroups, 0, nullptr);
  if (result == 0) result = raw::call(SYS_setresgid, op.gid, op.gid, op.gid);
  if (result == 0) result = raw::call(SYS_setresuid, op.uid, op.uid, op.uid);
  // A change of ids resets both (prctl(2)).
  stay_undumpable();
  die_with_parent();
  return static_cast<int>(-result);
}

}  // namespace confide::child
