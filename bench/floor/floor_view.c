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
static const char* const kSystem[] = {"/usr", "/etc", "/opt"};

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

static void set_attributes(const struct launch* launch, const char* target, uint64_t set, uint64_t clear,
                           uint64_t propagation, unsigned depth) {
  struct mount_attr attributes = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
  if (syscall(SYS_mount_setattr, AT_FDCWD, target, depth | AT_SYMLINK_NOFOLLOW, &attributes, sizeof attributes) != 0)
    fail_step(launch, target);
}

static void make_dir(const struct launch* launch, const char* path, mode_t mode) {
  if (mkdir(path, mode) != 0 && errno != EEXIST) fail_step(launch, path);
}

// Private and writable, in the file system of the new root.
static void make_own_folder(const struct launch* launch, const char* path, mode_t mode) {
  make_dir(launch, path, mode);
  if (chmod(path, mode) != 0) fail_step(launch, path);
  mount_or_fail(launch, path, path, NULL, MS_BIND, NULL);
}

static void make_link(const struct launch* launch, const char* to, const char* path) {
  if (symlink(to, path) != 0) fail_step(launch, path);
}

static void make_file(const struct launch* launch, const char* path, const char* content) {
  if (*content == '\0') {
    if (mknod(path, S_IFREG | 0644, 0) != 0) fail_step(launch, path);
    return;
  }
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) fail_step(launch, path);
  if (write(fd, content, strlen(content)) < 0) fail_step(launch, path);
  close(fd);
}

static const char* node(const char* prefix, size_t device) {
  static char path[32];
  snprintf(path, sizeof path, "%s/%s", prefix, kDevices[device]);
  return path;
}

// What will be mounted on, and the links: before everything is made read-only.
static void furnish_dev(const struct launch* launch) {
  for (size_t i = 0; i < sizeof kDevices / sizeof *kDevices; ++i) make_file(launch, node("dev", i), "");
  make_dir(launch, "dev/pts", 0755);
  make_link(launch, "pts/ptmx", "dev/ptmx");
  make_link(launch, "/proc/self/fd", "dev/fd");
  make_link(launch, "/proc/self/fd/0", "dev/stdin");
  make_link(launch, "/proc/self/fd/1", "dev/stdout");
  make_link(launch, "/proc/self/fd/2", "dev/stderr");
  make_own_folder(launch, "dev/shm", 01777);
}

// Everything read-only, nosuid, nodev; what is writable, again; then what needs devices.
static void seal(const struct launch* launch, const char* const* writable, size_t count) {
  set_attributes(launch, ".", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, 0, kAtRecursive);
  for (size_t i = 0; i < count; ++i) set_attributes(launch, writable[i], 0, MOUNT_ATTR_RDONLY, 0, 0);
  for (size_t i = 0; i < sizeof kDevices / sizeof *kDevices; ++i) {
    char source[32];
    strcpy(source, node("/dev", i));
    mount_or_fail(launch, source, node("dev", i), NULL, MS_BIND, NULL);
  }
  mount_or_fail(launch, "devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
  mount_or_fail(launch, "proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static void show(const struct launch* launch, const struct folder* folder) {
  const char* target = folder->path + 1;
  make_parents(launch, target);
  make_dir(launch, target, 0755);
  if (folder->tree < 0) {
    mount_or_fail(launch, folder->path, target, NULL, MS_BIND | MS_REC, NULL);
  } else if (syscall(SYS_move_mount, folder->tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    fail_step(launch, folder->path);
  } else {
    close(folder->tree);
  }
}

// A root caller's other kernel uid gets a name.
static void name_the_user(const struct launch* launch) {
  char text[160];
  make_dir(launch, "run/floor", 0755);
  snprintf(text, sizeof text, "root:x:0:0::/:/bin/sh\nfloor:x:%u:%u::/home:/bin/sh\n", launch->uid, launch->gid);
  make_file(launch, "run/floor/passwd", text);
  snprintf(text, sizeof text, "root:x:0:\nfloor:x:%u:\n", launch->gid);
  make_file(launch, "run/floor/group", text);
  mount_or_fail(launch, "run/floor/passwd", "etc/passwd", NULL, MS_BIND, NULL);
  mount_or_fail(launch, "run/floor/group", "etc/group", NULL, MS_BIND, NULL);
}

static void build_tool(const struct launch* launch) {
  // The project first: the staging folder may hide it.
  struct folder project = launch->project;
  if (project.tree < 0) {
    project.tree =
        (int)syscall(SYS_open_tree, AT_FDCWD, project.path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | kAtRecursive);
    if (project.tree < 0) fail_step(launch, "open_tree of the project");
  }
  mount_or_fail(launch, "tmpfs", kStaging, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
  if (chdir(kStaging) != 0) fail_step(launch, "chdir to the new root");
  static const char* const folders[] = {"dev", "proc", "run", "var"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; ++i) make_dir(launch, folders[i], 0755);
  make_link(launch, "usr/bin", "bin");
  make_link(launch, "usr/sbin", "sbin");
  make_link(launch, "usr/lib", "lib");
  make_link(launch, "usr/lib64", "lib64");
  furnish_dev(launch);
  make_own_folder(launch, "tmp", 01777);
  const char* home = launch->home + 1;
  make_parents(launch, home);
  make_own_folder(launch, home, 0755);
  for (size_t i = 0; i < sizeof kSystem / sizeof *kSystem; ++i) {
    const struct folder folder = {kSystem[i], -1};
    if (access(folder.path, F_OK) == 0) show(launch, &folder);
  }
  for (size_t i = 0; i < launch->read_count; ++i) show(launch, &launch->reads[i]);
  show(launch, &project);
  if (launch->mapped_by_parent) name_the_user(launch);
  const char* const writable[] = {"dev/shm", "tmp", home, project.path + 1};
  seal(launch, writable, sizeof writable / sizeof *writable);
}

static void build_bench(const struct launch* launch) {
  mount_or_fail(launch, "/", kStaging, NULL, MS_BIND | MS_REC, NULL);
  if (chdir(kStaging) != 0) fail_step(launch, "chdir to the new root");
  mount_or_fail(launch, "tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755");
  furnish_dev(launch);
  mount_or_fail(launch, "tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  static const char* const writable[] = {"dev/shm", "tmp"};
  seal(launch, writable, sizeof writable / sizeof *writable);
}

void build_view(const struct launch* launch) {
  set_attributes(launch, "/", 0, 0, MS_PRIVATE, kAtRecursive);
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
