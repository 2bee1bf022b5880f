// /proc/PID of another process, named by its pid.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict no_pid(void) { return untried("PID must be a number"); }

static Verdict read_entry(const Arguments* arguments, const Probe* probe) {
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  char path[128];
  format_text(path, sizeof path, "/proc/%d/%s", pid, probe->text);
  return judge_path(path, arguments);
}

static Verdict read_of_one(const Arguments* arguments, const Probe* probe) {
  char path[128];
  format_text(path, sizeof path, "/proc/1/%s", probe->text);
  return judge_path(path, arguments);
}

// probe->text is a folder of /proc/PID whose listing gives something away.
static Verdict list_entry(const Arguments* arguments, const Probe* probe) {
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  char path[128];
  format_text(path, sizeof path, "/proc/%d/%s", pid, probe->text);
  DIR* folder = opendir(path);
  if (folder == NULL) return refused(errno, "opendir %s: %s", path, strerror(errno));
  size_t names = 0;
  errno = 0;
  for (const struct dirent* entry = readdir(folder); entry != NULL; entry = readdir(folder))
    if (entry->d_name[0] != '.') ++names;
  const int error = errno;
  closedir(folder);
  if (names == 0 && error != 0) return refused(error, "readdir %s: %s", path, strerror(error));
  if (names == 0) return absent("EMPTY", "%s lists nothing", path);
  return succeeded("%s lists %zu names", path, names);
}

static Verdict read_memory(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  unsigned long address = 0;
  if (!word_pid(arguments, 0, &pid) || !word_number(arguments, 1, &address))
    return untried("PID and ADDRESS must be numbers");
  char path[64];
  format_text(path, sizeof path, "/proc/%d/mem", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return refused(errno, "open %s: %s", path, strerror(errno));
  char bytes[4096];
  const ssize_t got = pread(fd, bytes, sizeof bytes, (off_t)address);
  const int error = errno;
  close(fd);
  if (got < 0) return refused(error, "pread %s: %s", path, strerror(error));
  return judge_bytes(bytes, (size_t)got, arguments, path);
}

static Verdict write_memory(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  unsigned long address = 0;
  if (!word_pid(arguments, 0, &pid) || !word_number(arguments, 1, &address))
    return untried("PID and ADDRESS must be numbers");
  char path[64];
  format_text(path, sizeof path, "/proc/%d/mem", pid);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return refused(errno, "open %s: %s", path, strerror(errno));
  const ssize_t put = pwrite(fd, "probed", 6, (off_t)address);
  const int error = errno;
  close(fd);
  if (put < 0) return refused(error, "pwrite %s: %s", path, strerror(error));
  return succeeded("wrote %zd bytes into process %d", put, pid);
}

static Verdict read_descriptor(const Arguments* arguments, const Probe* probe) {
  pid_t pid = 0;
  int fd = 0;
  if (!word_pid(arguments, 0, &pid) || !word_fd(arguments, 1, &fd)) return untried("PID and FD must be numbers");
  char path[64];
  format_text(path, sizeof path, "/proc/%d/%s/%d", pid, probe->text, fd);
  return judge_path(path, arguments);
}

// /proc/PID/root, cwd: magic links that lead into the other's file tree.
static Verdict follow_link(const Arguments* arguments, const Probe* probe) {
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  char path[512];
  if (arguments->count > 1) {
    format_text(path, sizeof path, "/proc/%d/%s/%s", pid, probe->text, arguments->words[1]);
    return judge_path(path, arguments);
  }
  format_text(path, sizeof path, "/proc/%d/%s/", pid, probe->text);
  return judge_open(path, O_RDONLY | O_DIRECTORY);
}

static Verdict read_task(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  char path[96];
  format_text(path, sizeof path, "/proc/%d/task/%d/environ", pid, pid);
  return judge_path(path, arguments);
}

static Verdict open_namespace(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  char path[96];
  format_text(path, sizeof path, "/proc/%d/ns/%s", pid, arguments->words[1]);
  return judge_open(path, O_RDONLY);
}

// The permission check of these files comes when they are opened for writing; nothing is written.
static Verdict open_entry_for_writing(const Arguments* arguments, const Probe* probe) {
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  char path[96];
  format_text(path, sizeof path, "/proc/%d/%s", pid, probe->text);
  return judge_open(path, O_WRONLY);
}

static Verdict raise_oom_score(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  char path[96];
  format_text(path, sizeof path, "/proc/%d/oom_score_adj", pid);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return refused(errno, "open %s: %s", path, strerror(errno));
  const ssize_t put = write(fd, "500", 3);
  const int error = errno;
  close(fd);
  if (put < 0) return refused(error, "write %s: %s", path, strerror(error));
  return succeeded("process %d is now the first to be killed", pid);
}

static Verdict overwrite_executable(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  char path[64];
  format_text(path, sizeof path, "/proc/%d/exe", pid);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  // ETXTBSY comes behind every permission check: a patient attacker waits until the program has ended.
  if (fd < 0) return of_result_or(-1, ETXTBSY, "open for writing the program that the process runs");
  close(fd);
  return succeeded("open %s for writing", path);
}

static const Probe kProbes[] = {
    {"proc-environ", "PID", "read its environment", read_entry, "environ"},
    {"proc-mem", "PID ADDRESS", "read its memory", read_memory, ""},
    {"proc-mem-write", "PID ADDRESS", "write into its memory", write_memory, ""},
    {"proc-maps", "PID", "read where its memory lies", read_entry, "maps"},
    {"proc-smaps", "PID", "read how its memory is used", read_entry, "smaps"},
    {"proc-pagemap", "PID", "read its page table", read_entry, "pagemap"},
    {"proc-map-files", "PID", "list the files it maps", list_entry, "map_files"},
    {"proc-fd", "PID FD", "open one of its descriptors again and read it", read_descriptor, "fd"},
    {"proc-fd-list", "PID", "list its descriptors", list_entry, "fd"},
    {"proc-fdinfo", "PID FD", "read the state of one of its descriptors", read_descriptor, "fdinfo"},
    {"proc-root", "PID [PATH]", "enter its file tree by its root", follow_link, "root"},
    {"proc-cwd", "PID [PATH]", "enter its file tree by its working directory", follow_link, "cwd"},
    {"proc-exe", "PID", "read the program that it runs", read_entry, "exe"},
    {"proc-exe-overwrite", "PID", "open the program that it runs for writing", overwrite_executable, ""},
    {"proc-cmdline", "PID", "read its command line (open to everyone who sees the pid)", read_entry, "cmdline"},
    {"proc-auxv", "PID", "read its auxiliary vector (canary, addresses)", read_entry, "auxv"},
    {"proc-stack", "PID", "read its kernel stack", read_entry, "stack"},
    {"proc-syscall", "PID", "read the system call that it is in", read_entry, "syscall"},
    {"proc-io", "PID", "read its I/O counters", read_entry, "io"},
    {"proc-personality", "PID", "read its personality", read_entry, "personality"},
    {"proc-task-environ", "PID", "read its environment by way of a thread", read_task, ""},
    {"proc-ns", "PID KIND", "open one of its namespaces", open_namespace, ""},
    {"proc-net", "PID", "read the unix sockets of its network", read_entry, "net/unix"},
    {"proc-mountinfo", "PID", "read its mounts", read_entry, "mountinfo"},
    {"proc-clear-refs", "PID", "reset its page references", open_entry_for_writing, "clear_refs"},
    {"proc-oom-score", "PID", "make it the first to be killed", raise_oom_score, ""},
    {"proc-one-environ", "", "read the environment of pid 1", read_of_one, "environ"},
    {"proc-one-maps", "", "read where the memory of pid 1 lies", read_of_one, "maps"},
};
DEFINE_THEME(kThemes_proc, "proc", kProbes);
