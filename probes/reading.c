// Reading something and judging what it holds.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/probe.h"

bool contains(const void* haystack, size_t size, const Arguments* arguments) {
  return memmem(haystack, size, arguments->needle, arguments->needle_size) != NULL;
}

Verdict judge_bytes(const void* bytes, size_t size, const Arguments* arguments, const char* what) {
  if (size == 0) return absent("EMPTY", "%s: nothing to read", what);
  if (arguments->needle == NULL) return succeeded("%s: %zu bytes", what, size);
  if (contains(bytes, size, arguments)) return succeeded("%s: the secret is among %zu bytes", what, size);
  return absent("OTHER", "%s: %zu bytes without the secret", what, size);
}

Verdict judge_fd(int fd, const Arguments* arguments, const char* what) {
  enum { kChunk = 1 << 16, kMost = 64 << 20 };
  char* buffer = malloc(2 * kChunk);
  if (buffer == NULL) return untried("no memory");
  size_t total = 0;
  size_t kept = 0;  // the tail of the chunk before, so that a needle across two chunks is found
  bool found = false;
  int error = 0;
  while (total < kMost && !found) {
    const ssize_t got = read(fd, buffer + kept, kChunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    total += (size_t)got;
    const size_t have = kept + (size_t)got;
    if (arguments->needle == NULL) break;
    found = contains(buffer, have, arguments);
    kept = have < arguments->needle_size ? have : arguments->needle_size - 1;
    memmove(buffer, buffer + have - kept, kept);
  }
  free(buffer);
  close(fd);
  if (found) return succeeded("%s: the secret is within %zu bytes", what, total);
  if (error != 0 && total == 0) return refused(error, "%s: read: %s", what, strerror(error));
  if (total == 0) return absent("EMPTY", "%s: nothing to read", what);
  if (arguments->needle == NULL) return succeeded("%s: at least %zu bytes", what, total);
  return absent("OTHER", "%s: %zu bytes without the secret", what, total);
}

Verdict judge_path(const char* path, const Arguments* arguments) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return refused(errno, "open %s: %s", path, strerror(errno));
  return judge_fd(fd, arguments, path);
}

Verdict judge_open(const char* path, int flags) {
  const int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return refused(errno, "open %s: %s", path, strerror(errno));
  close(fd);
  return succeeded("open %s", path);
}
