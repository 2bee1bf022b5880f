// The file tree itself: what is mounted where, and how.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe.h"

enum {
  kNrOpenTree = 428,
  kNrMoveMount = 429,
  kNrFsopen = 430,
  kNrFsmount = 432,
  kNrFspick = 433,
  kNrMountSetattr = 442,
  kNrStatmount = 457,
  kNrListmount = 458
};

// mount_setattr(2).
struct SetattrArgument {
  uint64_t attr_set, attr_clr, propagation, userns_fd;
};
enum { kAttrReadOnly = 1 };

// What was mounted goes away again: the probe leaves no trace where it succeeds.
static Verdict mounted(const char* path, const char* what) {
  (void)umount2(path, MNT_DETACH);
  return succeeded("%s on %s", what, path);
}

static Verdict mount_type(const Arguments* arguments, const Probe* probe) {
  const char* path = arguments->words[0];
  if (mount(probe->text, path, probe->text, 0, NULL) != 0) return of_result(-1, probe->name);
  return mounted(path, probe->text);
}

static Verdict mount_bind(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const char* path = arguments->words[1];
  if (mount(arguments->words[0], path, NULL, MS_BIND, NULL) != 0) return of_result(-1, "mount --bind");
  return mounted(path, "bind");
}

static Verdict mount_overlay(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const char* path = arguments->words[1];
  char options[600];
  format_text(options, sizeof options, "lowerdir=%s:%s", arguments->words[0], path);
  if (mount("overlay", path, "overlay", 0, options) != 0) return of_result(-1, "mount overlay");
  return mounted(path, "overlay");
}

static Verdict remount_writable(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return of_result(mount(NULL, arguments->words[0], NULL, MS_REMOUNT | MS_BIND, NULL), "remount read-write");
}

static Verdict remount_nested(const Arguments* arguments, const Probe* probe) {
  const int error = own_mount_namespace();
  if (error != 0) return refused(error, "a mount namespace: %s", strerror(error));
  return remount_writable(arguments, probe);
}

static Verdict unmount(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  if (umount2(arguments->words[0], MNT_DETACH) != 0) return of_result(-1, "umount");
  return arguments->needle == NULL ? succeeded("umount") : judge_path(arguments->words[0], arguments);
}

static Verdict unmount_nested(const Arguments* arguments, const Probe* probe) {
  const int error = own_mount_namespace();
  if (error != 0) return refused(error, "a mount namespace: %s", strerror(error));
  return unmount(arguments, probe);
}

static Verdict copy_tree(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  enum { kClone = 1 };
  return of_result(syscall(kNrOpenTree, AT_FDCWD, arguments->words[0], (long)kClone), "open_tree");
}

// EINVAL: the source is no mount of this namespace, which is looked at behind the capability check.
static Verdict move_tree(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const char* path = arguments->words[0];
  return of_result_or(syscall(kNrMoveMount, AT_FDCWD, path, AT_FDCWD, path, 0L), EINVAL, "move_mount");
}

static Verdict open_filesystem(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result(syscall(kNrFsopen, "tmpfs", 0L), "fsopen");
}

static Verdict pick_filesystem(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return of_result(syscall(kNrFspick, AT_FDCWD, arguments->words[0], 0L), "fspick");
}

static Verdict set_attributes(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const struct SetattrArgument change = {.attr_clr = kAttrReadOnly};
  return of_result(syscall(kNrMountSetattr, AT_FDCWD, arguments->words[0], 0L, &change, sizeof change),
                   "mount_setattr");
}

static Verdict make_shared(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return of_result(mount(NULL, arguments->words[0], NULL, MS_SHARED, NULL), "mount --make-shared");
}

static Verdict list_mounts(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  const struct {
    uint32_t size, spare;
    uint64_t mount_id, param;
  } request = {.size = sizeof request, .mount_id = UINT64_MAX};  // LSMT_ROOT
  uint64_t ids[16];
  return of_result(syscall(kNrListmount, &request, ids, PROBE_COUNT(ids), 0L), "listmount");
}

static const Probe kProbes[] = {
    {"mount-tmpfs", "FOLDER", "mount a tmpfs", mount_type, "tmpfs"},
    {"mount-proc", "FOLDER", "mount a procfs", mount_type, "proc"},
    {"mount-sysfs", "FOLDER", "mount a sysfs", mount_type, "sysfs"},
    {"mount-cgroup", "FOLDER", "mount the cgroup tree", mount_type, "cgroup2"},
    {"mount-devpts", "FOLDER", "mount a devpts", mount_type, "devpts"},
    {"mount-bind", "SOURCE TARGET", "bind a folder over another", mount_bind, ""},
    {"mount-overlay", "LOWER FOLDER", "lay a folder over another", mount_overlay, ""},
    {"remount-rw", "PATH", "make a read-only mount writable", remount_writable, ""},
    {"nested-remount-rw", "PATH", "the same in a mount namespace of one's own", remount_nested, ""},
    {"umount", "PATH", "take a mount away (and read what it hid)", unmount, ""},
    {"nested-umount", "PATH", "the same in a mount namespace of one's own", unmount_nested, ""},
    {"mount-shared", "PATH", "make mounts propagate", make_shared, ""},
    {"open-tree", "PATH", "copy a mount", copy_tree, ""},
    {"move-mount", "PATH", "move a mount", move_tree, ""},
    {"fsopen", "", "make a file system without mount(2)", open_filesystem, ""},
    {"fspick", "PATH", "reconfigure a mounted file system", pick_filesystem, ""},
    {"mount-setattr", "PATH", "clear a mount's read-only attribute", set_attributes, ""},
    {"listmount", "", "list mounts by system call", list_mounts, ""},
};
DEFINE_THEME(kThemes_mounts, "mounts", kProbes);
