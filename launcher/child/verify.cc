// Law 6: what was taken away is checked to be gone, here, before anything of the command's is run.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <initializer_list>

#include "base/syscalls.h"
#include "launcher/child/operations.h"

namespace confide::child {
namespace {

struct DirectoryEntry {  // getdents64(2)
  uint64_t inode;
  int64_t next;
  unsigned short size;
  unsigned char type;
  char name[1];
};

// The number that a /proc entry's name spells, -1 if it is no number.
long number_of(const char* name) {
  if (*name == '\0') return -1;
  long value = 0;
  for (; *name != '\0'; ++name) {
    if (*name < '0' || *name > '9') return -1;
    value = value * 10 + (*name - '0');
  }
  return value;
}

// Calls `allowed(number)` for each numeric name in `path`; EPERM at the first that is not.
template <class Allowed>
int every_number(const char* path, Allowed allowed) {
  const long at = raw::call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (at < 0) return static_cast<int>(-at);
  const int fd = static_cast<int>(at);
  int error = 0;
  for (;;) {
    alignas(DirectoryEntry) char buffer[1024];
    const long n = raw::call(SYS_getdents64, fd, buffer, sizeof buffer);
    if (n <= 0) {
      error = static_cast<int>(-n);
      break;
    }
    for (long offset = 0; offset < n && error == 0;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + offset);
      offset += entry->size;
      const long number = number_of(entry->name);
      if (number >= 0 && !allowed(number, fd)) error = EPERM;
    }
    if (error != 0) break;
  }
  raw::close_fd(fd);
  return error;
}

int no_capability(CapabilitySets sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2] = {};
  const long result = raw::call(SYS_capget, &header, held);
  if (result < 0) return static_cast<int>(-result);
  for (const auto& set : held)
    if (set.effective != 0 || set.permitted != 0 || set.inheritable != 0) return EPERM;
  for (unsigned capability = 0; sets == CapabilitySets::kHeldAndBounding && capability < 64; ++capability) {
    const long bounding = raw::call(SYS_prctl, PR_CAPBSET_READ, capability, 0, 0, 0);
    if (bounding == -EINVAL) break;
    if (bounding != 0) return EPERM;
  }
  return raw::call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : EPERM;
}

// A procfs shows the processes of the pid namespace that it was mounted in, and `self` names its reader there: 1 only
// in the namespace that this process is the first of. (Listing /proc would show the same for fifty times the work.)
int own_procfs() {
  char number[16];
  const long size = raw::call(SYS_readlinkat, AT_FDCWD, "/proc/self", number, sizeof number);
  if (size < 0) return static_cast<int>(-size);
  return size == 1 && number[0] == '1' ? 0 : EPERM;
}

// Calls `found(fd)` for each descriptor that this process is to have now.
template <class Found>
void each_known_descriptor(const ChildState& state, Found found) {
  for (const int fd : {0, 1, 2, state.control_fd, state.terminal_fd, state.block_fd, state.namespace_fd})
    if (fd >= 0) found(fd);
  for (size_t i = 0; i < state.delivered_count; ++i) found(state.delivered_fds[i]);
}

// Since Linux 6.2 the size of /proc/self/fd is the number of descriptors (Documentation/filesystems/proc.rst): as many
// as the known ones that are open, so there is no other. Before, it is 0, and they are listed, at ten times the price.
int only_known_descriptors(const ChildState& state) {
  struct stat folder {};
  const long result = raw::call(SYS_newfstatat, AT_FDCWD, "/proc/self/fd", &folder, 0);
  if (result < 0) return static_cast<int>(-result);
  long open = 0;
  each_known_descriptor(state, [&](int fd) { open += raw::call(SYS_fcntl, fd, F_GETFD) >= 0 ? 1 : 0; });
  if (folder.st_size == open) return 0;
  return every_number("/proc/self/fd", [&](long fd, int listing) {
    bool known = fd == listing;
    each_known_descriptor(state, [&](int one) { known = known || fd == one; });
    return known;
  });
}

int read_only(const char* path) {
  struct statfs found {};
  const long result = raw::call(SYS_statfs, path, &found);
  if (result < 0) return static_cast<int>(-result);
  constexpr long kStRdonly = 0x0001;  // statfs(2), f_flags
  return (found.f_flags & kStRdonly) != 0 ? 0 : EPERM;
}

}  // namespace

int verify_dropped(const ChildState& state, const VerifyDropped& op) {
  int error = no_capability(op.sets);
  if (error == 0 && op.read_only != nullptr) error = read_only(op.read_only);
  if (error == 0 && op.own_proc == PidNamespace::kOwn) {
    error = own_procfs();
    if (error == 0) error = only_known_descriptors(state);
  }
  return error;
}

}  // namespace confide::child
