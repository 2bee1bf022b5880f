// What the attacks are aimed at: a process that holds a secret in every place that a process has.
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe.h"

char kHeldSecret[4096];
volatile char kScratch[4096];

enum { kNrMemfdSecret = 447, kRaceDescriptor = 50 };

// The value of `key=` among the words, or NULL.
static const char* option(const Arguments* arguments, const char* key) {
  const size_t length = strlen(key);
  for (int at = 0; at < arguments->count; ++at)
    if (strncmp(arguments->words[at], key, length) == 0 && arguments->words[at][length] == '=')
      return arguments->words[at] + length + 1;
  return NULL;
}

static bool flag(const Arguments* arguments, const char* name) {
  for (int at = 0; at < arguments->count; ++at)
    if (strcmp(arguments->words[at], name) == 0) return true;
  return false;
}

static int failed(const char* what) {
  fprintf(stderr, "confide-probe: %s: %s\n", what, strerror(errno));
  return kExitUntried;
}

// Fills kHeldSecret from env=NAME, fd=N or file=PATH. Its length, or 0.
static size_t take_secret(const Arguments* arguments) {
  const char* name = option(arguments, "env");
  const char* number = option(arguments, "fd");
  const char* path = option(arguments, "file");
  if (name != NULL) {
    const char* value = getenv(name);
    if (value != NULL) snprintf(kHeldSecret, sizeof kHeldSecret, "%s", value);
  } else if (number != NULL || path != NULL) {
    const int fd = number != NULL ? atoi(number) : open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : pread(fd, kHeldSecret, sizeof kHeldSecret - 1, 0);
    if (got < 0) kHeldSecret[0] = 0;
  }
  return strlen(kHeldSecret);
}

static int secret_memfd(size_t size) {
  const int fd = memfd_create("victim", MFD_CLOEXEC);
  if (fd < 0 || write(fd, kHeldSecret, size) != (ssize_t)size) return -1;
  return fd;
}

typedef struct {
  int fd;
  void* page;
} SecretPage;

static SecretPage make_secret_page(size_t size) {
  SecretPage made = {.fd = (int)syscall(kNrMemfdSecret, 0L), .page = NULL};
  if (made.fd < 0 || ftruncate(made.fd, 4096) != 0) return made;
  void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, made.fd, 0);
  if (page == MAP_FAILED) return made;
  memcpy(page, kHeldSecret, size);
  made.page = page;
  return made;
}

static bool make_sysv(const char* word, size_t size) {
  const key_t key = (key_t)strtol(word, NULL, 0);
  const int memory = shmget(key, 4096, IPC_CREAT | 0600);
  char* bytes = memory < 0 ? (char*)-1 : shmat(memory, NULL, 0);
  if (bytes == (char*)-1) return false;
  memcpy(bytes, kHeldSecret, size);
  return semget(key, 1, IPC_CREAT | 0600) >= 0 && msgget(key, IPC_CREAT | 0600) >= 0;
}

static void remove_sysv(const char* word) {
  const key_t key = (key_t)strtol(word, NULL, 0);
  (void)shmctl(shmget(key, 0, 0), IPC_RMID, NULL);
  (void)semctl(semget(key, 0, 0), 0, IPC_RMID);
  (void)msgctl(msgget(key, 0), IPC_RMID, NULL);
}

static bool make_posix(const char* name, size_t size) {
  char path[128];
  const int memory = shm_open(name, O_RDWR | O_CREAT, 0600);
  if (memory < 0 || write(memory, kHeldSecret, size) != (ssize_t)size) return false;
  format_text(path, sizeof path, "/dev/shm/sem.%s", name + 1);
  const int semaphore = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 16};
  return semaphore >= 0 && mq_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600, &attributes) != (mqd_t)-1;
}

static void remove_posix(const char* name) {
  char path[128];
  format_text(path, sizeof path, "/dev/shm/sem.%s", name + 1);
  (void)shm_unlink(name);
  (void)unlink(path);
  (void)mq_unlink(name);
}

// Until standard input ends, or `seconds=` are over.
static void wait_for_end(const Arguments* arguments) {
  const char* seconds = option(arguments, "seconds");
  if (seconds != NULL) {
    sleep_ms(strtol(seconds, NULL, 10) * 1000);
    return;
  }
  char byte = 0;
  for (;;) {
    const ssize_t got = read(0, &byte, 1);
    if (got == 0 || (got < 0 && errno != EINTR)) return;
  }
}

// Options: comm=NAME, sysv=KEY, posix=/NAME, seconds=N, undumpable.
int tool_victim(const Arguments* arguments) {
  const size_t size = take_secret(arguments);
  if (size == 0) return failed("victim: no secret given");
  const char* sysv = option(arguments, "sysv");
  const char* posix = option(arguments, "posix");
  const char* name = option(arguments, "comm");
  if (name != NULL) (void)prctl(PR_SET_NAME, name, 0, 0, 0);
  if (sysv != NULL && !make_sysv(sysv, size)) return failed("victim: System V objects");
  if (posix != NULL && !make_posix(posix, size)) return failed("victim: POSIX objects");

  char* heap = malloc(4096);
  int unread[2];
  const int memfd = secret_memfd(size);
  if (heap == NULL || memfd < 0 || pipe2(unread, O_CLOEXEC) != 0) return failed("victim: places for the secret");
  memcpy(heap, kHeldSecret, size + 1);
  if (write(unread[1], kHeldSecret, size) != (ssize_t)size) return failed("victim: the pipe");
  const SecretPage page = make_secret_page(size);
  if (flag(arguments, "undumpable")) (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

  printf(
      "{\"pid\":%d,\"heap\":\"%p\",\"held\":\"%p\",\"scratch\":\"%p\",\"memfd\":%d,\"pipe\":%d,"
      "\"secret_fd\":%d,\"secret_page\":\"%p\"}\n",
      getpid(), (void*)heap, (void*)kHeldSecret, (void*)(uintptr_t)kScratch, memfd, unread[0], page.fd, page.page);
  fflush(stdout);
  wait_for_end(arguments);
  if (sysv != NULL) remove_sysv(sysv);
  if (posix != NULL) remove_posix(posix);
  return 0;
}

int tool_dwell(const Arguments* arguments) {
  const size_t size = take_secret(arguments);
  if (size == 0) return failed("dwell: no secret given");
  if (fcntl(kRaceDescriptor, F_GETFD) < 0) {
    const int memfd = secret_memfd(size);
    if (memfd < 0 || dup2(memfd, kRaceDescriptor) < 0) return failed("dwell: a memfd");
    close(memfd);
  }
  char byte = 0;
  ssize_t got = -1;
  while ((got = read(0, &byte, 1)) < 0 && errno == EINTR) {
  }
  if (got <= 0) return 0;
  char program[] = "confide-probe";
  char name[] = "dwell";
  char* words[] = {program, name, arguments->words[0], NULL};
  execv("/proc/self/exe", words);
  return failed("dwell: execve");
}
