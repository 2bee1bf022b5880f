// Taking all there is. Each stops at the amount that it was given.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict fork_many(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  enum { kMost = 4096 };
  static pid_t children[kMost];
  unsigned long wanted = 0;
  if (!word_number(arguments, 0, &wanted) || wanted > kMost) return untried("COUNT must be a number up to %d", kMost);
  unsigned long made = 0;
  int error = 0;
  for (; made < wanted; ++made) {
    children[made] = fork();
    if (children[made] == 0) {
      for (;;) pause();
    }
    if (children[made] < 0) {
      error = errno;
      break;
    }
  }
  for (unsigned long at = 0; at < made; ++at) (void)kill(children[at], SIGKILL);
  for (unsigned long at = 0; at < made; ++at) (void)waitpid(children[at], NULL, 0);
  if (error != 0) return refused(error, "fork %lu: %s", made, strerror(error));
  return succeeded("%lu processes at once", made);
}

static Verdict fill_memory(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long mib = 0;
  if (!word_number(arguments, 0, &mib)) return untried("MIB must be a number");
  const size_t size = (size_t)mib << 20;
  char* bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (bytes == MAP_FAILED) return of_result(-1, "mmap");
  for (size_t at = 0; at < size; at += 4096) bytes[at] = 1;
  return succeeded("%lu MiB of memory", mib);
}

static Verdict open_many(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long wanted = 0;
  if (!word_number(arguments, 0, &wanted)) return untried("COUNT must be a number");
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
  }
  for (unsigned long made = 0; made < wanted; ++made)
    if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) return refused(errno, "descriptor %lu: %s", made, strerror(errno));
  return succeeded("%lu descriptors at once", wanted);
}

static Verdict fill_folder(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long mib = 0;
  char path[512];
  static char chunk[1 << 20];
  if (!word_number(arguments, 1, &mib)) return untried("MIB must be a number");
  format_text(path, sizeof path, "%s/confide-probe-fill", arguments->words[0]);
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return refused(errno, "create %s: %s", path, strerror(errno));
  (void)unlink(path);
  for (unsigned long at = 0; at < mib; ++at) {
    const ssize_t put = write(fd, chunk, sizeof chunk);
    if (put < 0) return refused(errno, "after %lu MiB: %s", at, strerror(errno));
  }
  return succeeded("%lu MiB in %s", mib, arguments->words[0]);
}

static Verdict lock_memory(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long mib = 0;
  if (!word_number(arguments, 0, &mib)) return untried("MIB must be a number");
  void* bytes = mmap(NULL, (size_t)mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED) return of_result(-1, "mmap");
  return of_result(mlock(bytes, (size_t)mib << 20), "mlock");
}

static Verdict spin(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long seconds = 0;
  if (!word_number(arguments, 0, &seconds)) return untried("SECONDS must be a number");
  sleep_ms((long)seconds * 1000);
  return succeeded("still here after %lu s", seconds);
}

static const Probe kProbes[] = {
    {"fork-many", "COUNT", "many processes at once", fork_many, ""},
    {"memory-fill", "MIB", "much memory", fill_memory, "", 0, kMayKill},
    {"memory-lock", "MIB", "memory that cannot be swapped", lock_memory, ""},
    {"fds-many", "COUNT", "many descriptors at once", open_many, ""},
    {"folder-fill", "FOLDER MIB", "a full file system", fill_folder, ""},
    {"outlive-limit", "SECONDS", "run longer than allowed", spin, ""},
};
DEFINE_THEME(kThemes_resources, "resources", kProbes);
