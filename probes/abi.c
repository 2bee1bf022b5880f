// Doors beside the native system call table.
#include <errno.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe.h"

#if defined(__x86_64__)
static long call_i386(long number) {
  long result = 0;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(0L), "c"(0L), "d"(0L)
                   : "memory", "r8", "r9", "r10", "r11");
  return result;
}
enum { kX32Bit = 0x40000000 };
#else
static long call_i386(long number) {
  (void)number;
  return -ENOSYS;
}
enum { kX32Bit = 0 };
#endif

static Verdict i386_call(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  const long result = call_i386(probe->number);
  if (result < 0 && result > -4096) return refused((int)-result, "int 0x80: %s", strerror((int)-result));
  return succeeded("int 0x80 answered %ld", result);
}

static Verdict x32_call(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return of_result(syscall(probe->number | kX32Bit), "an x32 call");
}

static Verdict set_personality(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return of_result(personality((unsigned long)probe->number), probe->name);
}

// Numbers that no table knows must be refused too, not passed on to a newer kernel.
static Verdict unknown_call(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long number = 0;
  if (!word_number(arguments, 0, &number)) return untried("NUMBER must be a number");
  return of_result_or(syscall((long)number, -1L, -1L, -1L, -1L, -1L, -1L), EFAULT, "the call");
}

static const Probe kProbes[] = {
    {"i386-getpid", "", "a system call by int 0x80", i386_call, "", 20, kMayKill},
    {"i386-unknown", "", "a number of i386 that no table has", i386_call, "", 999, kMayKill},
    {"x32-getpid", "", "a system call of the x32 ABI", x32_call, "", SYS_getpid, kMayKill},
    {"personality-no-aslr", "", "switch address randomisation off", set_personality, "", ADDR_NO_RANDOMIZE},
    {"personality-exec", "", "make all readable memory executable", set_personality, "", READ_IMPLIES_EXEC},
    {"personality-uname26", "", "take another kernel's version", set_personality, "", UNAME26},
    {"unknown-syscall", "NUMBER", "a number of one's own", unknown_call, "", 0, kMayKill},
};
DEFINE_THEME(kThemes_abi, "abi", kProbes);
