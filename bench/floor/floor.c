// floor bench|tool [--home FOLDER] [--read FOLDER]… -- COMMAND [ARG…]   (see floor.h)
//
// --home and --read are for the view `tool`: an empty home, and what is shown of it and elsewhere, read-only.
#include "bench/floor/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { kReservedId = 65533, kOwnFailure = 125 };

struct failure {
  int error;
  char step[60];
};

void fail_step(const struct launch* launch, const char* step) {
  struct failure failure = {.error = errno};
  strncpy(failure.step, step, sizeof failure.step - 1);
  if (write(launch->failure_pipe, &failure, sizeof failure) < 0) _exit(kOwnFailure + 1);
  _exit(kOwnFailure);
}

static void die(const char* step) {
  fprintf(stderr, "floor: %s: %s\n", step, strerror(errno));
  exit(kOwnFailure);
}

static int write_text(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t written = write(fd, text, strlen(text));
  close(fd);
  return written == (ssize_t)strlen(text) ? 0 : -1;
}

static int write_map(pid_t pid, const char* file, unsigned inside, unsigned outside) {
  char path[64];
  char text[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  snprintf(text, sizeof text, "%u %u 1", inside, outside);
  return write_text(path, text);
}

static void become_mapped(const struct launch* launch) {
  if (launch->mapped_by_parent) {
    char byte;
    if (read(launch->ready_pipe, &byte, 1) != 1) fail_step(launch, "wait for the id maps");
    if (syscall(SYS_setgroups, 0, NULL) != 0) fail_step(launch, "setgroups");
    if (syscall(SYS_setresgid, launch->gid, launch->gid, launch->gid) != 0) fail_step(launch, "setresgid");
    if (syscall(SYS_setresuid, launch->uid, launch->uid, launch->uid) != 0) fail_step(launch, "setresuid");
  } else {
    char text[64];
    snprintf(text, sizeof text, "%u %u 1", launch->uid, launch->uid);
    if (write_text("/proc/self/uid_map", text) != 0) fail_step(launch, "uid_map");
    if (write_text("/proc/self/setgroups", "deny") != 0) fail_step(launch, "setgroups deny");
    snprintf(text, sizeof text, "%u %u 1", launch->gid, launch->gid);
    if (write_text("/proc/self/gid_map", text) != 0) fail_step(launch, "gid_map");
  }
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void loopback_up(const struct launch* launch) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_step(launch, "socket for lo");
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING};
  if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) fail_step(launch, "lo up");
  close(fd);
}

// Pid 1: starts the command, reaps, ends with it.
static void run_as_init(const struct launch* launch) {
  const pid_t command = vfork();
  if (command < 0) fail_step(launch, "vfork");
  if (command == 0) {
    setpgid(0, 0);
    syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
    execvp(launch->command[0], launch->command);
    const int error = errno;
    fail_step(launch, error == ENOENT ? "execve: no such command" : "execve");
  }
  syscall(SYS_close_range, 0U, ~0U, 0U);
  for (;;) {
    int status = 0;
    const pid_t ended = wait4(-1, &status, 0, NULL);
    if (ended < 0 && errno != EINTR) _exit(kOwnFailure);
    if (ended == command) _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
}

static void child(const struct launch* launch) {
  become_mapped(launch);
  build_view(launch);
  loopback_up(launch);
  if (setsid() < 0) fail_step(launch, "setsid");
  if (syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL, 0, 0, 0) < 0) fail_step(launch, "keyring");
  const struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) fail_step(launch, "rlimit core");
  apply_limits(launch);
  if (chdir(launch->project.path) != 0 && chdir("/") != 0) fail_step(launch, "chdir");
  run_as_init(launch);
}

// A user namespace that exists only to describe an idmapped mount: the folder's owner on disk is the sandbox's own id.
// It needs a process for a moment.
static int idmap_namespace(const struct stat* owner, const struct launch* launch) {
  struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  const pid_t holder = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  if (holder < 0) die("clone of a user namespace for idmapped mounts");
  if (holder == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/user", (int)holder);
  int user_namespace = -1;
  if (write_map(holder, "uid_map", owner->st_uid, launch->uid) == 0 &&
      write_map(holder, "gid_map", owner->st_gid, launch->gid) == 0)
    user_namespace = open(path, O_RDONLY | O_CLOEXEC);
  const int error = errno;
  kill(holder, SIGKILL);
  waitpid(holder, NULL, 0);
  errno = error;
  if (user_namespace < 0) die("user namespace for idmapped mounts");
  return user_namespace;
}

static void make_idmapped_trees(struct launch* launch) {
  struct stat last = {0};
  int user_namespace = -1;
  for (size_t i = 0; i <= launch->read_count; ++i) {
    struct folder* folder = i == 0 ? &launch->project : &launch->reads[i - 1];
    struct stat owner;
    if (stat(folder->path, &owner) != 0) die(folder->path);
    if (user_namespace < 0 || owner.st_uid != last.st_uid || owner.st_gid != last.st_gid) {
      if (user_namespace >= 0) close(user_namespace);
      user_namespace = idmap_namespace(&owner, launch);
      last = owner;
    }
    folder->tree = (int)syscall(SYS_open_tree, AT_FDCWD, folder->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (folder->tree < 0) die(folder->path);
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)user_namespace};
    if (syscall(SYS_mount_setattr, folder->tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
      die("idmapped mount");
  }
  close(user_namespace);
}

static int outcome(int pidfd, int failure_pipe) {
  struct failure failure = {0};
  const ssize_t told = read(failure_pipe, &failure, sizeof failure);
  siginfo_t info = {0};
  int result;
  do result = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED);
  while (result != 0 && errno == EINTR);
  if (result != 0) die("waitid");
  if (told == (ssize_t)sizeof failure) {
    fprintf(stderr, "floor: %s: %s\n", failure.step, strerror(failure.error));
    if (strncmp(failure.step, "execve", 6) != 0) return kOwnFailure;
    return failure.error == ENOENT ? 127 : 126;
  }
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static int usage(void) {
  fprintf(stderr, "usage: floor bench|tool [--home FOLDER] [--read FOLDER]... -- COMMAND [ARG...]\n");
  return 2;
}

int main(int argc, char** argv) {
  if (argc < 2 || (strcmp(argv[1], "bench") != 0 && strcmp(argv[1], "tool") != 0)) return usage();
  static char project[4096];
  if (getcwd(project, sizeof project) == NULL) die("getcwd");
  const int is_root = geteuid() == 0;
  struct launch launch = {
      .view = strcmp(argv[1], "tool") == 0 ? VIEW_TOOL : VIEW_BENCH,
      .project = {project, -1},
      .home = "/home",
      .mapped_by_parent = is_root,
      .uid = is_root ? kReservedId : geteuid(),
      .gid = is_root ? kReservedId : getegid(),
  };
  int at = 2;
  for (; at + 1 < argc && strcmp(argv[at], "--") != 0; at += 2) {
    if (strcmp(argv[at], "--home") == 0) {
      launch.home = argv[at + 1];
    } else if (strcmp(argv[at], "--read") == 0 && launch.read_count < kMaxReads) {
      launch.reads[launch.read_count++] = (struct folder){argv[at + 1], -1};
    } else {
      return usage();
    }
  }
  if (at + 1 >= argc) return usage();
  launch.command = argv + at + 1;
  prctl(PR_SET_DUMPABLE, is_root ? 0 : 1);
  int ready[2];
  int failure[2];
  if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0) die("pipe");
  launch.ready_pipe = ready[0];
  launch.failure_pipe = failure[1];
  if (is_root && launch.view == VIEW_TOOL) make_idmapped_trees(&launch);
  prepare_limits();

  int pidfd = -1;
  struct clone_args arguments = {
      .flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
               CLONE_NEWCGROUP | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
      .pidfd = (uint64_t)(uintptr_t)&pidfd,
      .exit_signal = SIGCHLD,
  };
  const pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) die("clone3");
  if (pid == 0) {
    close(ready[1]);
    close(failure[0]);
    child(&launch);
  }
  close(ready[0]);
  close(failure[1]);
  if (is_root) {
    if (write_map(pid, "uid_map", launch.uid, launch.uid) != 0) die("uid_map");
    if (write_map(pid, "gid_map", launch.gid, launch.gid) != 0) die("gid_map");
    if (write(ready[1], "", 1) != 1) die("tell the child");
  }
  return outcome(pidfd, failure[0]);
}
