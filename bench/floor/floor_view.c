// The file tree of both views. Relative paths start at the new root until the pivot.
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "bench/floor/floor.h"

// <sys/mount.h> and <linux/mount.h> cannot both be included with these headers; umount2(2).
enum { kMntDetach = 2, kAtRecursive = 0x8000 };

static const char kStaging[] = "/tmp";
static const char* const kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};
// Read-only parts of the system in VIEW_TOOL: as many binds as the profile makes, with folders of /usr once more where
// a home would have toolchains.
static const char* const kSystem[] = {
    "/usr",         "/etc",       "/opt",          "/usr/bin",       "/usr/lib",       "/usr/share",
    "/usr/include", "/usr/local", "/usr/sbin",     "/usr/libexec",   "/usr/games",     "/usr/src",
    "/usr/lib64",   "/usr/lib32", "/var/lib/dpkg", "/usr/local/bin", "/usr/local/lib", "/usr/local/share"};

static void make_parents(const struct launch* launch, const char* path) {
  char partial[4096];
  for (const char* slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    const size_t length = (size_t)(slash - path);
    if (length == 0) continue;
    memcpy(partial, path, length);
    partial[length] = '\0';
    if (mkdir(partial, 0755) != 0 && errno != EEXIST) fail_step(launch, partial);
  }
}

static void mount_or_fail(const struct launch* launch, const char* source, const char* target, const char* type,
                          unsigned long flags, const char* options) {
  if (syscall(SYS_mount, source, target, type, flags, options) != 0) fail_step(launch, target);
}

static void set_attributes(const struct launch* launch, const char* target, uint64_t set, uint64_t propagation,
                           unsigned depth) {
  struct mount_attr attributes = {.attr_set = set, .propagation = propagation};
  if (syscall(SYS_mount_setattr, AT_FDCWD, target, depth | AT_SYMLINK_NOFOLLOW, &attributes, sizeof attributes) != 0)
    fail_step(launch, target);
}

static void make_dir(const struct launch* launch, const char* path, mode_t mode) {
  if (mkdir(path, mode) != 0 && errno != EEXIST) fail_step(launch, path);
}

static void make_link(const struct launch* launch, const char* to, const char* path) {
  if (symlink(to, path) != 0) fail_step(launch, path);
}

// A tmpfs with the six nodes of the host's, its own devpts and shm.
static void mount_dev(const struct launch* launch) {
  mount_or_fail(launch, "tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755");
  for (size_t i = 0; i < sizeof kDevices / sizeof *kDevices; ++i) {
    char source[32];
    char target[32];
    snprintf(source, sizeof source, "/dev/%s", kDevices[i]);
    snprintf(target, sizeof target, "dev/%s", kDevices[i]);
    const int fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) fail_step(launch, target);
    close(fd);
    mount_or_fail(launch, source, target, NULL, MS_BIND, NULL);
  }
  make_dir(launch, "dev/pts", 0755);
  make_dir(launch, "dev/shm", 01777);
  mount_or_fail(launch, "devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
  mount_or_fail(launch, "tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  make_link(launch, "pts/ptmx", "dev/ptmx");
  make_link(launch, "/proc/self/fd", "dev/fd");
  make_link(launch, "/proc/self/fd/0", "dev/stdin");
  make_link(launch, "/proc/self/fd/1", "dev/stdout");
  make_link(launch, "/proc/self/fd/2", "dev/stderr");
}

static void bind_project(const struct launch* launch, int tree) {
  make_parents(launch, launch->project + 1);
  make_dir(launch, launch->project + 1, 0755);
  if (syscall(SYS_move_mount, tree, "", AT_FDCWD, launch->project + 1, MOVE_MOUNT_F_EMPTY_PATH) != 0)
    fail_step(launch, "move_mount of the project");
  close(tree);
  set_attributes(launch, launch->project + 1, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, kAtRecursive);
}

static void build_tool(const struct launch* launch) {
  // The project first: the staging folder may hide it.
  int tree = launch->project_tree;
  if (tree < 0) {
    tree = (int)syscall(SYS_open_tree, AT_FDCWD, launch->project, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | kAtRecursive);
    if (tree < 0) fail_step(launch, "open_tree of the project");
  }
  mount_or_fail(launch, "tmpfs", kStaging, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
  if (chdir(kStaging) != 0) fail_step(launch, "chdir to the new root");
  for (size_t i = 0; i < sizeof kSystem / sizeof *kSystem; ++i) {
    if (access(kSystem[i], F_OK) != 0) continue;
    make_parents(launch, kSystem[i] + 1);
    make_dir(launch, kSystem[i] + 1, 0755);
    mount_or_fail(launch, kSystem[i], kSystem[i] + 1, NULL, MS_BIND | MS_REC, NULL);
  }
  make_link(launch, "usr/bin", "bin");
  make_link(launch, "usr/sbin", "sbin");
  make_link(launch, "usr/lib", "lib");
  make_link(launch, "usr/lib64", "lib64");
  static const char* const folders[] = {"proc", "dev", "tmp", "home", "run", "var", "var/tmp"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; ++i) make_dir(launch, folders[i], 0755);
  set_attributes(launch, "usr", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, kAtRecursive);
  set_attributes(launch, ".", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, kAtRecursive);
  for (size_t i = 0; i < sizeof kSystem / sizeof *kSystem; ++i) {
    if (strncmp(kSystem[i], "/usr", 4) == 0 || access(kSystem[i], F_OK) != 0) continue;
    set_attributes(launch, kSystem[i] + 1, MOUNT_ATTR_RDONLY, 0, kAtRecursive);
  }
  mount_or_fail(launch, "proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_dev(launch);
  mount_or_fail(launch, "tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  mount_or_fail(launch, "tmpfs", "home", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
  bind_project(launch, tree);
  set_attributes(launch, ".", MOUNT_ATTR_RDONLY, 0, 0);
}

static void build_bench(const struct launch* launch) {
  mount_or_fail(launch, "/", kStaging, NULL, MS_BIND | MS_REC, NULL);
  if (chdir(kStaging) != 0) fail_step(launch, "chdir to the new root");
  set_attributes(launch, ".", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, kAtRecursive);
  mount_or_fail(launch, "proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_dev(launch);
  mount_or_fail(launch, "tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

void build_view(const struct launch* launch) {
  set_attributes(launch, "/", 0, MS_PRIVATE, kAtRecursive);
  if (launch->view == VIEW_TOOL) {
    build_tool(launch);
  } else {
    build_bench(launch);
  }
  // pivot_root(2): the old root ends on top of the new one and is detached from there.
  if (syscall(SYS_pivot_root, ".", ".") != 0) fail_step(launch, "pivot_root");
  if (syscall(SYS_umount2, ".", kMntDetach) != 0) fail_step(launch, "detach the old root");
  if (chdir("/") != 0) fail_step(launch, "chdir to the root");
}
