// io_uring does file work that no system call filter sees.
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe.h"

enum { kNrSetup = 425, kNrEnter = 426, kNrRegister = 427 };

static Verdict setup(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  struct io_uring_params parameters = {0};
  return of_result(syscall(kNrSetup, 4L, &parameters), "io_uring_setup");
}

typedef struct {
  int fd;
  char* submissions;
  char* completions;
  struct io_uring_sqe* entries;
  struct io_uring_params parameters;
} Ring;

static bool make_ring(Ring* ring) {
  memset(ring, 0, sizeof *ring);
  ring->fd = (int)syscall(kNrSetup, 4L, &ring->parameters);
  if (ring->fd < 0) return false;
  const struct io_uring_params* p = &ring->parameters;
  const size_t sq_size = p->sq_off.array + p->sq_entries * sizeof(unsigned);
  const size_t cq_size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
  ring->submissions = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, (off_t)IORING_OFF_SQ_RING);
  ring->completions = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, (off_t)IORING_OFF_CQ_RING);
  ring->entries = mmap(NULL, p->sq_entries * sizeof *ring->entries, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
                       (off_t)IORING_OFF_SQES);
  return ring->submissions != MAP_FAILED && ring->completions != MAP_FAILED && (void*)ring->entries != MAP_FAILED;
}

// The result of one request, or -errno.
static int submit(Ring* ring, const struct io_uring_sqe* request) {
  const struct io_uring_params* p = &ring->parameters;
  ring->entries[0] = *request;
  *(unsigned*)(void*)(ring->submissions + p->sq_off.array) = 0;
  atomic_store((_Atomic unsigned*)(void*)(ring->submissions + p->sq_off.tail), 1);
  if (syscall(kNrEnter, ring->fd, 1L, 1L, (long)IORING_ENTER_GETEVENTS, NULL, 0L) < 0) return -errno;
  return ((const struct io_uring_cqe*)(const void*)(ring->completions + p->cq_off.cqes))->res;
}

static Verdict open_by_ring(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  Ring ring;
  if (!make_ring(&ring)) return of_result(-1, "io_uring_setup");
  const struct io_uring_sqe request = {.opcode = IORING_OP_OPENAT,
                                       .fd = AT_FDCWD,
                                       .addr = (uint64_t)(uintptr_t)arguments->words[0],
                                       .open_flags = O_RDONLY | O_CLOEXEC};
  const int fd = submit(&ring, &request);
  if (fd < 0) return refused(-fd, "IORING_OP_OPENAT: %s", strerror(-fd));
  return judge_fd(fd, arguments, "IORING_OP_OPENAT");
}

static const Probe kProbes[] = {
    {"io-uring-setup", "", "make a ring", setup, ""},
    {"io-uring-openat", "PATH", "read a file by a ring", open_by_ring, ""},
};
DEFINE_THEME(kThemes_iouring, "iouring", kProbes);
