// Putting this process where an agent would be, and children to try things in.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probes/probe.h"

// landlock(7); the struct of ABI 1, which every later kernel takes.
struct RulesetAttr {
  uint64_t handled_access_fs;
};
enum { kNrCreateRuleset = 444, kNrRestrictSelf = 446, kMakeBlockDevice = 1 << 11 };

// A domain alone is not enough for root: since Linux 6.13 (may_access_mm, fs/proc/base.c) whoever holds CAP_PERFMON or
// CAP_SYS_ADMIN opens another's environ and maps in spite of it. No sandbox keeps them, so this one does not either.
static int drop_capabilities(void) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}};
  return syscall(SYS_capset, &head, none) == 0 ? 0 : errno;
}

static int enter_landlock(void) {
  const struct RulesetAttr attr = {.handled_access_fs = kMakeBlockDevice};
  const long ruleset = syscall(kNrCreateRuleset, &attr, sizeof attr, 0);
  if (ruleset < 0) return errno;
  int error = 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(kNrRestrictSelf, (int)ruleset, 0) != 0) error = errno;
  close((int)ruleset);
  return error != 0 ? error : drop_capabilities();
}

static int write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const ssize_t length = (ssize_t)strlen(text);
  const int error = write(fd, text, (size_t)length) == length ? 0 : errno;
  close(fd);
  return error;
}

int unshare_with_maps(int flags) {
  const unsigned uid = geteuid();
  const unsigned gid = getegid();
  if (unshare(flags) != 0) return errno;
  char map[64];
  int error = write_file("/proc/self/setgroups", "deny");
  if (error != 0) return error;
  format_text(map, sizeof map, "%u %u 1", gid, gid);
  error = write_file("/proc/self/gid_map", map);
  if (error != 0) return error;
  format_text(map, sizeof map, "%u %u 1", uid, uid);
  return write_file("/proc/self/uid_map", map);
}

int own_mount_namespace(void) {
  if (unshare(CLONE_NEWNS) != 0) {
    const int error = unshare_with_maps(CLONE_NEWUSER | CLONE_NEWNS);
    if (error != 0) return error;
  }
  return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 0 : errno;
}

int confine(const char* kind) {
  if (strcmp(kind, "none") == 0) return 0;
  if (strcmp(kind, "landlock") == 0) return enter_landlock();
  if (strcmp(kind, "userns") == 0) return unshare_with_maps(CLONE_NEWUSER);
  return EINVAL;
}

int run_in_child(int (*body)(void*), void* data) {
  const pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) _exit(body(data));
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void sleep_ms(long ms) {
  struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}
