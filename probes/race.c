// race CHANNEL CONFINEMENT ROUNDS -- COMMAND…: a reader spins over the newest pids while COMMAND starts, re-executes
// (at each byte that it reads, as `dwell` does) and ends. The reader is made first and confines itself; the commands
// are no descendants of its, so that nothing but its own confinement stands between them.
//
// Prints one line of JSON: for each phase how often it tried, how often the kernel gave it access ("opened"), and how
// often the secret was in what it read ("hits"). Exit status: 0 where anything was opened, 10 where not, 20 where
// the race was none (nothing tried, or a command failed).
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probes/probe.h"

enum { kPhases = 3, kWindow = 40, kExecs = 3, kNrPidfdGetfd = 438 };
static const char* const kPhaseNames[kPhases] = {"start", "exec", "exit"};
// The descriptors that are tried: where programs keep what they opened first, and dwell's memfd.
static const int kDescriptors[] = {0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 50};

typedef struct {
  atomic_long tries, opened, hits;
} Count;

typedef struct {
  atomic_int ready;  // 1: the reader stands, 2: it could not confine itself
  atomic_int stop;
  atomic_int phase;
  atomic_int newest;  // the pid of the command of this round
  Count counts[kPhases];
} Board;

typedef enum { kNothing, kOpened, kHit } Catch;

static Catch caught(const void* bytes, ssize_t size, const Arguments* arguments) {
  return size > 0 && contains(bytes, (size_t)size, arguments) ? kHit : kOpened;
}

static Catch read_fd(int fd, const Arguments* arguments) {
  static char bytes[1 << 16];
  const ssize_t got = pread(fd, bytes, sizeof bytes, 0);
  close(fd);
  return caught(bytes, got, arguments);
}

// Having a pipe or a socket open is enough: what is read from it is missing where it belongs, which stops the race, or
// something else of this machine.
static Catch judge_descriptor(int fd, const Arguments* arguments) {
  struct stat at;
  if (fstat(fd, &at) == 0 && S_ISREG(at.st_mode)) return read_fd(fd, arguments);
  close(fd);
  return kOpened;
}

static Catch try_environ(pid_t pid, const Arguments* arguments) {
  char path[64];
  format_text(path, sizeof path, "/proc/%d/environ", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? kNothing : read_fd(fd, arguments);
}

static Catch try_mem(pid_t pid, const Arguments* arguments) {
  char path[64];
  format_text(path, sizeof path, "/proc/%d/mem", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return kNothing;
  char bytes[sizeof kHeldSecret];
  const ssize_t got = pread(fd, bytes, sizeof bytes, (off_t)(uintptr_t)kHeldSecret);
  close(fd);
  return caught(bytes, got, arguments);
}

static Catch try_fd(pid_t pid, const Arguments* arguments) {
  Catch best = kNothing;
  char path[64];
  format_text(path, sizeof path, "/proc/%d/fd", pid);
  const int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return kNothing;
  int error = ENOENT;
  for (size_t at = 0; at < PROBE_COUNT(kDescriptors) && best != kHit; ++at) {
    format_text(path, sizeof path, "%d", kDescriptors[at]);
    const int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
      if (errno != ENOENT) error = errno;
      continue;
    }
    const Catch one = judge_descriptor(fd, arguments);
    if (one > best) best = one;
  }
  close(folder);
  errno = error;
  return best;
}

// Lets go of every process that has stopped by now.
static void release_stopped(void) {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0;)
    if (WIFSTOPPED(status)) (void)syscall(SYS_ptrace, (long)PTRACE_DETACH, pid, 0L, 0L);
}

// A process in the middle of clone or exec stops late; it is not waited for, but let go of in a later round.
static bool stopped_soon(pid_t pid, int* status) {
  for (int tries = 0; tries < 200; ++tries) {
    const pid_t got = waitpid(pid, status, __WALL | WNOHANG);
    if (got != 0) return got == pid && WIFSTOPPED(*status);
    const struct timespec some = {.tv_nsec = 10000};
    (void)nanosleep(&some, NULL);
  }
  return false;
}

static Catch try_ptrace(pid_t pid, const Arguments* arguments) {
  if (syscall(SYS_ptrace, (long)PTRACE_SEIZE, pid, 0L, 0L) != 0) return kNothing;
  (void)syscall(SYS_ptrace, (long)PTRACE_INTERRUPT, pid, 0L, 0L);
  int status = 0;
  if (!stopped_soon(pid, &status)) return kOpened;
  long words[64] = {0};
  ssize_t got = 0;
  for (size_t at = 0; at < PROBE_COUNT(words); ++at, got += (ssize_t)sizeof words[0])
    if (syscall(SYS_ptrace, (long)PTRACE_PEEKDATA, pid, (uintptr_t)kHeldSecret + at * sizeof words[0], &words[at]) != 0)
      break;
  (void)syscall(SYS_ptrace, (long)PTRACE_DETACH, pid, 0L, 0L);
  return caught(words, got, arguments);
}

// EFAULT comes behind the permission check: the memory was open, only the address was not there yet.
static Catch try_vm_readv(pid_t pid, const Arguments* arguments) {
  char bytes[sizeof kHeldSecret];
  const struct iovec here = {.iov_base = bytes, .iov_len = sizeof bytes};
  const struct iovec there = {.iov_base = kHeldSecret, .iov_len = sizeof bytes};
  const long got = syscall(SYS_process_vm_readv, pid, &here, 1L, &there, 1L, 0L);
  if (got < 0) return errno == EFAULT ? kOpened : kNothing;
  return caught(bytes, got, arguments);
}

static Catch try_getfd(pid_t pid, const Arguments* arguments) {
  const long pidfd = syscall(SYS_pidfd_open, pid, 0L);
  if (pidfd < 0) return kNothing;
  Catch best = kNothing;
  for (size_t at = 0; at < PROBE_COUNT(kDescriptors) && best != kHit; ++at) {
    const long taken = syscall(kNrPidfdGetfd, (int)pidfd, kDescriptors[at], 0L);
    if (taken < 0) continue;
    const Catch one = judge_descriptor((int)taken, arguments);
    if (one > best) best = one;
  }
  close((int)pidfd);
  return best;
}

typedef struct {
  const char* name;
  Catch (*attempt)(pid_t pid, const Arguments* arguments);
} Channel;

static const Channel kChannels[] = {{"environ", try_environ}, {"mem", try_mem},           {"fd", try_fd},
                                    {"ptrace", try_ptrace},   {"vm-readv", try_vm_readv}, {"pidfd-getfd", try_getfd}};

static void read_until_stopped(Board* board, const Channel* channel, const Arguments* arguments) {
  while (atomic_load(&board->stop) == 0) {
    const pid_t newest = atomic_load(&board->newest);
    if (newest == 0) continue;
    release_stopped();
    for (pid_t pid = newest; pid < newest + kWindow && atomic_load(&board->newest) == newest; ++pid) {
      Count* count = &board->counts[atomic_load(&board->phase)];
      const Catch got = channel->attempt(pid, arguments);
      // Only a pid that exists was tried at all.
      if (got == kNothing && (errno == ENOENT || errno == ESRCH)) continue;
      atomic_fetch_add(&count->tries, 1);
      if (got != kNothing) atomic_fetch_add(&count->opened, 1);
      if (got == kHit) atomic_fetch_add(&count->hits, 1);
    }
  }
}

static void pause_up_to_us(unsigned* seed, long most) {
  const struct timespec some = {.tv_nsec = (rand_r(seed) % most) * 1000};
  (void)nanosleep(&some, NULL);
}

// One life of the command; its exit status, or -1.
static int one_round(Board* board, char** command, unsigned* seed) {
  int feed[2];
  if (pipe2(feed, O_CLOEXEC) != 0) return -1;
  atomic_store(&board->phase, 0);
  const pid_t child = fork();
  if (child == 0) {
    atomic_store(&board->newest, getpid());
    const int null = open("/dev/null", O_WRONLY);
    if (null < 0 || dup2(feed[0], 0) < 0 || dup2(null, 1) < 0) _exit(kExitUntried);
    execvp(command[0], command);
    _exit(kExitUntried);
  }
  close(feed[0]);
  pause_up_to_us(seed, 12000);
  atomic_store(&board->phase, 1);
  bool fed = child > 0;
  for (int at = 0; at < kExecs && fed; ++at) {
    fed = write(feed[1], "x", 1) == 1;
    pause_up_to_us(seed, 3000);
  }
  atomic_store(&board->phase, 2);
  close(feed[1]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  pause_up_to_us(seed, 500);
  return fed && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int summary(const Board* board, const char* channel, unsigned long rounds, unsigned long failures) {
  long tries = 0;
  long opened = 0;
  printf("{\"race\":\"%s\",\"rounds\":%lu,\"failures\":%lu,\"phases\":{", channel, rounds, failures);
  for (size_t at = 0; at < kPhases; ++at) {
    const Count* count = &board->counts[at];
    printf("%s\"%s\":{\"tries\":%ld,\"opened\":%ld,\"hits\":%ld}", at == 0 ? "" : ",", kPhaseNames[at], count->tries,
           count->opened, count->hits);
    tries += count->tries;
    opened += count->opened;
  }
  puts("}}");
  if (tries == 0 || failures > 0) return kExitUntried;
  return opened > 0 ? kExitSucceeded : kExitRefused;
}

int tool_race(const Arguments* arguments) {
  unsigned long rounds = 0;
  const Channel* channel = NULL;
  for (size_t at = 0; at < PROBE_COUNT(kChannels) && arguments->count > 4; ++at)
    if (strcmp(kChannels[at].name, arguments->words[0]) == 0) channel = &kChannels[at];
  if (channel == NULL || arguments->needle == NULL || !word_number(arguments, 2, &rounds) ||
      strcmp(arguments->words[3], "--") != 0) {
    fputs(
        "usage: confide-probe --needle-hex HEX race environ|mem|fd|ptrace|vm-readv|pidfd-getfd "
        "none|landlock|userns ROUNDS -- COMMAND...\n",
        stderr);
    return kExitUntried;
  }
  Board* board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if ((void*)board == MAP_FAILED) return kExitUntried;
  const pid_t reader = fork();
  if (reader == 0) {
    const int error = confine(arguments->words[1]);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    atomic_store(&board->ready, error == 0 ? 1 : 2);
    if (error == 0) read_until_stopped(board, channel, arguments);
    _exit(0);
  }
  if (reader < 0) return kExitUntried;
  // From here on the needle is the reader's only; what the command gets, it gets from its own command line's words.
  explicit_bzero((void*)(uintptr_t)arguments->needle, arguments->needle_size);
  while (atomic_load(&board->ready) == 0) sleep_ms(1);
  (void)signal(SIGPIPE, SIG_IGN);
  unsigned seed = 1;
  unsigned long failures = atomic_load(&board->ready) == 1 ? 0 : 1;
  for (unsigned long round = 0; round < rounds && atomic_load(&board->ready) == 1; ++round)
    if (one_round(board, arguments->words + 4, &seed) != 0) ++failures;
  atomic_store(&board->stop, 1);
  (void)waitpid(reader, NULL, 0);
  return summary(board, channel->name, rounds, failures);
}
