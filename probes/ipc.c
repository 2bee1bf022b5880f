// System V and POSIX objects, named by key or name.
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/probe.h"

static bool word_key(const Arguments* arguments, key_t* key) {
  unsigned long number = 0;
  if (!word_number(arguments, 0, &number) || number > INT32_MAX) return false;
  *key = (key_t)number;
  return true;
}

static Verdict no_key(void) { return untried("KEY must be a number"); }

static Verdict sysv_memory(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  key_t key = 0;
  if (!word_key(arguments, &key)) return no_key();
  const int id = shmget(key, 0, 0);
  if (id < 0) return of_result(-1, "shmget");
  const void* bytes = shmat(id, NULL, SHM_RDONLY);
  if (bytes == (void*)-1) return of_result(-1, "shmat");
  return judge_bytes(bytes, 4096, arguments, "shared memory");
}

static Verdict sysv_semaphore(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  key_t key = 0;
  if (!word_key(arguments, &key)) return no_key();
  const int id = semget(key, 1, 0);
  if (id < 0) return of_result(-1, "semget");
  return of_result(semctl(id, 0, GETVAL), "semctl");
}

static Verdict sysv_queue(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  key_t key = 0;
  if (!word_key(arguments, &key)) return no_key();
  const int id = msgget(key, 0);
  if (id < 0) return of_result(-1, "msgget");
  struct msqid_ds state;
  return of_result(msgctl(id, IPC_STAT, &state), "msgctl");
}

// The kernel's own list of every segment, whatever its key.
static Verdict sysv_list(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  FILE* list = fopen(probe->text, "re");
  if (list == NULL) return refused(errno, "open %s: %s", probe->text, strerror(errno));
  char line[512];
  size_t lines = 0;
  while (fgets(line, sizeof line, list) != NULL) ++lines;
  fclose(list);
  if (lines <= 1) return absent("EMPTY", "%s lists nothing", probe->text);
  return succeeded("%s lists %zu objects", probe->text, lines - 1);
}

static Verdict posix_memory(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const int fd = shm_open(arguments->words[0], O_RDONLY, 0);
  if (fd < 0) return of_result(-1, "shm_open");
  return judge_fd(fd, arguments, "POSIX shared memory");
}

static Verdict posix_queue(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const mqd_t queue = mq_open(arguments->words[0], O_RDWR | O_CLOEXEC);
  return of_result(queue == (mqd_t)-1 ? -1 : 0, "mq_open");
}

static Verdict posix_semaphore(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  char path[128];
  format_text(path, sizeof path, "/dev/shm/sem.%s", arguments->words[0]);
  return judge_open(path, O_RDWR);
}

static const Probe kProbes[] = {
    {"sysv-shm", "KEY", "read a System V memory segment", sysv_memory, ""},
    {"sysv-sem", "KEY", "use a System V semaphore", sysv_semaphore, ""},
    {"sysv-msg", "KEY", "look into a System V queue", sysv_queue, ""},
    {"sysv-list", "", "list the System V memory of everyone", sysv_list, "/proc/sysvipc/shm"},
    {"posix-shm", "NAME", "read a POSIX memory object", posix_memory, ""},
    {"posix-mq", "NAME", "open a POSIX queue", posix_queue, ""},
    {"posix-sem", "NAME", "open a POSIX semaphore", posix_semaphore, ""},
};
DEFINE_THEME(kThemes_ipc, "ipc", kProbes);
