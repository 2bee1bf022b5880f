// The words of the command line as numbers, and texts of a fixed size.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "probes/probe.h"

bool word_number(const Arguments* arguments, int index, unsigned long* number) {
  if (index >= arguments->count) return false;
  const char* word = arguments->words[index];
  if (word[0] < '0' || word[0] > '9') return false;
  char* end = NULL;
  errno = 0;
  *number = strtoul(word, &end, 0);
  return errno == 0 && *end == 0;
}

bool word_pid(const Arguments* arguments, int index, pid_t* pid) {
  unsigned long number = 0;
  if (!word_number(arguments, index, &number) || number == 0 || number > INT_MAX) return false;
  *pid = (pid_t)number;
  return true;
}

bool word_fd(const Arguments* arguments, int index, int* fd) {
  unsigned long number = 0;
  if (!word_number(arguments, index, &number) || number > INT_MAX) return false;
  *fd = (int)number;
  return true;
}

void format_text(char* out, size_t size, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(out, size, format, arguments);
  va_end(arguments);
  if (length >= 0 && (size_t)length < size) return;
  fputs("confide-probe: a word is too long\n", stderr);
  exit(kExitUntried);
}
