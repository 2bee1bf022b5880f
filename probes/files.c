// Files that a run has no business with, by every way that leads to one.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict read_named(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return judge_path(arguments->words[0], arguments);
}

static Verdict read_fixed(const Arguments* arguments, const Probe* probe) { return judge_path(probe->text, arguments); }

static Verdict list_named(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return judge_open(arguments->words[0], O_RDONLY | O_DIRECTORY);
}

// probe->text leads to the root by a magic link, and PATH is absolute.
static Verdict read_behind(const Arguments* arguments, const Probe* probe) {
  char path[512];
  format_text(path, sizeof path, "%s%s", probe->text, arguments->words[0]);
  return judge_path(path, arguments);
}

// Makes a new file in FOLDER and takes it away again.
static Verdict create_in(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  char path[512];
  format_text(path, sizeof path, "%s/confide-probe-was-here", arguments->words[0]);
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return refused(errno, "create %s: %s", path, strerror(errno));
  close(fd);
  if (unlink(path) != 0) return succeeded("made %s, and cannot take it away", path);
  return succeeded("made %s", path);
}

// Makes a file and leaves it, for the caller to look whether it arrived.
static Verdict leave_file(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const int fd = open(arguments->words[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return refused(errno, "create %s: %s", arguments->words[0], strerror(errno));
  close(fd);
  return succeeded("left %s", arguments->words[0]);
}

static Verdict open_for_writing(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return judge_open(arguments->words[0], O_WRONLY);
}

static Verdict append(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const int fd = open(arguments->words[0], O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return refused(errno, "open %s: %s", arguments->words[0], strerror(errno));
  const ssize_t put = write(fd, "probed\n", 7);
  const int error = errno;
  close(fd);
  return put < 0 ? refused(error, "write: %s", strerror(error)) : succeeded("wrote into %s", arguments->words[0]);
}

static Verdict change_mode(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  struct stat found;
  if (stat(arguments->words[0], &found) != 0) return of_result(-1, "stat");
  return of_result(chmod(arguments->words[0], found.st_mode & 07777), "chmod");
}

static Verdict change_owner(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return of_result(chown(arguments->words[0], 0, 0), "chown");
}

static Verdict change_times(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return of_result(utimensat(AT_FDCWD, arguments->words[0], NULL, 0), "utimensat");
}

static Verdict change_attribute(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const char* path = arguments->words[0];
  if (setxattr(path, "user.confide-probe", "x", 1, 0) != 0) return of_result(-1, "setxattr");
  (void)removexattr(path, "user.confide-probe");
  return succeeded("setxattr");
}

static Verdict link_out(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  if (link(arguments->words[0], arguments->words[1]) != 0) return of_result(-1, "link");
  const Verdict verdict = judge_path(arguments->words[1], arguments);
  (void)unlink(arguments->words[1]);
  return verdict;
}

static Verdict symlink_out(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  if (symlink(arguments->words[0], arguments->words[1]) != 0) return of_result(-1, "symlink");
  const Verdict verdict = judge_path(arguments->words[1], arguments);
  (void)unlink(arguments->words[1]);
  return verdict;
}

// Swaps INSIDE (a plain file) and a link to OUTSIDE under one name while it is read, ROUNDS times.
static Verdict race_symlink(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long rounds = 0;
  if (!word_number(arguments, 2, &rounds)) return untried("ROUNDS must be a number");
  char plain[512];
  char linked[512];
  format_text(plain, sizeof plain, "%s/race-name", arguments->words[0]);
  format_text(linked, sizeof linked, "%s/race-link", arguments->words[0]);
  (void)unlink(linked);
  const int fd = open(plain, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, "-", 1) != 1 || symlink(arguments->words[1], linked) != 0)
    return of_result(-1, "the two names");
  close(fd);
  const pid_t swapper = fork();
  for (; swapper == 0;) (void)syscall(SYS_renameat2, AT_FDCWD, plain, AT_FDCWD, linked, 2L /* RENAME_EXCHANGE */);
  Verdict verdict = absent("OTHER", "%lu rounds, always what is inside", rounds);
  size_t outside = 0;
  // On a busy machine the swapper may not have run by then: go on until the link was met, for at most two seconds.
  const time_t latest = time(NULL) + 2;
  for (unsigned long round = 0; verdict.outcome != kSucceeded; ++round) {
    if (round >= rounds && (outside > 0 || time(NULL) >= latest)) break;
    const Verdict one = judge_path(plain, arguments);
    if (one.outcome == kSucceeded) verdict = one;
    if (one.outcome == kDenied || (one.outcome == kAbsent && strcmp(one.reason, "OTHER") != 0)) {
      ++outside;
      if (verdict.outcome != kSucceeded) verdict = one;
    }
  }
  if (swapper > 0) (void)syscall(SYS_kill, swapper, 9L);
  (void)unlink(plain);
  (void)unlink(linked);
  if (verdict.outcome != kSucceeded && outside == 0) return untried("%lu rounds never met the link", rounds);
  return verdict;
}

static Verdict open_beneath_fd(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  int folder = 0;
  if (!word_fd(arguments, 0, &folder)) return untried("FD must be a number");
  const int fd = openat(folder, arguments->words[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0) return refused(errno, "openat %d %s: %s", folder, arguments->words[1], strerror(errno));
  return judge_fd(fd, arguments, "openat");
}

static Verdict open_magic_fd(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  char path[512];
  format_text(path, sizeof path, "/proc/self/fd/%s/%s", arguments->words[0], arguments->words[1]);
  return judge_path(path, arguments);
}

// The handle of a file is no secret; opening by it walks no path.
static Verdict open_handle(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  struct {
    struct file_handle head;
    unsigned char room[MAX_HANDLE_SZ];
  } handle = {.head = {.handle_bytes = 0}};
  const char* hex = arguments->words[1];
  unsigned type = 0;
  int used = 0;
  if (sscanf(hex, "%x:%n", &type, &used) != 1) return untried("HANDLE must be what handle-of printed");
  handle.head.handle_type = (int)type;
  for (hex += used; hex[0] != 0 && hex[1] != 0 && handle.head.handle_bytes < MAX_HANDLE_SZ; hex += 2) {
    unsigned byte = 0;
    if (sscanf(hex, "%2x", &byte) != 1) return untried("HANDLE must be what handle-of printed");
    handle.head.f_handle[handle.head.handle_bytes++] = (unsigned char)byte;
  }
  const int mount = open(arguments->words[0], O_RDONLY | O_CLOEXEC);
  if (mount < 0) return of_result(-1, "open of the mount");
  const int fd = open_by_handle_at(mount, &handle.head, O_RDONLY);
  if (fd < 0) return of_result(-1, "open_by_handle_at");
  return judge_fd(fd, arguments, "open_by_handle_at");
}

static const Probe kProbes[] = {
    {"read", "PATH", "read a file", read_named, ""},
    {"list", "PATH", "list a folder", list_named, ""},
    {"read-shadow", "", "read the password hashes", read_fixed, "/etc/shadow"},
    {"read-by-self-root", "PATH", "read a file by /proc/self/root", read_behind, "/proc/self/root"},
    {"read-by-thread-root", "PATH", "read a file by /proc/thread-self/root", read_behind, "/proc/thread-self/root"},
    {"read-by-one-root", "PATH", "read a file by the root of pid 1", read_behind, "/proc/1/root"},
    {"create", "FOLDER", "make a file in a folder", create_in, ""},
    {"leave", "PATH", "make a file and leave it there", leave_file, ""},
    {"open-write", "PATH", "open a file for writing", open_for_writing, ""},
    {"append", "PATH", "write into a file", append, ""},
    {"chmod", "PATH", "set a file's mode", change_mode, ""},
    {"chown", "PATH", "give a file to root", change_owner, ""},
    {"utimes", "PATH", "set a file's times", change_times, ""},
    {"setxattr", "PATH", "set an attribute of a file", change_attribute, ""},
    {"hardlink", "OUTSIDE INSIDE", "make a second name for a file of outside", link_out, ""},
    {"symlink", "OUTSIDE INSIDE", "read a file of outside by a link", symlink_out, ""},
    {"symlink-race", "FOLDER OUTSIDE ROUNDS", "swap a file and a link to outside while reading", race_symlink, ""},
    {"openat-fd", "FD PATH", "open beneath an inherited folder", open_beneath_fd, ""},
    {"openat-magic", "FD PATH", "open beneath an inherited folder by /proc/self/fd", open_magic_fd, ""},
    {"open-by-handle", "MOUNT HANDLE", "open a file by its handle", open_handle, ""},
};
DEFINE_THEME(kThemes_files, "files", kProbes);
