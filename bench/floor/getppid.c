// What a cheap system call costs here, in ns: the least of seven runs of a million calls. Plain, and under a filter.
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  enum { kRuns = 7, kCalls = 1000000 };
  double least = 0;
  for (int run = 0; run < kRuns; ++run) {
    struct timespec begin;
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < kCalls; ++i) syscall(SYS_getppid);
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
    if (run == 0 || ns < least) least = ns;
  }
  printf("%.1f\n", least / kCalls);
  return 0;
}
