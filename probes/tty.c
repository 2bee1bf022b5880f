// The caller's terminal: typing into it, taking it over, or just holding it.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "probes/probe.h"

// The request as the kernel's entry point sees it: 64 bits, of which the driver only looks at 32.
static long raw_ioctl(int fd, unsigned long request, void* argument) {
  return syscall(SYS_ioctl, fd, request, argument);
}

static Verdict inject(const Arguments* arguments, const Probe* probe) {
  int fd = 0;
  if (arguments->count > 0 && !word_fd(arguments, 0, &fd)) return untried("FD must be a number");
  char typed = 'x';
  return of_result(raw_ioctl(fd, (unsigned long)probe->number, &typed), probe->name);
}

// On a virtual terminal, subcode 6 asks for the shift state: harmless, but only TIOCLINUX answers it. Subcodes 2 and 3
// select and paste.
static Verdict linux_console(const Arguments* arguments, const Probe* probe) {
  const int fd = arguments->count > 0 ? open(arguments->words[0], O_RDWR | O_NOCTTY | O_CLOEXEC) : 0;
  if (fd < 0) return refused(errno, "open %s: %s", arguments->words[0], strerror(errno));
  char subcode = 6;
  return of_result(raw_ioctl(fd, (unsigned long)probe->number, &subcode), probe->name);
}

static int lead_session_with(void* data) {
  return setsid() >= 0 && ioctl(*(const int*)data, TIOCSCTTY, 0) == 0 ? 0 : errno;
}

static Verdict take_terminal(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  int fd = open(arguments->words[0], O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return refused(errno, "open %s: %s", arguments->words[0], strerror(errno));
  const int error = run_in_child(lead_session_with, &fd);
  close(fd);
  if (error != 0) return refused(error, "TIOCSCTTY: %s", strerror(error));
  return succeeded("%s became the terminal of a session of the probe's", arguments->words[0]);
}

static Verdict open_terminal(const Arguments* arguments, const Probe* probe) {
  return judge_open(arguments->count > 0 ? arguments->words[0] : probe->text, O_RDWR);
}

// Is one of the standard streams, or the controlling terminal, the device FOLDER:MAJOR:MINOR of outside?
static Verdict same_terminal(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  const int streams[] = {0, 1, 2, tty};
  size_t terminals = 0;
  for (size_t at = 0; at < PROBE_COUNT(streams); ++at) {
    struct stat found;
    if (streams[at] < 0 || fstat(streams[at], &found) != 0 || !S_ISCHR(found.st_mode)) continue;
    if (!isatty(streams[at])) continue;
    ++terminals;
    char name[64];
    format_text(name, sizeof name, "%u:%u:%u", (unsigned)minor(found.st_dev), major(found.st_rdev),
                minor(found.st_rdev));
    if (strcmp(name, arguments->words[0]) == 0) return succeeded("stream %zu is the caller's terminal", at);
  }
  return absent("OTHER", "%zu terminals, none of them the caller's", terminals);
}

// Another reader of the caller's terminal steals what a person types.
static Verdict read_size(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  int waiting = 0;
  const int tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (tty < 0) return refused(errno, "open /dev/tty: %s", strerror(errno));
  return of_result(ioctl(tty, FIONREAD, &waiting), "the controlling terminal");
}

static const Probe kProbes[] = {
    {"tiocsti", "[FD]", "type into the terminal", inject, "", TIOCSTI},
    {"tiocsti-bit32", "[FD]", "the same with a request number that only the low 32 bits of fit", inject, "",
     (long)(TIOCSTI | (1UL << 32))},
    {"tiocsti-bit63", "[FD]", "the same with the highest bit set", inject, "", (long)(TIOCSTI | (1UL << 63))},
    {"tioclinux", "[DEVICE]", "paste into a virtual terminal", linux_console, "", TIOCLINUX},
    {"tioclinux-bit32", "[DEVICE]", "the same with bit 32 set", linux_console, "", (long)(TIOCLINUX | (1UL << 32))},
    {"tiocsctty", "DEVICE", "take a terminal as one's own", take_terminal, ""},
    {"tty-controlling", "", "open the controlling terminal", read_size, ""},
    {"tty-same", "DEVICE:MAJOR:MINOR", "hold the very terminal of the caller", same_terminal, ""},
    {"pts-open", "DEVICE", "open a terminal of outside by its path", open_terminal, ""},
};
DEFINE_THEME(kThemes_tty, "tty", kProbes);
