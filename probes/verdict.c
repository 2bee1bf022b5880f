// What came of an attempt, in words that a test can compare.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "probes/probe.h"

const char* errno_name(int errnum) {
  const char* name = errnum == 0 ? "" : strerrorname_np(errnum);
  return name != NULL ? name : "UNKNOWN";
}

const char* signal_name(int signal_number) {
  static char text[24];
  const char* name = sigabbrev_np(signal_number);
  snprintf(text, sizeof text, "SIG%s", name != NULL ? name : "UNKNOWN");
  return text;
}

static void describe(Verdict* verdict, const char* format, va_list arguments) __attribute__((format(printf, 2, 0)));
static void describe(Verdict* verdict, const char* format, va_list arguments) {
  (void)vsnprintf(verdict->detail, sizeof verdict->detail, format, arguments);
}

static bool means_absent(int errnum) {
  static const int kAbsentNumbers[] = {ENOENT,       ESRCH,        ENXIO,  ENODEV,        ENOTDIR,
                                       EBADF,        ECONNREFUSED, ENOTTY, EADDRNOTAVAIL, ENETUNREACH,
                                       EHOSTUNREACH, EIDRM,        ENOKEY, ENOMSG,        ESTALE};
  for (size_t at = 0; at < sizeof kAbsentNumbers / sizeof kAbsentNumbers[0]; ++at)
    if (kAbsentNumbers[at] == errnum) return true;
  return false;
}

Verdict succeeded(const char* format, ...) {
  Verdict verdict = {.outcome = kSucceeded, .reason = ""};
  va_list arguments;
  va_start(arguments, format);
  describe(&verdict, format, arguments);
  va_end(arguments);
  return verdict;
}

Verdict refused(int errnum, const char* format, ...) {
  Verdict verdict = {.outcome = means_absent(errnum) ? kAbsent : kDenied, .reason = errno_name(errnum)};
  va_list arguments;
  va_start(arguments, format);
  describe(&verdict, format, arguments);
  va_end(arguments);
  return verdict;
}

Verdict absent(const char* reason, const char* format, ...) {
  Verdict verdict = {.outcome = kAbsent, .reason = reason};
  va_list arguments;
  va_start(arguments, format);
  describe(&verdict, format, arguments);
  va_end(arguments);
  return verdict;
}

Verdict untried(const char* format, ...) {
  Verdict verdict = {.outcome = kUntried, .reason = ""};
  va_list arguments;
  va_start(arguments, format);
  describe(&verdict, format, arguments);
  va_end(arguments);
  return verdict;
}

Verdict of_result(long result, const char* what) { return of_result_or(result, 0, what); }

Verdict of_result_or(long result, int through, const char* what) {
  const int errnum = errno;
  if (result != -1) return succeeded("%s", what);
  if (through != 0 && errnum == through)
    return succeeded("%s: %s, which lies behind the checks", what, errno_name(errnum));
  return refused(errnum, "%s: %s", what, strerror(errnum));
}
