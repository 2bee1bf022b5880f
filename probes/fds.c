// Descriptors that came along.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict read_inherited(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  int fd = 0;
  if (!word_fd(arguments, 0, &fd)) return untried("FD must be a number");
  if (fcntl(fd, F_GETFD) < 0) return of_result(-1, "the inherited descriptor");
  return judge_fd(fd, arguments, "the inherited descriptor");
}

static Verdict any_inherited(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == NULL) return refused(errno, "opendir /proc/self/fd: %s", strerror(errno));
  int found = -1;
  for (const struct dirent* entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    const int fd = atoi(entry->d_name);
    if (fd > 2 && fd != dirfd(folder)) found = fd;
  }
  closedir(folder);
  if (found >= 0) return succeeded("descriptor %d came along", found);
  return absent("EMPTY", "nothing but the three standard streams");
}

static Verdict write_inherited(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  int fd = 0;
  if (!word_fd(arguments, 0, &fd)) return untried("FD must be a number");
  return of_result(write(fd, "probed\n", 7), "write into the inherited descriptor");
}

// A regular file that was opened for reading, opened again for writing by its magic link.
static Verdict reopen_for_writing(const Arguments* arguments, const Probe* probe) {
  int inherited = 0;
  struct stat found;
  char path[64];
  if (!word_fd(arguments, 0, &inherited)) return untried("FD must be a number");
  if (fstat(inherited, &found) != 0) return of_result(-1, "the descriptor");
  if (!S_ISREG(found.st_mode)) return absent("OTHER", "descriptor %d is no file but a relay", inherited);
  format_text(path, sizeof path, "%s/%d", probe->text, inherited);
  return judge_open(path, O_RDWR);
}

// Has the kernel send a signal when data arrives, to a process that one may not signal oneself.
static Verdict signal_by_owner(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  int pair[2];
  if (!word_pid(arguments, 0, &pid)) return untried("PID must be a number");
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return of_result(-1, "socketpair");
  if (fcntl(pair[0], F_SETOWN, pid) != 0) return of_result(-1, "F_SETOWN");
  (void)fcntl(pair[0], F_SETSIG, SIGURG);
  int on = 1;
  if (ioctl(pair[0], FIOASYNC, &on) != 0) return of_result(-1, "FIOASYNC");
  return of_result(write(pair[1], "!", 1), "a signal by F_SETOWN");
}

static const Probe kProbes[] = {
    {"inherited-fd", "FD", "read an inherited descriptor", read_inherited, ""},
    {"inherited-any", "", "find any inherited descriptor", any_inherited, ""},
    {"inherited-write", "FD", "write into an inherited descriptor", write_inherited, ""},
    {"reopen-write", "FD", "open a descriptor again for writing, /proc/self/fd", reopen_for_writing, "/proc/self/fd"},
    {"reopen-write-dev", "FD", "open a descriptor again for writing, /dev/fd", reopen_for_writing, "/dev/fd"},
    {"setown-signal", "PID", "have the kernel signal a process", signal_by_owner, ""},
};
DEFINE_THEME(kThemes_fds, "fds", kProbes);
