// /proc/sys, /proc/sysrq-trigger, /sys and the cgroup trees. Files are opened for writing; nothing is written.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/probe.h"

static size_t walked;
static size_t writable;
static size_t most;
static char first_writable[160];

static int try_file(const char* path, const struct stat* found, int kind, struct FTW* where) {
  (void)where;
  if (kind != FTW_F || !S_ISREG(found->st_mode)) return 0;
  ++walked;
  if ((found->st_mode & S_IWOTH) != 0) return 0;  // open to everyone: who may write is decided at write (ns_last_pid)
  const int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return 0;
  close(fd);
  if (writable++ == 0) snprintf(first_writable, sizeof first_writable, "%s", path);
  return writable >= most ? 1 : 0;
}

// Every file beneath a folder; the limit keeps the walk short where a root user may write everything.
static Verdict walk(const char* folder, size_t limit) {
  struct stat found;
  if (stat(folder, &found) != 0) return refused(errno, "%s: %s", folder, strerror(errno));
  most = limit;
  (void)nftw(folder, try_file, 16, FTW_PHYS | FTW_MOUNT);
  if (writable > 0) return succeeded("%zu of %zu files open for writing, first %s", writable, walked, first_writable);
  if (walked == 0) return absent("EMPTY", "%s holds no file", folder);
  return refused(EACCES, "%zu files beneath %s, none opens for writing", walked, folder);
}

static Verdict walk_fixed(const Arguments* arguments, const Probe* probe) {
  const char* folder = arguments->count > 0 ? arguments->words[0] : probe->text;
  return walk(folder, (size_t)probe->number);
}

static Verdict open_fixed(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return judge_open(probe->text, O_WRONLY);
}

// Writes back what it reads.
static Verdict write_back(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  char value[64];
  const int fd = open(probe->text, O_RDWR | O_CLOEXEC);
  if (fd < 0) return refused(errno, "open %s: %s", probe->text, strerror(errno));
  const ssize_t size = read(fd, value, sizeof value);
  const ssize_t put = size > 0 ? pwrite(fd, value, (size_t)size, 0) : -1;
  const int error = errno;
  close(fd);
  return put < 0 ? refused(error, "write %s: %s", probe->text, strerror(error)) : succeeded("write %s", probe->text);
}

static Verdict open_named(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return judge_open(arguments->words[0], O_WRONLY);
}

static Verdict make_group(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  char path[512];
  format_text(path, sizeof path, "%s/confide-probe", arguments->words[0]);
  if (mkdir(path, 0755) != 0) return of_result(-1, "mkdir");
  (void)rmdir(path);
  return succeeded("made the group %s", path);
}

static const Probe kProbes[] = {
    {"sysctl-any", "[FOLDER]", "open any kernel setting for writing", walk_fixed, "/proc/sys", 1000000},
    {"proc-any-write", "[FOLDER]", "open any global file of /proc/irq for writing", walk_fixed, "/proc/irq", 1000000},
    {"sysfs-any", "[FOLDER]", "open any knob of /sys for writing", walk_fixed, "/sys/kernel", 3},
    {"core-pattern", "", "the program that receives core dumps", open_fixed, "/proc/sys/kernel/core_pattern"},
    {"modprobe-path", "", "the program that loads modules", open_fixed, "/proc/sys/kernel/modprobe"},
    {"hotplug-path", "", "the program that hears of devices", open_fixed, "/sys/kernel/uevent_helper"},
    {"binfmt-register", "", "an interpreter for every program", open_fixed, "/proc/sys/fs/binfmt_misc/register"},
    {"drop-caches", "", "empty the host's caches", open_fixed, "/proc/sys/vm/drop_caches"},
    {"sysrq-trigger", "", "the emergency keys", open_fixed, "/proc/sysrq-trigger"},
    {"ns-last-pid", "", "choose the next pid", write_back, "/proc/sys/kernel/ns_last_pid"},
    {"cgroup-release-agent", "PATH", "the program that runs when a group empties", open_named, ""},
    {"cgroup-procs", "PATH", "move processes between groups", open_named, ""},
    {"cgroup-make", "FOLDER", "make a group of one's own", make_group, ""},
};
DEFINE_THEME(kThemes_sysctl, "sysctl", kProbes);
