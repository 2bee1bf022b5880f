// The ptrace family: another process's memory and descriptors by system call.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/probe.h"

enum { kNrPidfdGetfd = 438, kNrProcessMadvise = 440, kNrProcessMrelease = 448, kMadvCold = 20, kKcmpFile = 0 };

static Verdict wrong_words(void) { return untried("PID, FD and ADDRESS must be numbers"); }

static Verdict attach(const Arguments* arguments, const Probe* probe) {
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return wrong_words();
  if (syscall(SYS_ptrace, probe->number, pid, 0L, 0L) != 0) return of_result(-1, probe->name);
  if (probe->number == PTRACE_SEIZE) (void)syscall(SYS_ptrace, (long)PTRACE_INTERRUPT, pid, 0L, 0L);
  int status = 0;
  (void)waitpid(pid, &status, __WALL);
  (void)syscall(SYS_ptrace, (long)PTRACE_DETACH, pid, 0L, 0L);
  return succeeded("stopped process %d", pid);
}

static Verdict peek(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  unsigned long address = 0;
  if (!word_pid(arguments, 0, &pid) || !word_number(arguments, 1, &address)) return wrong_words();
  if (syscall(SYS_ptrace, (long)PTRACE_SEIZE, pid, 0L, 0L) != 0) return of_result(-1, "PTRACE_SEIZE");
  (void)syscall(SYS_ptrace, (long)PTRACE_INTERRUPT, pid, 0L, 0L);
  int status = 0;
  (void)waitpid(pid, &status, __WALL);
  long words[64] = {0};
  size_t got = 0;
  for (; got < sizeof words / sizeof words[0]; ++got)
    if (syscall(SYS_ptrace, (long)PTRACE_PEEKDATA, pid, address + got * sizeof(long), &words[got]) != 0) break;
  const int error = errno;
  (void)syscall(SYS_ptrace, (long)PTRACE_DETACH, pid, 0L, 0L);
  if (got == 0) return refused(error, "PTRACE_PEEKDATA: %s", strerror(error));
  return judge_bytes(words, got * sizeof(long), arguments, "PTRACE_PEEKDATA");
}

static int be_traced(void* unused) {
  (void)unused;
  return syscall(SYS_ptrace, (long)PTRACE_TRACEME, 0L, 0L, 0L) == 0 ? 0 : errno;
}

static Verdict trace_own_child(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  const int error = run_in_child(be_traced, NULL);
  if (error != 0) return refused(error, "PTRACE_TRACEME: %s", strerror(error));
  return succeeded("a child of the probe let itself be traced");
}

static Verdict read_process(const Arguments* arguments, pid_t pid, const void* address) {
  char bytes[4096];
  const struct iovec here = {.iov_base = bytes, .iov_len = sizeof bytes};
  const struct iovec there = {.iov_base = (void*)(uintptr_t)address, .iov_len = sizeof bytes};
  const long got = syscall(SYS_process_vm_readv, pid, &here, 1L, &there, 1L, 0L);
  if (got < 0) return of_result(-1, "process_vm_readv");
  return judge_bytes(bytes, (size_t)got, arguments, "process_vm_readv");
}

static Verdict vm_read(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  unsigned long address = 0;
  if (!word_pid(arguments, 0, &pid) || !word_number(arguments, 1, &address)) return wrong_words();
  return read_process(arguments, pid, (const void*)address);
}

static Verdict vm_write(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  unsigned long address = 0;
  if (!word_pid(arguments, 0, &pid) || !word_number(arguments, 1, &address)) return wrong_words();
  char bytes[] = "probed";
  const struct iovec here = {.iov_base = bytes, .iov_len = sizeof bytes};
  const struct iovec there = {.iov_base = (void*)address, .iov_len = sizeof bytes};
  return of_result(syscall(SYS_process_vm_writev, pid, &here, 1L, &there, 1L, 0L), "process_vm_writev");
}

// The filter must refuse the call itself, whoever the target is.
static Verdict vm_read_self(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const Arguments anything = {.count = arguments->count, .words = arguments->words};
  return read_process(&anything, getpid(), (const void*)kHeldSecret);
}

static Verdict take_descriptor(const Arguments* arguments, pid_t pid, int fd) {
  const long pidfd = syscall(SYS_pidfd_open, pid, 0L);
  if (pidfd < 0) return of_result(-1, "pidfd_open");
  const long taken = syscall(kNrPidfdGetfd, (int)pidfd, fd, 0L);
  const int error = errno;
  close((int)pidfd);
  if (taken < 0) return refused(error, "pidfd_getfd: %s", strerror(error));
  if (arguments->needle == NULL) return succeeded("pidfd_getfd: took descriptor %d", fd);
  char bytes[4096];
  const ssize_t got = pread((int)taken, bytes, sizeof bytes, 0);
  if (got < 0) return judge_fd((int)taken, arguments, "pidfd_getfd");
  close((int)taken);
  return judge_bytes(bytes, (size_t)got, arguments, "pidfd_getfd");
}

static Verdict getfd(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  int fd = 0;
  if (!word_pid(arguments, 0, &pid) || !word_fd(arguments, 1, &fd)) return wrong_words();
  return take_descriptor(arguments, pid, fd);
}

static Verdict getfd_self(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const Arguments anything = {.count = arguments->count, .words = arguments->words};
  return take_descriptor(&anything, getpid(), 1);
}

static Verdict compare(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return wrong_words();
  return of_result(syscall(SYS_kcmp, getpid(), pid, (long)kKcmpFile, 0L, 0L), "kcmp");
}

static Verdict compare_self(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result(syscall(SYS_kcmp, getpid(), getpid(), (long)kKcmpFile, 0L, 1L), "kcmp");
}

static Verdict advise(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  unsigned long address = 0;
  if (!word_pid(arguments, 0, &pid) || !word_number(arguments, 1, &address)) return wrong_words();
  const long pidfd = syscall(SYS_pidfd_open, pid, 0L);
  if (pidfd < 0) return of_result(-1, "pidfd_open");
  const struct iovec there = {.iov_base = (void*)(address & ~4095UL), .iov_len = 4096};
  const Verdict verdict =
      of_result(syscall(kNrProcessMadvise, (int)pidfd, &there, 1L, (long)kMadvCold, 0L), "process_madvise");
  close((int)pidfd);
  return verdict;
}

static Verdict robust_list(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return wrong_words();
  void* head = NULL;
  size_t size = 0;
  return of_result(syscall(SYS_get_robust_list, pid, &head, &size), "get_robust_list");
}

static Verdict move_pages(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  unsigned long address = 0;
  if (!word_pid(arguments, 0, &pid) || !word_number(arguments, 1, &address)) return wrong_words();
  const void* pages[1] = {(void*)(address & ~4095UL)};
  int status[1] = {0};
  return of_result(syscall(SYS_move_pages, pid, 1L, pages, NULL, status, 0L), "move_pages");
}

static Verdict open_pidfd(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return wrong_words();
  return of_result(syscall(SYS_pidfd_open, pid, 0L), "pidfd_open");
}

static const Probe kProbes[] = {
    {"ptrace-attach", "PID", "PTRACE_ATTACH", attach, "", PTRACE_ATTACH},
    {"ptrace-seize", "PID", "PTRACE_SEIZE", attach, "", PTRACE_SEIZE},
    {"ptrace-peek", "PID ADDRESS", "read its memory word by word", peek, ""},
    {"ptrace-own-child", "", "trace a child of its own", trace_own_child, ""},
    {"vm-readv", "PID ADDRESS", "process_vm_readv", vm_read, ""},
    {"vm-writev", "PID ADDRESS", "process_vm_writev", vm_write, ""},
    {"vm-readv-self", "", "process_vm_readv of the probe itself", vm_read_self, ""},
    {"pidfd-open", "PID", "get a handle of the process", open_pidfd, ""},
    {"pidfd-getfd", "PID FD", "take one of its descriptors", getfd, ""},
    {"pidfd-getfd-self", "", "pidfd_getfd of the probe itself", getfd_self, ""},
    {"kcmp", "PID", "compare its descriptors with one's own", compare, ""},
    {"kcmp-self", "", "kcmp of the probe itself", compare_self, ""},
    {"process-madvise", "PID ADDRESS", "push its memory out", advise, ""},
    {"get-robust-list", "PID", "learn an address of its thread state", robust_list, ""},
    {"move-pages", "PID ADDRESS", "ask where its pages lie", move_pages, ""},
};
DEFINE_THEME(kThemes_ptrace, "ptrace", kProbes);
