// Wide kernel interfaces that no build tool needs.
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict open_event(pid_t pid) {
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = PERF_COUNT_SW_TASK_CLOCK};
  attr.exclude_kernel = 1;
  attr.exclude_hv = 1;
  return of_result(syscall(SYS_perf_event_open, &attr, pid, -1L, -1L, 0L), "perf_event_open");
}

static Verdict perf_self(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return open_event(0);
}

static Verdict perf_other(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return untried("PID must be a number");
  return open_event(pid);
}

static Verdict bpf_map(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_type = BPF_MAP_TYPE_ARRAY;
  attr.key_size = 4;
  attr.value_size = 8;
  attr.max_entries = 1;
  return of_result(syscall(SYS_bpf, (long)BPF_MAP_CREATE, &attr, sizeof attr), "BPF_MAP_CREATE");
}

static Verdict bpf_program(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  static const struct bpf_insn kReturnZero[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT},
  };
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insns = (uint64_t)(uintptr_t)kReturnZero;
  attr.insn_cnt = 2;
  attr.license = (uint64_t)(uintptr_t) "GPL";
  return of_result(syscall(SYS_bpf, (long)BPF_PROG_LOAD, &attr, sizeof attr), "BPF_PROG_LOAD");
}

static Verdict fault_handler(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return of_result(syscall(SYS_userfaultfd, probe->number), "userfaultfd");
}

// LDT entries were the way into several kernel defects; nothing of today needs one.
static Verdict segment_table(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  char bytes[16];
  return of_result(syscall(SYS_modify_ldt, 0L, bytes, sizeof bytes), "modify_ldt");
}

static Verdict watch_everything(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  enum { kReportFids = 0x200 };  // FAN_REPORT_FID: what unprivileged callers may ask for
  return of_result(syscall(SYS_fanotify_init, (long)kReportFids, 0L), "fanotify_init");
}

static const Probe kProbes[] = {
    {"perf-event", "", "count events of the probe itself", perf_self, ""},
    {"perf-event-other", "PID", "count events of another process", perf_other, ""},
    {"bpf-map", "", "make a BPF map", bpf_map, ""},
    {"bpf-program", "", "load a BPF program", bpf_program, ""},
    {"userfaultfd", "", "handle page faults of user mode", fault_handler, "", 1},
    {"userfaultfd-kernel", "", "handle the kernel's page faults (a stretchable race)", fault_handler, "", 0},
    {"modify-ldt", "", "read the segment table", segment_table, ""},
    {"fanotify", "", "watch files by handle", watch_everything, ""},
};
DEFINE_THEME(kThemes_kernel, "kernel", kProbes);
