// Other processes' limits and places, and processes that try to stay.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict no_pid(void) { return untried("PID must be a number"); }

static Verdict lower_priority(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  return of_result(setpriority(PRIO_PROCESS, (id_t)pid, 10), "setpriority");
}

static Verdict change_limit(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  struct rlimit limit;
  return of_result(prlimit(pid, RLIMIT_CORE, NULL, &limit), "prlimit");
}

static Verdict move_to_cpu(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  return of_result(sched_setaffinity(pid, sizeof set, &set), "sched_setaffinity");
}

static Verdict change_scheduler(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  const struct sched_param parameter = {.sched_priority = 0};
  return of_result(sched_setscheduler(pid, SCHED_BATCH, &parameter), "sched_setscheduler");
}

static Verdict change_io_priority(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  enum { kWhoProcess = 1, kIdleClass = 3 << 13 };
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  return of_result(syscall(SYS_ioprio_set, (long)kWhoProcess, pid, (long)kIdleClass), "ioprio_set");
}

static Verdict real_time(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  const struct sched_param parameter = {.sched_priority = 1};
  return of_result(sched_setscheduler(0, SCHED_FIFO, &parameter), "SCHED_FIFO");
}

static Verdict ask_session(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  return of_result(getsid(pid), "getsid");
}

// Leaves a process of a session of its own behind that waits, then makes FILE. Whether it lived to do so is for the
// caller to see; the probe only starts it.
static Verdict leave_orphan(const Arguments* arguments, const Probe* probe) {
  unsigned long wait_ms = 0;
  if (!word_number(arguments, 1, &wait_ms)) return untried("MILLISECONDS must be a number");
  const pid_t child = fork();
  if (child < 0) return of_result(-1, "fork");
  if (child > 0) {
    (void)waitpid(child, NULL, 0);
    return succeeded("an orphan waits %lu ms", wait_ms);
  }
  if (probe->number != 0) (void)setsid();
  if (fork() != 0) _exit(0);
  for (int number = 1; number < 65; ++number) (void)signal(number, SIG_IGN);
  for (int fd = 0; fd < 64; ++fd) (void)close(fd);
  sleep_ms((long)wait_ms);
  const int fd = open(arguments->words[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  _exit(fd < 0 ? 1 : 0);
}

static size_t count_zombies(pid_t parent) {
  DIR* folder = opendir("/proc");
  size_t zombies = 0;
  if (folder == NULL) return 0;
  for (const struct dirent* entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    char path[64];
    char text[256] = "";
    format_text(path, sizeof path, "/proc/%.16s/stat", entry->d_name);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    const ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    const char* after = got > 0 ? strrchr(text, ')') : NULL;
    char state = 0;
    pid_t owner = 0;
    if (after != NULL && sscanf(after + 1, " %c %d", &state, &owner) == 2 && state == 'Z' && owner == parent) ++zombies;
  }
  closedir(folder);
  return zombies;
}

// Orphans that end at once belong to pid 1; if nobody reaps them they fill the table of processes.
static Verdict leave_zombies(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long wanted = 0;
  if (!word_number(arguments, 0, &wanted)) return untried("COUNT must be a number");
  for (unsigned long at = 0; at < wanted; ++at) {
    const pid_t child = fork();
    if (child < 0) return of_result(-1, "fork");
    if (child == 0) {
      if (fork() == 0) sleep_ms(20);
      _exit(0);
    }
    (void)waitpid(child, NULL, 0);
  }
  size_t left = wanted;
  for (int tries = 0; tries < 20 && left > 0; ++tries) {
    sleep_ms(50);
    left = count_zombies(1);
  }
  if (left > 0) return succeeded("%zu zombies nobody reaps", left);
  return absent("EMPTY", "pid 1 reaped them all");
}

static const Probe kProbes[] = {
    {"setpriority", "PID", "lower its priority", lower_priority, ""},
    {"prlimit", "PID", "ask for its limits", change_limit, ""},
    {"sched-affinity", "PID", "move it to a processor", move_to_cpu, ""},
    {"sched-scheduler", "PID", "change how it is scheduled", change_scheduler, ""},
    {"ioprio", "PID", "lower its disk priority", change_io_priority, ""},
    {"sched-real-time", "", "take the processor for good", real_time, ""},
    {"getsid", "PID", "ask whether it exists", ask_session, ""},
    {"orphan", "FILE MILLISECONDS", "leave a process behind", leave_orphan, "", 0},
    {"daemon", "FILE MILLISECONDS", "leave a process of another session behind", leave_orphan, "", 1},
    {"zombies", "COUNT", "leave processes that nobody reaps", leave_zombies, ""},
};
DEFINE_THEME(kThemes_processes, "processes", kProbes);
