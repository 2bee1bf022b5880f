// A masked file: taken from under its mask.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe.h"

enum { kNoReplace = 1, kExchange = 2 };

static void beside(char* out, size_t size, const char* path) { format_text(out, size, "%s.probe", path); }

// Moves the file to another name and reads it there; puts it back.
static Verdict move_away(const Arguments* arguments, const Probe* probe) {
  char other[512];
  beside(other, sizeof other, arguments->words[0]);
  if (syscall(SYS_renameat2, AT_FDCWD, arguments->words[0], AT_FDCWD, other, probe->number) != 0)
    return of_result(-1, "renameat2");
  const Verdict verdict = judge_path(other, arguments);
  (void)rename(other, arguments->words[0]);
  return verdict;
}

static Verdict exchange(const Arguments* arguments, const Probe* probe) {
  char other[512];
  beside(other, sizeof other, arguments->words[0]);
  const int fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return of_result(-1, "a file beside it");
  close(fd);
  const Verdict verdict = move_away(arguments, probe);
  (void)unlink(other);
  return verdict;
}

static Verdict second_name(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  char other[512];
  beside(other, sizeof other, arguments->words[0]);
  if (link(arguments->words[0], other) != 0) return of_result(-1, "link");
  const Verdict verdict = judge_path(other, arguments);
  (void)unlink(other);
  return verdict;
}

static Verdict take_away(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return of_result(unlink(arguments->words[0]), "unlink");
}

static Verdict replace(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  char other[512];
  beside(other, sizeof other, arguments->words[0]);
  const int fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return of_result(-1, "a file beside it");
  close(fd);
  const int result = rename(other, arguments->words[0]);
  const int error = errno;
  (void)unlink(other);
  errno = error;
  return of_result(result, "rename onto it");
}

static Verdict overwrite(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const int fd = open(arguments->words[0], O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return of_result(-1, "open for writing");
  const ssize_t put = write(fd, "probed\n", 7);
  const int error = errno;
  close(fd);
  return put < 0 ? refused(error, "write: %s", strerror(error)) : succeeded("overwritten");
}

// Moves the folder that holds the file, and looks beneath its new name.
static Verdict move_folder(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  char other[512];
  char path[768];
  beside(other, sizeof other, arguments->words[0]);
  if (rename(arguments->words[0], other) != 0) return of_result(-1, "rename of the folder");
  format_text(path, sizeof path, "%s/%s", other, arguments->words[1]);
  const Verdict verdict = judge_path(path, arguments);
  (void)rename(other, arguments->words[0]);
  return verdict;
}

static const Probe kProbes[] = {
    {"mask-rename", "PATH", "read it under another name", move_away, "", kNoReplace},
    {"mask-exchange", "PATH", "swap it with another file", exchange, "", kExchange},
    {"mask-link", "PATH", "give it a second name", second_name, ""},
    {"mask-unlink", "PATH", "remove it", take_away, ""},
    {"mask-replace", "PATH", "put another file in its place", replace, ""},
    {"mask-overwrite", "PATH", "overwrite it", overwrite, ""},
    {"mask-folder-rename", "FOLDER NAME", "move the folder that it lies in", move_folder, ""},
};
DEFINE_THEME(kThemes_masks, "masks", kProbes);
