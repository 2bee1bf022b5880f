// The machine as a whole. Arguments are such that a call which gets through changes nothing: the host's own values, or
// pointers and numbers that are looked at behind the permission check.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/io.h>
#include <sys/klog.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict set_clock(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return untried("no clock");
  return of_result(clock_settime(CLOCK_REALTIME, &now), "clock_settime");
}

// A tick out of range is refused behind the capability check.
static Verdict adjust_clock(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  struct timex change = {.modes = ADJ_TICK, .tick = 1};
  return of_result_or(adjtimex(&change), EINVAL, "adjtimex");
}

static Verdict set_names(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  struct utsname names;
  if (uname(&names) != 0) return untried("no names");
  if (probe->number == SYS_sethostname)
    return of_result(sethostname(names.nodename, strlen(names.nodename)), "sethostname");
  return of_result(setdomainname(names.domainname, strlen(names.domainname)), "setdomainname");
}

static Verdict restart(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result_or(syscall(SYS_reboot, 0L, 0L, 0L, NULL), EINVAL, "reboot");
}

static Verdict swap_on(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result_or(swapon("/nonexistent/confide-probe", 0), ENOENT, "swapon");
}

static Verdict load_module(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result_or(syscall(SYS_init_module, NULL, 0L, ""), ENOEXEC, "init_module");
}

static Verdict load_module_file(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result_or(syscall(SYS_finit_module, -1L, "", 0L), EBADF, "finit_module");
}

static Verdict unload_module(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result_or(syscall(SYS_delete_module, "confide_probe_none", (long)O_NONBLOCK), ENOENT, "delete_module");
}

static Verdict load_kernel(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result_or(syscall(SYS_kexec_load, 0L, 17L, NULL, 0L), EINVAL, "kexec_load");
}

static Verdict account(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result_or(acct("/nonexistent/confide-probe"), ENOENT, "acct");
}

static Verdict read_log(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  enum { kReadAll = 3 };
  char bytes[256];
  return of_result(klogctl(kReadAll, bytes, sizeof bytes), "syslog");
}

static Verdict ask_quota(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result(syscall(SYS_quotactl, (long)QCMD(Q_SYNC, USRQUOTA), NULL, 0L, NULL), "quotactl");
}

static Verdict raise_ports(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return of_result(probe->number == SYS_iopl ? iopl(3) : ioperm(0x80, 1, 1), probe->name);
}

static Verdict hang_up(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result(vhangup(), "vhangup");
}

static const Probe kProbes[] = {
    {"clock-settime", "", "set the clock", set_clock, ""},
    {"adjtimex", "", "bend the clock", adjust_clock, ""},
    {"sethostname", "", "set the host's name", set_names, "", SYS_sethostname},
    {"setdomainname", "", "set the domain's name", set_names, "", SYS_setdomainname},
    {"reboot", "", "restart the machine", restart, ""},
    {"swapon", "", "swap to a file", swap_on, ""},
    {"init-module", "", "load a kernel module", load_module, ""},
    {"finit-module", "", "load a kernel module from a file", load_module_file, ""},
    {"delete-module", "", "remove a kernel module", unload_module, ""},
    {"kexec-load", "", "load another kernel", load_kernel, ""},
    {"acct", "", "write down every process", account, ""},
    {"syslog-read", "", "read the kernel's log", read_log, ""},
    {"quotactl", "", "handle quotas", ask_quota, ""},
    {"iopl", "", "reach the I/O ports", raise_ports, "", SYS_iopl},
    {"ioperm", "", "reach an I/O port", raise_ports, "", SYS_ioperm},
    {"vhangup", "", "hang up the terminal", hang_up, ""},
};
DEFINE_THEME(kThemes_system, "system", kProbes);
