// Signals to processes of outside. SIGURG is ignored by default: it shows the permission and harms nobody.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict no_pid(void) { return untried("PID must be a number"); }

static Verdict send_kill(const Arguments* arguments, const Probe* probe) {
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  return of_result(kill((pid_t)probe->number * pid, SIGURG), "kill");
}

static Verdict send_thread(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  return of_result(syscall(SYS_tgkill, pid, pid, (long)SIGURG), "tgkill");
}

static Verdict send_thread_alone(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  return of_result(syscall(SYS_tkill, pid, (long)SIGURG), "tkill");
}

static Verdict send_pidfd(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  const long pidfd = syscall(SYS_pidfd_open, pid, 0L);
  if (pidfd < 0) return of_result(-1, "pidfd_open");
  return of_result(syscall(SYS_pidfd_send_signal, (int)pidfd, (long)SIGURG, NULL, 0L), "pidfd_send_signal");
}

static Verdict send_queued(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return no_pid();
  const union sigval value = {.sival_int = 0};
  return of_result(sigqueue(pid, SIGURG, value), "sigqueue");
}

// Signal 0 to everyone that may be signalled: succeeds where there is anyone at all besides pid 1 and oneself.
static Verdict send_everyone(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result(kill(-1, 0), "kill everyone");
}

static const Probe kProbes[] = {
    {"kill", "PID", "signal a process", send_kill, "", 1},
    {"kill-group", "PID", "signal a process group", send_kill, "", -1},
    {"kill-everyone", "", "signal every process", send_everyone, ""},
    {"tgkill", "PID", "signal a thread", send_thread, ""},
    {"tkill", "PID", "signal a thread, the old way", send_thread_alone, ""},
    {"pidfd-send-signal", "PID", "signal by pidfd", send_pidfd, ""},
    {"sigqueue", "PID", "signal with a value", send_queued, ""},
};
DEFINE_THEME(kThemes_signals, "signals", kProbes);
